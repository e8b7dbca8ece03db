/** What a gateway gets to read: 200, or what it sends its client. */
import { describe, expect, it } from 'vitest';
import type { Decision, Deny } from '../../../src/decision/decision.ts';
import { problem } from '../../../src/http/native/answers.ts';
import type { RawAnswer } from '../raw.ts';
import { ALLOW, caller, DENY, INDETERMINATE, type Options, serve } from '../serve.ts';
import { ask, PROFILES, TOLD } from './request.ts';

const at = (profile: string, key = 'files') => ({
  target: `/v1/gateways/${profile}/${key}`,
  headers: PROFILES.includes(profile) ? (TOLD[profile] ?? []) : [],
});
const deciding = (decision: Decision): Options => ({ decide: () => Promise.resolve(decision) });
const denied = (status: number, challenge: Partial<Deny['challenge']> = {}): Deny => ({
  ...DENY,
  decision: 'deny',
  challenge: { status, headers: {}, ...challenge },
});
const BEARER = 'Bearer error="invalid_request", resource_metadata="https://files.example.com/x"';
const ERROR = { code: -32020, message: 'Header mismatch' };

/** Without what every HTTP answer has. */
function ownHeaders({ headers }: RawAnswer): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => !['date', 'connection', 'content-length', 'transfer-encoding'].includes(name)),
  );
}

describe.each(PROFILES)('%s', (profile) => {
  it('allow is 200 with the identity, and no cache may keep it', async () => {
    const { port } = await serve(deciding(ALLOW));
    const answer = await ask(port, at(profile));
    expect(answer).toMatchObject({ status: 200, body: 'allowed\n' });
    expect(ownHeaders(answer)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'text/plain',
      'x-audgate-issuer': 'https://login.example.com',
      'x-audgate-subject': 'user-1',
      'x-audgate-client-id': '',
      'x-audgate-scopes': 'files:read',
      'x-audgate-actor': '',
      'x-audgate-server': 'files',
      'x-audgate-decision-id': ALLOW.decision_id,
      'x-audgate-valid-until': '2026-11-23T12:05:00Z',
      'x-audgate-identity': expect.any(String),
    });
  });

  it.each([
    ['a 401', denied(401, { headers: { 'www-authenticate': [BEARER] } }), 401],
    ['a 403', denied(403), 403],
    ['a 403 with challenge', denied(403, { headers: { 'www-authenticate': [BEARER] } }), 403],
    ['a 400', denied(400, { headers: { 'www-authenticate': [BEARER] } }), 400],
  ])('deny is the challenge, and a constant body: %s', async (_, decision, status) => {
    const { port } = await serve(deciding(decision));
    const answer = await ask(port, at(profile));
    expect(answer).toMatchObject({ status: profile === 'nginx' && status === 400 ? 403 : status, body: 'refused\n' });
    const challenge = decision.challenge.headers['www-authenticate'];
    expect(ownHeaders(answer)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'text/plain',
      'x-audgate-decision-id': DENY.decision_id,
      ...(challenge && { 'www-authenticate': BEARER }),
    });
  });

  it('a header mismatch is JSON-RPC’s own error, with nothing of the client in it', async () => {
    const { port } = await serve(
      deciding(
        denied(400, {
          headers: { 'www-authenticate': [BEARER], 'content-type': ['application/json'] },
          body: { jsonrpc: '2.0', id: 'chosen by the client', error: ERROR },
        }),
      ),
    );
    const answer = await ask(port, at(profile));
    expect(answer.status).toBe(profile === 'nginx' ? 403 : 400);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('www-authenticate')).toBe(BEARER);
    expect(JSON.parse(answer.body)).toEqual({ jsonrpc: '2.0', id: null, error: ERROR });
  });

  it('indeterminate is 403 and a time to retry, never 503', async () => {
    const { port } = await serve(deciding(INDETERMINATE));
    const answer = await ask(port, at(profile));
    expect(answer).toMatchObject({ status: 403, body: 'refused\n' });
    expect(ownHeaders(answer)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'text/plain',
      'retry-after': '5',
      'x-audgate-decision-id': INDETERMINATE.decision_id,
    });
  });

  it.each([
    ['an Error', new Error('secret detail')],
    ['a text, as opa-wasm throws', 'secret detail'],
  ])('what breaks inside is 403 too, an alarm, and told in the log alone: %s', async (_, thrown) => {
    const { port, logged, url } = await serve({ decide: () => Promise.reject(thrown) });
    const answer = await ask(port, at(profile));
    expect(answer).toMatchObject({ status: 403, body: 'refused\n' });
    expect(ownHeaders(answer)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'text/plain',
      'retry-after': '5',
    });
    expect(logged).toEqual([{ err: thrown }]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('audgate_alarms_total{kind="gateway_undecided"} 1');
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    '%s is decided, not 405',
    async (method) => {
      const { port, asked } = await serve(deciding(ALLOW));
      const answer = await ask(port, { ...at(profile), method });
      expect(answer.status).toBe(200);
      expect(answer.body).toBe(method === 'HEAD' ? '' : 'allowed\n');
      expect(answer.headers.get('x-audgate-subject')).toBe('user-1');
      expect(asked).toHaveLength(1);
      if (profile === 'envoy') expect(asked[0]?.ask.source).toMatchObject({ method });
    },
  );
});

