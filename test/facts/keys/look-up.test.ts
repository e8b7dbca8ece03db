import { exportJWK } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KeyAnswer } from '../../../src/decision/key.ts';
import { createKeys, type Keys } from '../../../src/facts/keys/look-up.ts';
import type { KeysEvent } from '../../../src/facts/keys/set.ts';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { at, generate, issuerRecord, type KeyServer, type Pair, send, serveKeys } from './serve.ts';

const START = Date.parse('2026-11-23T12:00:00Z');
const SETTINGS = { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 };

let first: Pair;
let second: Pair;
beforeAll(async () => {
  [first, second] = await Promise.all([generate('ES256', 'first'), generate('ES256', 'second')]);
});

let server: KeyServer;
let clock: number;
let events: KeysEvent[];
let keys: Keys;
let issuer: IssuerRecord;
beforeEach(async () => {
  server = await serveKeys([first.jwk]);
  clock = START;
  events = [];
  keys = createKeys({
    fetch: globalThis.fetch,
    now: () => clock,
    settings: SETTINGS,
    onEvent: (event) => events.push(event),
  });
  issuer = issuerRecord(at(server.url));
});
afterEach(async () => {
  keys.close();
  await server.close();
});

const elapse = (seconds: number) => {
  clock += seconds * 1000;
};
const ask = (kid: string, of = issuer) => keys.lookup(of, { kid, alg: 'ES256' });
/** The answer's kind, of a lookup that must not wait. */
const now = (kid: string) => {
  const answer = ask(kid);
  if (answer instanceof Promise) throw new Error('the lookup waits');
  return answer.kind;
};
const kind = async (kid: string) => (await ask(kid)).kind;
const generation = (answer: KeyAnswer) => (answer.kind === 'key' ? answer.generation : undefined);
const down = send('out of order', {}, 503);
/** Until a request in the background is answered and taken in. */
const settled = async (count: number) => {
  for (;;) {
    if (events.length >= count) return;
    await new Promise((done) => setTimeout(done, 1));
  }
};

describe('a remote set', () => {
  test('is fetched when it is first asked for, and once', async () => {
    keys.retain([issuer]);
    expect(server.count()).toBe(0);
    const kinds = await Promise.all(Array.from({ length: 50 }, () => kind('first')));
    expect(new Set(kinds)).toEqual(new Set(['key']));
    expect(server.count()).toBe(1);
    expect(now('first')).toBe('key');
    expect(server.count()).toBe(1);
  });

  test('is renewed ahead of its maximum age, without anybody waiting', async () => {
    await ask('first');
    elapse(239);
    expect(now('first')).toBe('key');
    expect(server.count()).toBe(1);
    elapse(2);
    server.answer([first.jwk, second.jwk]);
    expect(now('first')).toBe('key');
    expect(now('first')).toBe('key');
    await settled(2);
    expect(server.count()).toBe(2);
    expect(now('second')).toBe('key');
  });

  test('is fetched before use once it has its maximum age: a withdrawn key is gone then', async () => {
    await ask('first');
    server.answer([second.jwk]);
    elapse(300);
    expect(await kind('first')).toBe('unknown');
    expect(server.count()).toBe(2);
  });

  test('serves through an outage, with one request a cooldown, up to the ceiling, and recovers', async () => {
    await ask('first');
    server.answer(down);
    elapse(301);
    expect(await kind('first')).toBe('key');
    expect(server.count()).toBe(2);
    for (let second = 0; second < 29; second += 1) {
      elapse(1);
      expect(now('first')).toBe('key');
    }
    expect(server.count()).toBe(2);
    elapse(1);
    expect(await kind('first')).toBe('key');
    expect(server.count()).toBe(3);

    elapse(3600 - 331 - 1);
    expect(await kind('first')).toBe('key');
    elapse(1);
    expect(now('first')).toBe('unavailable');
    expect(keys.status()).toEqual({
      corp: { keys: 0, fetched_at: '2026-11-23T12:00:00.000Z', last_error: 'HTTP status 503; 200 is expected' },
    });
    server.answer([first.jwk]);
    elapse(30);
    expect(await kind('first')).toBe('key');
    expect(keys.status()).toMatchObject({ corp: { keys: 1, last_error: null } });
  });

  test('that never came is unavailable, and asked for once a cooldown', async () => {
    server.answer(down);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('first')));
    for (const answer of answers)
      expect(answer).toEqual({ kind: 'unavailable', detail: 'HTTP status 503; 200 is expected' });
    elapse(29);
    expect(now('first')).toBe('unavailable');
    expect(server.count()).toBe(1);
    server.answer([first.jwk]);
    elapse(1);
    expect(await kind('first')).toBe('key');
    expect(server.count()).toBe(2);
  });

  test('that is empty never replaces a good one before the ceiling', async () => {
    await ask('first');
    for (const empty of [[], [null, {}], [{ ...second.jwk, alg: 'ES384' }], [{ ...second.jwk, use: 'enc' }]]) {
      server.answer(empty);
      elapse(301);
      expect(await kind('first')).toBe('key');
    }
    expect(keys.status()).toMatchObject({ corp: { keys: 1, last_error: 'none of the 1 members is a usable key' } });
    elapse(3600);
    expect(await kind('first')).toBe('unavailable');
  });

  test('that was empty from the start is unavailable', async () => {
    server.answer([]);
    expect(await ask('first')).toEqual({
      kind: 'unavailable',
      detail: 'none of the 0 members is a usable key',
    });
  });

  test('of keys that the issuer does not pin is held: its tokens are refused, not delayed', async () => {
    expect(await keys.lookup(issuerRecord(at(server.url), ['ES384']), { kid: 'first', alg: 'ES384' })).toEqual({
      kind: 'not_allowed',
      expected: ['ES256'],
    });
  });

  test('that takes too long counts as failed', async () => {
    keys.close();
    keys = createKeys({ fetch: globalThis.fetch, now: () => clock, settings: { ...SETTINGS, timeout_ms: 40 } });
    server.answer(() => {});
    expect(await ask('first')).toEqual({ kind: 'unavailable', detail: 'no complete answer within 40 ms' });
  });
});

