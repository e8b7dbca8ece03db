/** Issuers' keys over HTTP: outages, return, rotation and withdrawal, seen from outside (design 4). */
import { expect, test } from 'vitest';
import type { Decision } from '../../src/decision/decision.ts';
import { createIssuerKey } from '../../src/testing/mint.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { start, until } from './start.ts';

const SERVERS = { files: FILES, billing: BILLING };
/** As short as the configuration allows, so that a test need not wait. */
const KEYS = { max_age_seconds: 1, cooldown_seconds: 1, timeout_ms: 5000, outage_ceiling_seconds: 3 };

const codes = ({ decision, reasons }: Decision) => [decision, ...reasons.map(({ code }) => code)].join(' ');

test('the key server is down: what no key could make right is denied, the right token is indeterminate', async () => {
  const issuer = await startIssuer();
  await issuer.down();
  const audgate = await start({ registry: registryOf(issuer, SERVERS), config: { keys: KEYS } });

  const foreign = await audgate.decide(readFile(FILES, await issuer.token(BILLING)));
  expect(foreign).toMatchObject({
    decision: 'deny',
    reasons: [{ code: 'audience_mismatch', actual: [BILLING], verified: false }],
    challenge: { status: 401 },
  });
  const expired = await audgate.decide(
    readFile(FILES, await issuer.token(FILES, { claims: { iat: '-600', exp: '-60' } })),
  );
  expect(expired).toMatchObject({ decision: 'deny', reasons: [{ code: 'token_expired', verified: false }] });
  expect(expired.reasons).toHaveLength(1);

  const token = await issuer.token(FILES);
  const right = await audgate.post('/v1/decide', readFile(FILES, token));
  expect(right.status).toBe(503);
  expect(right.headers.get('retry-after')).toBe('5');
  expect(right.headers.get('cache-control')).toBe('no-store');
  const answer = await right.json();
  expect(answer).toMatchObject({ decision: 'indeterminate', server: 'files', reasons: [{ code: 'keys_unavailable' }] });
  expect(answer).not.toHaveProperty('challenge');
  expect(answer).not.toHaveProperty('principal');
  const status = await (await audgate.get('/v1/status')).json();
  expect(status).toMatchObject({ issuers: { corp: { keys: 0, fetched_at: null, last_error: expect.any(String) } } });
  expect((await audgate.get('/health/ready')).status).toBe(200);

  await issuer.up();
  await until(
    () => audgate.decide(readFile(FILES, token)),
    ({ decision }) => decision === 'allow',
  );
  // Now that the signature was looked at, the evidence is the issuer's own word.
  const [reason] = (await audgate.decide(readFile(FILES, await issuer.token(BILLING)))).reasons;
  expect(reason).not.toHaveProperty('verified');
});

test('keys that were held serve through an outage, but not beyond the ceiling', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, SERVERS), config: { keys: KEYS } });
  const token = await issuer.token(FILES);
  expect(codes(await audgate.decide(readFile(FILES, token)))).toBe('allow');
  await issuer.down();
  const seen = new Set<string>();
  await until(
    async () => codes(await audgate.decide(readFile(FILES, token))),
    (answer) => seen.add(answer).size === 2,
  );
  expect([...seen]).toEqual(['allow', 'indeterminate keys_unavailable']);
});

test('a new key is taken up, and a withdrawn one no longer opens anything, although its token was remembered', async () => {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, SERVERS), config: { keys: KEYS } });
  const old = await issuer.token(FILES);
  expect(codes(await audgate.decide(readFile(FILES, old)))).toBe('allow');

  const next = await createIssuerKey('key-2', 'ES256');
  const fresh = await issuer.token(FILES, {}, next);
  expect(codes(await audgate.decide(readFile(FILES, fresh)))).toBe('deny key_unknown');
  issuer.publish(issuer.key, next);
  await until(
    () => audgate.decide(readFile(FILES, fresh)),
    ({ decision }) => decision === 'allow',
  );
  expect(codes(await audgate.decide(readFile(FILES, old)))).toBe('allow');

  issuer.publish(next);
  const after = await until(
    () => audgate.decide(readFile(FILES, old)),
    ({ decision }) => decision !== 'allow',
  );
  expect(codes(after)).toBe('deny key_unknown');
  expect(codes(await audgate.decide(readFile(FILES, fresh)))).toBe('allow');
});

test('tokens with kids that nobody has do not flood the key server', async () => {
  const issuer = await startIssuer();
  const keys = { ...KEYS, max_age_seconds: 300, cooldown_seconds: 300, outage_ceiling_seconds: 300 };
  const audgate = await start({ registry: registryOf(issuer, SERVERS), config: { keys } });
  const ask = async (kid: string) =>
    codes(await audgate.decide(readFile(FILES, await issuer.token(FILES, { header: { kid } }))));
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(`nobody-${n}`)));
  expect(new Set(answers)).toEqual(new Set(['deny key_unknown']));
  // The first request brought the set, and at most one more looked for a new key.
  expect(issuer.requests()).toBeLessThanOrEqual(2);
  expect(await ask('key-1')).toBe('allow');
});
