import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKeys, type Keys } from '../../../src/facts/keys/look-up.ts';
import { createTokenReader, type TokenReader } from '../../../src/facts/token/read.ts';
import type { Algorithm, IssuerRecord } from '../../../src/registry/registry.ts';
import { at, generate, issuerRecord, type KeyServer, type Pair, serveKeys } from '../keys/serve.ts';
import { askedAt, mint, NOW, outcome } from './mint.ts';

const ALGORITHMS: readonly Algorithm[] = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
];

interface Side {
  readonly server: KeyServer;
  readonly pairs: ReadonlyMap<Algorithm, Pair>;
  readonly issuer: IssuerRecord;
}

/** An issuer with one key an algorithm, published over HTTP. Kids are the algorithms' names. */
async function side(key: string): Promise<Side> {
  const pairs = new Map(await Promise.all(ALGORITHMS.map(async (alg) => [alg, await generate(alg, alg)] as const)));
  const server = await serveKeys([...pairs.values()].map(({ jwk }) => jwk));
  const issuer = issuerRecord(at(server.url), ALGORITHMS, { key, issuer: `https://${key}.example.com` });
  return { server, pairs, issuer };
}

let ours: Side;
let theirs: Side;
let keys: Keys;
let reader: TokenReader;
beforeAll(async () => {
  [ours, theirs] = await Promise.all([side('ours'), side('theirs')]);
  keys = createKeys({
    fetch: () => globalThis.fetch,
    now: () => NOW * 1000,
    settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 },
  });
  reader = createTokenReader({ lookup: keys.lookup, cacheSize: 100 });
}, 60_000);
afterAll(async () => {
  keys.close();
  await Promise.all([ours.server.close(), theirs.server.close()]);
});

const read = async (text: string) => outcome(await reader.read(text, askedAt(ours.issuer, theirs.issuer)));
function signer(of: Side, alg: Algorithm): CryptoKey {
  const pair = of.pairs.get(alg);
  if (pair === undefined) throw new Error(`no key for ${alg}`);
  return pair.privateKey;
}
const token = (alg: Algorithm, of = ours, kid: string = alg) =>
  mint(signer(of, alg), { alg, kid }, { iss: ours.issuer.issuer });

describe.each(ALGORITHMS)('%s', (alg) => {
  test('verifies with the key that its issuer publishes', async () => {
    expect(await read(await token(alg))).toBe('verified');
  });

  test("does not verify with another issuer's key of the same kid and algorithm", async () => {
    expect(await read(await token(alg, theirs))).toBe('signature_invalid');
  });

  test('is refused when the key under its kid is for another algorithm', async () => {
    for (const other of ALGORITHMS.filter((one) => one !== alg))
      expect(await read(await token(alg, ours, other))).toBe('algorithm_not_allowed');
  });

  test('with any one bit of its signature changed does not verify', async () => {
    const [header = '', payload = '', signature = ''] = (await token(alg)).split('.');
    const bytes = Buffer.from(signature, 'base64url');
    for (const index of [0, 1, bytes.length >> 1, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(await read(`${header}.${payload}.${changed.toString('base64url')}`)).toBe('signature_invalid');
    }
  });
});

test("each issuer's keys were fetched once for all of that", () => {
  expect(ours.server.count()).toBe(1);
  expect(theirs.server.count()).toBe(0);
});

test('a verified token with any one character changed, dropped or added is not verified', async () => {
  const text = await token('ES256');
  expect(await read(text)).toBe('verified');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length - 1),
      fc.oneof(
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.='),
        fc.string({ maxLength: 1, unit: 'binary' }),
      ),
      fc.constantFrom('replace', 'insert'),
      async (index, character, how) => {
        const changed = text.slice(0, index) + character + text.slice(how === 'replace' ? index + 1 : index);
        fc.pre(changed !== text);
        expect(await read(changed)).not.toBe('verified');
      },
    ),
    { numRuns: 1000 },
  );
});

test('every single byte of a verified token counts', async () => {
  const text = await token('EdDSA');
  for (let index = 0; index < text.length; index += 1) {
    const changed = text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1);
    expect(await read(changed)).not.toBe('verified');
  }
});

test('a lookup that gives a key of the wrong kind is a bug and no judgement about the token', async () => {
  const key = signer(ours, 'ES256');
  const broken = createTokenReader({ lookup: () => ({ kind: 'key', key, generation: {} }), cacheSize: 1 });
  await expect(broken.read(await token('ES256'), askedAt(ours.issuer))).rejects.toThrow(TypeError);
});