describe('an unknown kid', () => {
  test('is looked for at once, so a fresh key works, but no more than once a cooldown', async () => {
    await ask('first');
    server.answer([first.jwk, second.jwk]);
    expect(await kind('second')).toBe('key');
    expect(server.count()).toBe(2);
    expect(await kind('third')).toBe('unknown');
    expect(server.count()).toBe(3);
    for (let round = 0; round < 200; round += 1) expect(now(`random ${round}`)).toBe('unknown');
    elapse(29);
    expect(now('third')).toBe('unknown');
    expect(server.count()).toBe(3);
    elapse(1);
    expect(await kind('third')).toBe('unknown');
    expect(server.count()).toBe(4);
  });

  test('asked for by many at once costs one request', async () => {
    await ask('first');
    const kinds = await Promise.all(Array.from({ length: 100 }, (_, round) => kind(`random ${round}`)));
    expect(new Set(kinds)).toEqual(new Set(['unknown']));
    expect(server.count()).toBe(2);
  });

  test('that comes first costs one request too', async () => {
    expect(await kind('random')).toBe('unknown');
    expect(now('random')).toBe('unknown');
    expect(server.count()).toBe(1);
  });

  test('costs one request a cooldown while the key server fails; held keys go on', async () => {
    await ask('first');
    server.answer(down);
    expect(await kind('random')).toBe('unknown');
    for (let round = 0; round < 100; round += 1) expect(now(`random ${round}`)).toBe('unknown');
    expect(now('first')).toBe('key');
    expect(server.count()).toBe(2);
    elapse(30);
    expect(await kind('random')).toBe('unknown');
    expect(server.count()).toBe(3);
  });

  test('does not make the known ones wait', async () => {
    await ask('first');
    const waiting = ask('random');
    expect(waiting).toBeInstanceOf(Promise);
    expect(now('first')).toBe('key');
    await waiting;
  });
});

describe('a clock that is set back', () => {
  test('causes no flood', async () => {
    await ask('first');
    for (let round = 0; round < 50; round += 1) {
      elapse(-86_400);
      await ask('first');
      await ask('random');
    }
    expect(server.count()).toBe(2);
  });

  test('makes no key immortal', async () => {
    await ask('first');
    server.answer([second.jwk]);
    elapse(100);
    expect(now('first')).toBe('key');
    elapse(-86_400);
    expect(now('first')).toBe('key');
    elapse(201);
    expect(await kind('first')).toBe('unknown');
  });

  test('ends no outage ceiling', async () => {
    await ask('first');
    server.answer(down);
    elapse(1800);
    expect(await kind('first')).toBe('key');
    elapse(-86_400);
    expect(await kind('first')).toBe('key');
    elapse(1800);
    expect(await kind('first')).toBe('unavailable');
  });

  test('set forward, it costs one early request', async () => {
    await ask('first');
    elapse(1_000_000);
    expect(await kind('first')).toBe('key');
    expect(now('first')).toBe('key');
    expect(server.count()).toBe(2);
  });
});

describe('the generation of a key', () => {
  test('lasts over refreshes that leave it unchanged', async () => {
    const before = await ask('first');
    server.answer([second.jwk, first.jwk]);
    elapse(301);
    const later = await ask('first');
    expect(server.count()).toBe(2);
    expect(generation(before)).toBeDefined();
    expect(later).toBe(before);
  });

  test('changes with the key under its kid', async () => {
    const before = await ask('first');
    server.answer([{ ...second.jwk, kid: 'first' }]);
    elapse(301);
    const later = await ask('first');
    expect(generation(later)).toBeDefined();
    expect(generation(later)).not.toBe(generation(before));
  });
});

