/** A session that its issuer revokes (CAEP, pushed as RFC 8935 says): a remembered token stops, here and on another replica, and after a restart. */
import { createHash } from 'node:crypto';
import { readFile as readText, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signText } from '../../src/testing/mint.ts';
import { startValkey } from '../sources/valkey.ts';
import { FILES, ISS, type Issuer, readFile, registryOf, startIssuer } from './issue.ts';
import { type Started, scratch, start, until } from './start.ts';

const AUDIENCE = 'https://audgate.example.com/v1/events';
const events = { issuers: { corp: { audience: AUDIENCE } } };

function revoked(issuer: Issuer, sub: string, claims: object = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', kid: issuer.key.key_id, typ: 'secevent+jwt' };
  const set = {
    iss: ISS,
    aud: AUDIENCE,
    jti: `event for ${sub}`,
    iat: now,
    sub_id: { format: 'iss_sub', iss: ISS, sub },
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': { event_timestamp: now } },
    ...claims,
  };
  return signText(issuer.key, JSON.stringify(header), JSON.stringify(set));
}

const push = (service: Started, set: string, headers: Record<string, string> = {}) =>
  service.post('/v1/events', set, { 'content-type': 'application/secevent+jwt', ...headers });

async function codes(service: Started, ...tokens: readonly string[]): Promise<readonly string[]> {
  const all = await Promise.all(tokens.map((token) => service.decide(readFile(FILES, token))));
  return all.map(({ reasons: [first] }) => first?.code ?? 'allow');
}

it('stops at once, is written into the file, and stays stopped after a restart', async () => {
  const issuer = await startIssuer();
  const file = join(await scratch(), 'revoked.jsonl');
  await writeFile(file, '');
  const registry = registryOf(issuer, { files: FILES });
  const config = { revocation: { file, events, max_staleness_seconds: 3600 } };
  const service = await start({ registry, config });
  const [mine, other] = [await issuer.token(FILES, { claims: { sub: 'mine' } }), await issuer.token(FILES)];
  expect(await codes(service, mine, other)).toEqual(['allow', 'allow']);

  const set = await revoked(issuer, 'mine');
  const answer = await push(service, set);
  expect([answer.status, await answer.text()]).toEqual([202, '']);
  // No look is waited for: it is in force once it is acknowledged.
  expect(await codes(service, mine, other)).toEqual(['token_revoked', 'allow']);
  // Sent again, it is taken and written no second time.
  expect((await push(service, set)).status).toBe(202);
  const text = await readText(file, 'utf8');
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).not.toContain(set);
  // The user came back: what is issued from now on is good.
  const later = Math.floor(Date.now() / 1000) + 3;
  await until(
    () => Math.floor(Date.now() / 1000),
    (now) => now > later - 1,
  );
  expect(await codes(service, await issuer.token(FILES, { claims: { sub: 'mine' } }))).toEqual(['allow']);
  const metrics = await (await service.get('/metrics')).text();
  expect(metrics).toMatch(/^audgate_events_total\{outcome="applied"\} 1$/m);
  expect(metrics).toMatch(/^audgate_events_total\{outcome="known"\} 1$/m);
  await service.stop();

  const again = await start({ registry, config });
  expect(await codes(again, mine, other)).toEqual(['token_revoked', 'allow']);
  expect((await push(again, set)).status).toBe(202);
  expect(await readText(file, 'utf8')).toBe(text);
});

it('stops on all replicas, by Valkey, and stays stopped after a restart of all', async () => {
  const issuer = await startIssuer();
  const valkey = await startValkey();
  const registry = registryOf(issuer, { files: FILES });
  const config = { revocation: { valkey: { url: valkey.url }, events, max_staleness_seconds: 3600 } };
  const [one, two] = [await start({ registry, config }), await start({ registry, config })];
  const token = await issuer.token(FILES);
  expect([await codes(one, token), await codes(two, token)]).toEqual([['allow'], ['allow']]);
  expect((await push(one, await revoked(issuer, 'user-1'))).status).toBe(202);
  expect(await codes(one, token)).toEqual(['token_revoked']);
  await until(
    () => codes(two, token),
    ([code]) => code === 'token_revoked',
  );
  await Promise.all([one.stop(), two.stop(), valkey.stop()]);

  await valkey.start();
  const again = await start({ registry, config });
  expect(await codes(again, token)).toEqual(['token_revoked']);
});

it('is not acknowledged while it cannot be written, and not heard from callers that may not send events', async () => {
  const issuer = await startIssuer();
  const valkey = await startValkey();
  const digest = (key: string) => [createHash('sha256').update(key).digest('hex')];
  const service = await start({
    registry: registryOf(issuer, { files: FILES }),
    config: {
      revocation: { valkey: { url: valkey.url }, events },
      callers: {
        edge: { key_sha256: digest('edge-key'), servers: '*', may: ['decide', 'read'] },
        transmitter: { key_sha256: digest('event-key'), servers: [], may: ['events'] },
      },
    },
  });
  const set = await revoked(issuer, 'user-1');
  expect((await push(service, set)).status).toBe(401);
  expect((await push(service, set, { 'x-audgate-key': 'edge-key' })).status).toBe(403);
  await valkey.stop();
  const down = await push(service, set, { authorization: 'Bearer event-key' });
  expect([down.status, down.headers.get('retry-after')]).toEqual([503, '5']);
  await valkey.start();
  await until(
    async () => (await push(service, set, { authorization: 'Bearer event-key' })).status,
    (status) => status === 202,
  );
  const decide = () => service.decide(readFile(FILES, token), { 'x-audgate-key': 'edge-key' });
  const token = await issuer.token(FILES, { claims: { iat: '-5' } });
  await until(decide, ({ reasons: [first] }) => first?.code === 'token_revoked');
});

describe('the form of an answer', () => {
  it('to what is no event for this service is that of RFC 8935', async () => {
    const issuer = await startIssuer();
    const file = join(await scratch(), 'revoked.jsonl');
    await writeFile(file, '');
    const service = await start({
      registry: registryOf(issuer, { files: FILES }),
      config: { revocation: { file, events } },
    });
    const refused = await push(service, await revoked(issuer, 'user-1', { aud: 'https://other.example.com' }));
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toBe('application/json');
    expect(refused.headers.get('content-language')).toBe('en');
    expect(await refused.json()).toEqual({
      err: 'invalid_audience',
      description: 'The event is not for this receiver.',
    });

    const set = await revoked(issuer, 'user-1');
    for (const type of ['application/json', 'application/jwt', 'application/secevent+jwt; charset=utf-8'])
      expect((await service.post('/v1/events', set, { 'content-type': type })).status).toBe(415);
    expect((await push(service, set, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await push(service, 'x'.repeat(300_000))).status).toBe(413);
    expect((await push(service, '')).status).toBe(400);
    expect((await push(service, `${set}\n`)).status).toBe(400);
    expect((await service.get('/v1/events')).status).toBe(405);
    expect(await readText(file, 'utf8')).toBe('');
    expect(service.stderr()).not.toContain(set);
  });

  it('without transmitters is that there is nothing', async () => {
    const issuer = await startIssuer();
    const service = await start({ registry: registryOf(issuer, { files: FILES }) });
    expect((await push(service, await revoked(issuer, 'user-1'))).status).toBe(404);
  });
});
