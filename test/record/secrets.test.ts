/** Whatever a client, gateway or custom rule copies a token, proof or key into: no record holds it. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { writeEntry } from '../../src/record/entry.ts';
import { isAltered } from '../../src/replay/altered.ts';
import { event, input } from './event.ts';

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Short enough not to be cut. */
const TOKEN = `${encoded({ alg: 'ES256', kid: 'k' })}.${encoded({ sub: 'u' })}.${'A'.repeat(86)}`;
const KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;
const LIES = KEY.split('\n')[1] ?? '';

test.each([
  ['a token', TOKEN, TOKEN.split('.')],
  ['a token within a text', `Bearer ${TOKEN}, as sent`, TOKEN.split('.')],
  ['two tokens', `${TOKEN} ${TOKEN}`, TOKEN.split('.')],
  ['a private key', KEY, [LIES]],
])('%s reaches a record by no member', (_, secret, parts) => {
  const values = { [secret]: secret, deep: [{ also: [secret] }] };
  const custom = {
    code: 'custom:a/b' as const,
    message: `the rule saw ${secret}`,
    expected: [secret],
    actual: [secret],
  };
  const written = [true, false].flatMap((judged) =>
    [true, false].map((readable) =>
      writeEntry(
        {
          ...event,
          input: judged
            ? {
                ...input,
                call: { method: secret, tool: secret, prompt: secret, uri: secret, lists: [secret], uris: [secret] },
                token: {
                  ...input.token,
                  ...{ type: secret, key_id: secret, audiences: [secret], scopes: [secret], subject: secret },
                  ...{ client_id: secret, actor: secret, claims: values, confirmation: { jkt: secret, jwk: values } },
                },
                registered: {
                  ...input.registered,
                  elsewhere: [secret],
                  operation: { name: secret, scopes: [], implied_by: {}, labels: {} },
                },
                context: { caller: 'edge', client_ip: secret, request_id: secret, extra: values },
              }
            : null,
          asked: { server: secret, method: secret, target: secret },
          arguments: values,
          ...{ request_id: secret, client_ip: secret, trace_id: secret },
          decision: {
            ...{ decision: 'deny', decision_id: '1', server: null, revision: 'sha256:rev' },
            reasons: [custom],
            challenge: { status: 400, headers: {}, body: { id: secret } },
          },
        },
        { labels: {}, arguments: readable },
      ),
    ),
  );
  for (const part of parts) expect(JSON.stringify(written)).not.toContain(part);
});

test('a value that held one is known as altered, and is not judged again', () => {
  const { input: recorded } = writeEntry(
    { ...event, arguments: { note: `${TOKEN} and more` } },
    { labels: {}, arguments: true },
  );
  expect(isAltered(recorded.call)).toBe(true);
});
