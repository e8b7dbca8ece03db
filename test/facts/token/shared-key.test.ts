/** Tokens by a key that two issuers have: good only where both are trusted, remembered ones too. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeys, type Keys } from '../../../src/facts/keys/look-up.ts';
import { createTokenReader } from '../../../src/facts/token/read.ts';
import type { IssuerRecord } from '../../../src/registry/registry.ts';
import { at, generate, issuerRecord, type KeyServer, type Pair, serveKeys } from '../keys/serve.ts';
import { askedAt, mint, NOW, outcome } from './mint.ts';

let pair: Pair;
let own: Pair;
let server: KeyServer;
let neighbour: KeyServer;
let clock: number;
let keys: Keys;
let corp: IssuerRecord;
let other: IssuerRecord;
beforeEach(async () => {
  [pair, own] = await Promise.all([generate('ES256', 'k1'), generate('ES256', 'own')]);
  [server, neighbour] = await Promise.all([serveKeys([pair.jwk]), serveKeys([{ ...pair.jwk, kid: 'theirs' }])]);
  clock = NOW * 1000;
  keys = createKeys({
    fetch: () => globalThis.fetch,
    now: () => clock,
    settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 20_000, outage_ceiling_seconds: 3600 },
  });
  corp = issuerRecord(at(server.url));
  other = issuerRecord(at(neighbour.url), ['ES256'], { key: 'other', issuer: 'https://other.example.com' });
  keys.retain([corp, other]);
});
afterEach(async () => {
  keys.close();
  await Promise.all([server.close(), neighbour.close()]);
});

/** A server of a registry with both issuers that trusts only these. */
const trusting = (...issuers: readonly IssuerRecord[]) => {
  const both = askedAt(corp, other);
  return { ...both, server: { ...both.server, issuers: issuers.map(({ key }) => key) } };
};
const token = () => mint(pair.privateKey, { alg: 'ES256', kid: 'k1' });

test('refused where one of them is not trusted, verified where both are', async () => {
  const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
  const text = await token();
  const refused = await reader.read(text, trusting(corp));
  expect(refused).toEqual({
    kind: 'refused',
    reason: {
      code: 'issuer_not_trusted',
      message:
        'Key "k1" of issuer "corp" stands in the key set of "other" too, which could sign as "corp" and is not trusted here. Have each issuer sign with keys of its own, or list all of them at the server.',
      expected: ['corp'],
      actual: ['corp', 'other'],
      verified: false,
    },
  });
  expect(outcome(await reader.read(text, trusting(corp, other)))).toBe('verified');
});

test('a remembered token is refused at the server that does not trust both, and still served at the one that does', async () => {
  const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
  const text = await token();
  const first = await reader.read(text, trusting(corp, other));
  expect(reader.read(text, trusting(corp, other))).toBe(first);
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('issuer_not_trusted');
  expect(reader.read(text, trusting(corp, other))).toBe(first);
});

test('a token that was remembered before its key was shared is refused from then on, and served when it no longer is', async () => {
  neighbour.answer([own.jwk]);
  const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 10 });
  const text = await token();
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('verified');
  const renewed = async () => {
    clock += 301_000;
    await keys.lookup(other, { kid: 'own', alg: 'ES256' });
  };
  neighbour.answer([own.jwk, pair.jwk]);
  await renewed();
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('issuer_not_trusted');
  neighbour.answer([own.jwk]);
  await renewed();
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('verified');
});

test('that the key came to be shared during verification is known the next time', async () => {
  neighbour.answer([own.jwk]);
  let armed = true;
  const reader = createTokenReader({
    cacheSize: 10,
    async lookup(asked, wanted) {
      const answer = await keys.lookup(asked, wanted);
      if (armed) {
        armed = false;
        neighbour.answer([own.jwk, pair.jwk]);
        clock += 301_000;
        await keys.lookup(other, { kid: 'own', alg: 'ES256' });
      }
      return answer;
    },
  });
  const text = await token();
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('verified');
  expect(outcome(await reader.read(text, trusting(corp)))).toBe('issuer_not_trusted');
});
