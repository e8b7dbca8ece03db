import { describe, expect, test } from 'vitest';
import { ask, down, elapse, first, issuer, keys, kind, now, reopen, second, server, settled } from './remote.ts';
import { at, issuerRecord } from './serve.ts';

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
    reopen({ timeout_ms: 40 });
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