describe('after a reload', () => {
  test('a set stays when source and algorithms are unchanged, whatever else changed', async () => {
    keys.retain([issuer]);
    const before = await ask('first');
    const reloaded = issuerRecord(at(server.url), ['ES256'], { extra_audiences: ['account'], disabled: false });
    keys.retain([reloaded]);
    expect(ask('first', reloaded)).toBe(before);
    expect(server.count()).toBe(1);
  });

  test.each<[string, (url: string) => IssuerRecord]>([
    ['source', (url) => issuerRecord(at(`${url}?v=2`))],
    ['algorithms', (url) => issuerRecord(at(url), ['ES256', 'RS256'])],
  ])('a set goes when its %s changed; decisions under way see what it held', async (_name, change) => {
    keys.retain([issuer]);
    const before = await ask('first');
    const reloaded = change(server.url);
    keys.retain([reloaded]);
    expect(ask('first')).toBe(before);
    expect(now('random')).toBe('unknown');
    expect(server.count()).toBe(1);
    const later = await ask('first', reloaded);
    expect(server.count()).toBe(2);
    expect(generation(later)).not.toBe(generation(before));
  });

  test('an issuer that is gone is gone from the status, and its request ends', async () => {
    keys.retain([issuer]);
    server.answer(() => {});
    const waiting = ask('first');
    keys.retain([]);
    expect(await waiting).toEqual({ kind: 'unavailable', detail: 'the request was stopped' });
    expect(keys.status()).toEqual({});
    expect(now('first')).toBe('unavailable');
  });
});

test('issuers do not see each other: same kid, other key; one that fails, one that does not', async () => {
  const neighbour = await serveKeys([{ ...second.jwk, kid: 'first' }]);
  const other = issuerRecord(at(neighbour.url), ['ES256'], { key: 'other', issuer: 'https://other.example.com' });
  keys.retain([issuer, other]);
  expect(generation(await ask('first', other))).toBeDefined();
  server.answer(down);
  expect((await ask('first')).kind).toBe('unavailable');
  expect((await ask('first', other)).kind).toBe('key');
  expect(keys.status()).toEqual({
    corp: { keys: 0, fetched_at: null, last_error: 'HTTP status 503; 200 is expected' },
    other: { keys: 1, fetched_at: '2026-11-23T12:00:00.000Z', last_error: null },
  });
  await neighbour.close();
});

test('an end stops requests and allows no more', async () => {
  server.answer(() => {});
  const waiting = ask('first');
  keys.close();
  expect((await waiting).kind).toBe('unavailable');
  elapse(1000);
  expect(now('first')).toBe('unavailable');
  expect(server.count()).toBeLessThanOrEqual(1);
});

describe('an inline set', () => {
  const inline = (...members: readonly object[]) =>
    issuerRecord({ kind: 'jwks', keys: JSON.parse(JSON.stringify(members)) });

  test('is imported once and asks nobody', async () => {
    const own = inline(first.jwk);
    keys.retain([own]);
    const answer = await ask('first', own);
    expect(answer.kind).toBe('key');
    expect(ask('first', own)).toBe(answer);
    elapse(1_000_000);
    expect(ask('first', own)).toBe(answer);
    expect(ask('second', own)).toEqual({ kind: 'unknown' });
    expect(keys.status()).toEqual({ corp: { keys: 1, fetched_at: null, last_error: null } });
    expect(server.count()).toBe(0);
  });

  test('takes no private key', async () => {
    const own = inline({ ...first.jwk, ...(await exportJWK(first.privateKey)) });
    expect(await ask('first', own)).toEqual({
      kind: 'unavailable',
      detail: 'none of the inline keys is a usable public key',
    });
  });
});

test('events and status name kinds and kids, and hold neither URL nor key', async () => {
  const secret = (await exportJWK(second.privateKey)).d ?? '';
  issuer = issuerRecord(at(`${server.url}?api_key=hush`));
  server.answer([first.jwk, { ...second.jwk, d: secret }]);
  await ask('first');
  server.answer(send(JSON.stringify({ error: secret })));
  elapse(301);
  await ask('first');
  expect(events).toEqual([
    {
      kind: 'keys_fetched',
      issuer: 'corp',
      keys: 1,
      skipped: ['key "second" holds private or symmetric key material'],
    },
    { kind: 'keys_failed', issuer: 'corp', detail: 'the JSON is no key set (RFC 7517 §5)' },
  ]);
  const said = JSON.stringify([events, keys.status()]);
  for (const hidden of [secret, first.jwk.x ?? '', 'hush', '127.0.0.1']) expect(said).not.toContain(hidden);
});
