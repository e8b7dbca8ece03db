import { exportJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { ask, down, elapse, events, first, generation, issuer, keys, now, second, server } from './remote.ts';
import { at, issuerRecord, send, serveKeys } from './serve.ts';

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
  server.answer(down);
  expect(generation(await ask('first', other))).toBeDefined();
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

test('events and status name kinds and kids, and hold neither URL nor key', async () => {
  const secret = (await exportJWK(second.privateKey)).d ?? '';
  const hushed = issuerRecord(at(`${server.url}?api_key=hush`));
  server.answer([first.jwk, { ...second.jwk, d: secret }]);
  await ask('first', hushed);
  server.answer(send(JSON.stringify({ error: secret })));
  elapse(301);
  await ask('first', hushed);
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
