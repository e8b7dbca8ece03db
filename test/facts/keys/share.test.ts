/** A key that stands in the sets of several issuers: the lookup says whose (design 4). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { ask, down, elapse, events, first, issuer, keys, now, reopen, second, server, settled } from './remote.ts';
import { at, generate, issuerRecord, type KeyServer, serveKeys } from './serve.ts';

let neighbour: KeyServer;
let other: IssuerRecord;
beforeEach(async () => {
  neighbour = await serveKeys([first.jwk]);
  other = record('other', neighbour.url);
});
afterEach(() => neighbour.close());

const record = (key: string, url: string, over: Partial<IssuerRecord> = {}) =>
  issuerRecord(at(url), ['ES256'], { key, issuer: `https://${key}.example.com`, ...over });
const shared = async (kid = 'first', of = issuer) => {
  const answer = await ask(kid, of);
  return answer.kind === 'key' ? (answer.shared ?? []) : answer.kind;
};
const alarms = () => events.filter(({ kind }) => kind === 'key_shared');

describe('a key in two sets', () => {
  test('is told with the first answer, although no token of the other issuer ever came', async () => {
    keys.retain([issuer, other]);
    expect(server.count() + neighbour.count()).toBe(0);
    expect(await shared()).toEqual(['other']);
    expect(await shared('first', other)).toEqual(['corp']);
    expect([server.count(), neighbour.count()]).toEqual([1, 1]);
  });

  test('is told to all who ask at once, of whichever issuer, for one request each', async () => {
    keys.retain([issuer, other]);
    const all = await Promise.all(Array.from({ length: 40 }, (_, n) => shared('first', n % 2 ? issuer : other)));
    expect(new Set(all.map(String))).toEqual(new Set(['corp', 'other']));
    expect([server.count(), neighbour.count()]).toEqual([1, 1]);
    expect(now('first')).toBe('key');
  });

  test('alarms once, and again when others have it', async () => {
    const third = record('third', neighbour.url);
    keys.retain([issuer, other]);
    await shared();
    elapse(301);
    await shared();
    expect(alarms()).toEqual([{ kind: 'key_shared', issuers: ['corp', 'other'], kids: ['first'] }]);
    keys.retain([issuer, other, third]);
    expect(await shared()).toEqual(['other', 'third']);
    expect(alarms()).toHaveLength(2);
  });

  test('is free again when the other issuer has another', async () => {
    keys.retain([issuer, other]);
    await shared();
    neighbour.answer([second.jwk]);
    elapse(301);
    await shared('second', other);
    expect(await shared()).toEqual([]);
  });

  test('is told as soon as it stands in the other set, which is renewed although nobody asks for it', async () => {
    neighbour.answer([second.jwk]);
    keys.retain([issuer, other]);
    expect(await shared()).toEqual([]);
    expect(now('first')).toBe('key');
    neighbour.answer([second.jwk, first.jwk]);
    elapse(301);
    await shared();
    await settled(4);
    expect(await shared()).toEqual(['other']);
  });

  test.each<[string, () => unknown]>([
    ['under another name', () => ({ ...first.jwk, kid: 'mine' })],
    ['without a name', () => ({ ...first.jwk, kid: undefined })],
    ['for another algorithm', () => ({ ...first.jwk, alg: 'ES384' })],
    ['for encryption', () => ({ ...first.jwk, use: 'enc' })],
    ['with its private half', () => ({ ...first.jwk, d: 'AAAA' })],
    ['in another spelling', () => ({ ...first.jwk, x: respelled(first.jwk.x ?? '') })],
  ])('counts %s', async (_, member) => {
    neighbour.answer([second.jwk, member()]);
    keys.retain([issuer, other]);
    expect(await shared()).toEqual(['other']);
    expect(await shared('second', other)).toEqual([]);
  });

  test('counts with inline keys', async () => {
    const inline = issuerRecord({ kind: 'jwks', keys: JSON.parse(JSON.stringify([first.jwk])) }, ['ES256'], {
      key: 'inline',
      issuer: 'https://inline.example.com',
    });
    keys.retain([issuer, inline]);
    expect(await shared()).toEqual(['inline']);
    expect(await shared('first', inline)).toEqual(['corp']);
  });

  test('counts with an issuer that came by a reload', async () => {
    keys.retain([issuer]);
    expect(await shared()).toEqual([]);
    keys.retain([issuer, other]);
    expect(await shared()).toEqual(['other']);
    expect(server.count()).toBe(1);
  });

  test('a decision under way with the former registry still knows', async () => {
    keys.retain([issuer, other]);
    await shared();
    keys.retain([]);
    expect(await shared()).toEqual(['other']);
  });

  /** The same bytes: the last of the 43 characters has two bits that stand for nothing. */
  function respelled(text: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(text.at(-1) ?? '');
    return `${text.slice(0, -1)}${alphabet[last ^ 1]}`;
  }
});

test('an RSA key is the same with zeros before its modulus', async () => {
  const rsa = await generate('RS256', 'rsa');
  const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(rsa.jwk.n ?? '', 'base64url')]).toString('base64url');
  server.answer([rsa.jwk]);
  neighbour.answer([{ ...rsa.jwk, n: padded }]);
  const [one, two] = [issuer, other].map((each) => ({ ...each, algorithms: ['RS256'] as const }));
  if (one === undefined || two === undefined) throw new Error('two are made');
  keys.retain([one, two]);
  expect(await keys.lookup(one, { kid: 'rsa', alg: 'RS256' })).toMatchObject({ kind: 'key', shared: ['other'] });
});

describe('another issuer that cannot be asked', () => {
  test('holds nobody up for good: its first answer is waited for, and no other', async () => {
    reopen({ timeout_ms: 100 });
    neighbour.answer(() => {});
    keys.retain([issuer, other]);
    expect(await shared()).toEqual([]);
    expect(now('first')).toBe('key');
    elapse(31);
    expect(now('first')).toBe('key');
  });

  test('is asked again with the others, and what it shares is known then', async () => {
    neighbour.answer(down);
    keys.retain([issuer, other]);
    expect(await shared()).toEqual([]);
    expect(now('first')).toBe('key');
    neighbour.answer([first.jwk]);
    elapse(301);
    await shared();
    await settled(4);
    expect(await shared()).toEqual(['other']);
  });

  test('and is switched off, is not asked at all', async () => {
    keys.retain([issuer, { ...other, disabled: true }]);
    expect(await shared()).toEqual([]);
    expect(neighbour.count()).toBe(0);
  });
});

test('a single issuer is fetched when it is asked for, and nobody waits for others', async () => {
  keys.retain([issuer]);
  expect(await shared()).toEqual([]);
  expect(server.count()).toBe(1);
  expect(alarms()).toEqual([]);
});