describe('before there is a decision', () => {
  const callers = {
    edge: caller('edge-key', ['files'], ['decide']),
    reader: caller('reader-key', '*', ['read']),
    all: caller('all-key', '*', ['decide']),
  };
  const asking = async (profile: string, key: string, ...headers: string[]) => {
    const { port, asked } = await serve({ callers, ...deciding(ALLOW) });
    const given = at(profile, key);
    const answer = await ask(port, { ...given, headers: [...given.headers, ...headers] });
    return { answer, asked };
  };

  it.each([
    ['without key', [], 401, 'caller_unknown'],
    ['with two keys', ['X-Audgate-Key: edge-key', 'X-Audgate-Key: edge-key'], 401, 'caller_unknown'],
    ['with its key in Authorization, which is its client’s', ['Authorization: Bearer edge-key'], 401, 'caller_unknown'],
    ['without permission', ['X-Audgate-Key: reader-key'], 403, 'caller_not_allowed'],
  ])('a caller %s gets a problem', async (_, headers, status, name) => {
    for (const profile of PROFILES) {
      const { answer, asked } = await asking(profile, 'files', ...headers);
      expect(answer.status).toBe(status);
      expect(problem.parse(JSON.parse(answer.body)).type).toBe(`urn:audgate:problem:${name}`);
      expect(answer.headers.has('x-audgate-decision-id')).toBe(false);
      expect(asked).toEqual([]);
    }
  });

  it.each(['billing', 'nobody', 'Files', '%66iles', 'files%2F', '..', '%2e%2e'])(
    'a caller with listed servers gets one and the same problem for the key %s',
    async (key) => {
      const { answer, asked } = await asking('envoy', key, 'X-Audgate-Key: edge-key');
      expect(answer.status).toBe(403);
      expect(problem.parse(JSON.parse(answer.body))).toMatchObject({ type: 'urn:audgate:problem:caller_not_allowed' });
      expect(answer.body).not.toContain(key);
      expect(asked).toEqual([]);
    },
  );

  it.each(['nobody', 'Files', '%66iles', 'files%2F', '..', '__proto__', 'constructor'])(
    'a caller that may ask about all gets a decision about the literal key %s',
    async (key) => {
      const { asked } = await asking('envoy', key, 'X-Audgate-Key: all-key');
      expect(asked.map((one) => one.ask.server)).toEqual([{ key }]);
    },
  );

  it.each(['other', 'Envoy', 'envoy%2Ffiles', '__proto__', 'constructor', '..', 'envoy;x'])(
    'the profile %s is 404, for those who have a key',
    async (profile) => {
      expect((await asking(profile, 'files')).answer.status).toBe(401);
      const { answer, asked } = await asking(profile, 'files', 'X-Audgate-Key: edge-key');
      expect(answer.status).toBe(404);
      expect(problem.parse(JSON.parse(answer.body)).detail).toContain('envoy, forward-auth, nginx, haproxy');
      expect(asked).toEqual([]);
    },
  );

  it('without callers other hosts are not served: 421, and 403 to nginx', async () => {
    const { port } = await serve();
    const host = (profile: string) => ask(port, { ...at(profile), headers: ['Host: evil.example'] });
    expect((await host('envoy')).status).toBe(421);
    expect((await host('nginx')).status).toBe(403);
  });
});

it('a service that ends still answers', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { port, stop, asked } = await serve({ decide: () => gate.then(() => ALLOW) });
  const answered = ask(port, at('envoy'));
  await expect.poll(() => asked.length).toBe(1);
  const stopped = stop(5000);
  release();
  expect((await answered).status).toBe(200);
  await stopped;
});
