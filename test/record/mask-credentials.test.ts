/** Records of bound tokens, step-up, delegation and authorization details: enough to decide again, nothing to use. */
import { expect, test } from 'vitest';
import type { PolicyInput } from '../../src/decision/input.ts';
import { type EntryOptions, writeEntry } from '../../src/record/entry.ts';
import { readEntry } from '../../src/replay/entry.ts';
import { readRecord } from '../../src/replay/recorded.ts';
import { event, input } from './event.ts';

const token = {
  ...input.token,
  confirmation: { jkt: 'thumb-of-key' },
  actor: 'agent-1',
  actors: ['agent-1', 'agent-2'],
  authentication_context: 'mfa',
  authenticated_at: 1_795_435_000,
  authorization_details: [
    { type: 'payment', creditor: 'somebody', amount: '45.00' },
    { type: 'account', iban: 'DE00 0000' },
  ],
};
const dpop = { jkt: 'thumb-of-key', algorithm: 'ES256', issued_at: 1_795_435_199 };
const proof: PolicyInput['proof'] = {
  dpop,
  mtls: { 'x5t#S256': 'thumb-of-certificate' },
};
const entryOf = (over: Partial<PolicyInput>, options: Partial<EntryOptions> = {}) =>
  writeEntry({ ...event, input: { ...input, token, proof, ...over } }, { labels: {}, arguments: false, ...options });

test('thumbprints, times and codes of proofs are written, and nothing else of them', () => {
  const secret = { ...dpop, htu: 'eyJsecret', ath: 'secret', jti: 'secret' };
  const { input: recorded, erased } = entryOf({ proof: { ...proof, dpop: secret } });
  expect(recorded).toHaveProperty('proof', proof);
  expect(erased).not.toContain('/input/proof');
  const refused = { dpop: { refused: 'proof_invalid' }, mtls: { refused: 'certificate_mismatch' } };
  expect(entryOf({ proof: refused }).input).toHaveProperty('proof', refused);
  expect(JSON.stringify(entryOf({ proof: { ...proof, dpop: secret } }))).not.toContain('secret');
});

test('the whole chain of actors, and how and when the user was authenticated, are written', () => {
  expect(entryOf({}).input).toMatchObject({
    token: {
      actor: 'agent-1',
      actors: ['agent-1', 'agent-2'],
      authentication_context: 'mfa',
      authenticated_at: 1_795_435_000,
    },
  });
});

test('of authorization details the types are written, and digests', () => {
  const entry = entryOf({});
  const digest = { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: expect.any(Number) };
  expect(entry.input).toHaveProperty('token.authorization_details', [
    { type: 'payment', ...digest },
    { type: 'account', ...digest },
  ]);
  expect(entry.erased).toEqual(['/input/token/authorization_details']);
  expect(JSON.stringify(entry)).not.toMatch(/somebody|DE00/);
});

test('with record.arguments they are written themselves, cut', () => {
  const entry = entryOf({}, { arguments: true });
  expect(entry.input).toHaveProperty('token.authorization_details', token.authorization_details);
  expect(entry.erased).toEqual([]);
  const many = Array.from({ length: 40 }, (_, at) => ({ type: `t${at}`, text: 'x'.repeat(400) }));
  for (const options of [{ arguments: true }, { arguments: false }]) {
    const { input: recorded } = entryOf({ token: { ...token, authorization_details: many } }, options);
    const text = JSON.stringify(recorded);
    expect(text).not.toContain('x'.repeat(256));
    expect(text).not.toContain('"t15"');
    expect(recorded).toHaveProperty(['token', 'authorization_details', 15], { type: '…' });
  }
});

test('a nonce for the client is not written', () => {
  const entry = writeEntry(
    {
      ...event,
      decision: {
        decision: 'deny',
        decision_id: '1',
        server: 'files',
        reasons: [{ code: 'proof_nonce_required', message: 'x' }],
        challenge: { status: 401, headers: { 'www-authenticate': ['DPoP'], 'dpop-nonce': ['secret-nonce'] } },
        revision: 'sha256:rev',
      },
    },
    { labels: {}, arguments: false },
  );
  expect(JSON.stringify(entry)).not.toContain('secret-nonce');
  expect(entry.result).toHaveProperty('challenge.headers', { 'www-authenticate': ['DPoP'] });
});

test('what is written is read back, by both readers', () => {
  for (const options of [{ arguments: true }, { arguments: false }]) {
    const line = JSON.stringify(entryOf({}, options));
    expect(readEntry(line)?.input).toMatchObject({ proof, token: { actors: ['agent-1', 'agent-2'] } });
    expect(readRecord(line)).toMatchObject({ ok: true, record: { input: { proof } } });
  }
  const odd = JSON.stringify(entryOf({})).replace('"issued_at":1795435199', '"issued_at":"soon"');
  expect(readEntry(odd)).toBeNull();
  expect(readRecord(odd)).toMatchObject({ ok: false });
});
