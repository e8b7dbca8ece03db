import { randomBytes } from 'node:crypto';
import { exportJWK, generateSecret, type JWK } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { choose, importRing } from '../../../src/facts/keys/import.ts';
import type { Json } from '../../../src/json/value.ts';
import type { Algorithm } from '../../../src/registry/registry.ts';
import { generate, type Pair } from './serve.ts';

let ec: Pair;
let other: Pair;
let p384: Pair;
let rsa: Pair;
let ed: Pair;
beforeAll(async () => {
  [ec, other, p384, rsa, ed] = await Promise.all([
    generate('ES256', 'ec'),
    generate('ES256', 'other'),
    generate('ES384', 'p384'),
    generate('RS256', 'rsa'),
    generate('EdDSA', 'ed'),
  ]);
});

/** Members as they come from JSON. */
const json = (members: readonly unknown[]): readonly Json[] => JSON.parse(JSON.stringify(members));
const ring = (members: readonly unknown[], algorithms: readonly Algorithm[] = ['ES256']) =>
  importRing(json(members), algorithms, null);
const without = (jwk: JWK, ...members: string[]) =>
  Object.fromEntries(Object.entries(jwk).filter(([name]) => !members.includes(name)));
/** An RSA modulus of so many bits; nobody can sign with it. */
function modulus(bits: number): string {
  const bytes = randomBytes(Math.ceil(bits / 8));
  const top = (bits - 1) % 8;
  bytes[0] = ((bytes[0] ?? 0) & ((1 << top) - 1)) | (1 << top);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) | 1;
  return bytes.toString('base64url');
}

describe('a bad member is skipped, the good ones beside it serve', () => {
  test.each<[string, () => unknown | Promise<unknown>]>([
    ['null', () => null],
    ['a number', () => 7],
    ['a text', () => 'bad'],
    ['an array', () => [other.jwk]],
    ['an empty object', () => ({})],
    ['no kid', () => without(other.jwk, 'kid')],
    ['an empty kid', () => ({ ...other.jwk, kid: '' })],
    ['a kid that is a number', () => ({ ...other.jwk, kid: 1 })],
    ['a kid of 256 characters', () => ({ ...other.jwk, kid: 'k'.repeat(256) })],
    ['a kid with a control character', () => ({ ...other.jwk, kid: 'a\u0085' })],
    ['use enc', () => ({ ...other.jwk, use: 'enc' })],
    ['use null', () => ({ ...other.jwk, use: null })],
    ['key_ops without verify', () => ({ ...other.jwk, key_ops: ['sign'] })],
    ['key_ops that is no list', () => ({ ...other.jwk, key_ops: 'verify' })],
    ['an alg that is no string', () => ({ ...other.jwk, alg: 1 })],
    ['an EC private key', async () => ({ ...other.jwk, ...(await exportJWK(other.privateKey)) })],
    ['an RSA private key', async () => ({ ...rsa.jwk, ...(await exportJWK(rsa.privateKey)) })],
    ['an OKP private key', async () => ({ ...ed.jwk, ...(await exportJWK(ed.privateKey)) })],
    ['a private member that is null', () => ({ ...other.jwk, d: null })],
    [
      'a symmetric key',
      async () => ({
        ...(await exportJWK(await generateSecret('HS256', { extractable: true }))),
        kid: 's',
        alg: 'HS256',
      }),
    ],
    ['a symmetric key that says RS256', () => ({ kty: 'oct', k: 'AAAA', kid: 's', alg: 'RS256' })],
    ['an unsupported curve', () => ({ ...other.jwk, crv: 'secp256k1' })],
    ['X25519', () => ({ ...ed.jwk, crv: 'X25519' })],
    ['Ed448', () => ({ ...ed.jwk, crv: 'Ed448' })],
    ['an unsupported kty', () => ({ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA', kid: 'pq' })],
    ['a point off the curve', () => ({ ...other.jwk, x: other.jwk.y, y: other.jwk.x })],
    ['a coordinate that is too short', () => ({ ...other.jwk, x: 'AAAA' })],
    ['a missing coordinate', () => without(other.jwk, 'y')],
    ['a coordinate that is no base64url', () => ({ ...other.jwk, x: '=' })],
    ['a curve that its alg does not fit', () => ({ ...p384.jwk, alg: 'ES256' })],
    ['a type that its alg does not fit', () => ({ ...rsa.jwk, alg: 'ES256' })],
    ['RSA of 1024 bits', async () => ({ ...(await shortRsa()), kid: 'r', alg: 'RS256' })],
    ['RSA of 2047 bits', () => ({ kty: 'RSA', n: modulus(2047), e: 'AQAB', kid: 'r', alg: 'RS256' })],
    [
      'RSA of 1024 bits, padded to look longer',
      () => ({
        kty: 'RSA',
        n: Buffer.concat([Buffer.alloc(200), randomBytes(128)]).toString('base64url'),
        e: 'AQAB',
        kid: 'r',
        alg: 'RS256',
      }),
    ],
    ['RSA of 4097 bits', () => ({ kty: 'RSA', n: modulus(4097), e: 'AQAB', kid: 'r', alg: 'RS256' })],
    ['RSA with e = 3', () => ({ ...rsa.jwk, e: 'Aw' })],
    ['RSA with e = 65537 in another spelling', () => ({ ...rsa.jwk, e: 'AAEAAQ' })],
    ['RSA without n', () => without(rsa.jwk, 'n')],
  ])('%s', async (_name, bad) => {
    const held = await ring([await bad(), ec.jwk], ['ES256', 'RS256', 'EdDSA']);
    expect([...held.keys.keys()]).toEqual(['ec']);
    expect(held.usable).toBe(1);
    expect(held.skipped).toHaveLength(1);
    expect(choose(held, { kid: 'ec', alg: 'ES256' }).kind).toBe('key');
  });

  async function shortRsa(): Promise<JWK> {
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    };
    const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const { kty, n, e } = await crypto.subtle.exportKey('jwk', publicKey);
    return { kty, n, e } as JWK;
  }

  test('RSA of 2048 and of 4096 bits is in range', async () => {
    const rs = (kid: string, n: string) => ({ kty: 'RSA', n, e: 'AQAB', kid, alg: 'RS256' });
    expect((await ring([rs('a', modulus(2048)), rs('b', modulus(4096))], ['RS256'])).usable).toBe(2);
  });

  test('members that do not matter are let be', async () => {
    const decorated = {
      ...ec.jwk,
      use: 'sig',
      key_ops: ['verify', 'sign'],
      x5c: ['MIIB'],
      ext: 'odd',
      oddity: { a: [1] },
    };
    expect((await ring([decorated])).usable).toBe(1);
  });

  test('what was skipped is said without any of the key', async () => {
    const secret = (await exportJWK(other.privateKey)).d;
    const { skipped } = await ring([
      { ...other.jwk, d: secret },
      { ...ec.jwk, crv: 'P-512' },
    ]);
    expect(skipped).toEqual([
      'key "other" holds private or symmetric key material',
      'key "ec" is on a curve that is not supported',
    ]);
  });
});

describe('two keys under one kid', () => {
  test('are both skipped, whichever comes first', async () => {
    const twin = { ...other.jwk, kid: 'ec' };
    for (const members of [
      [ec.jwk, twin],
      [twin, ec.jwk],
      [ec.jwk, ec.jwk],
      [ec.jwk, rsa.jwk, twin],
    ])
      expect(choose(await ring(members, ['ES256', 'RS256']), { kid: 'ec', alg: 'ES256' })).toEqual({ kind: 'unknown' });
  });

  test.each<[string, () => unknown | Promise<unknown>]>([
    ['for encryption', () => ({ ...other.jwk, kid: 'ec', use: 'enc' })],
    ['for signing only', () => ({ ...other.jwk, kid: 'ec', key_ops: ['sign'] })],
    ['of another kty', () => ({ kty: 'AKP', kid: 'ec', pub: 'AA' })],
    ['on another curve', () => ({ ...other.jwk, kid: 'ec', crv: 'secp256k1' })],
    ['without its numbers', () => ({ kty: 'EC', crv: 'P-256', kid: 'ec' })],
    ['off its curve', () => ({ ...other.jwk, kid: 'ec', y: other.jwk.x })],
    ['with an alg that is no text', () => ({ ...other.jwk, kid: 'ec', alg: 1 })],
    ['that is symmetric', () => ({ kty: 'oct', k: 'AA', kid: 'ec' })],
    ['that is private', async () => ({ ...(await exportJWK(other.privateKey)), kid: 'ec' })],
  ])('leave the good one when the other is bad: %s', async (_, make) => {
    const bad = await make();
    for (const members of [
      [ec.jwk, bad],
      [bad, ec.jwk],
    ]) {
      const held = await ring(members);
      expect(held.skipped).toHaveLength(1);
      expect(choose(held, { kid: 'ec', alg: 'ES256' }).kind).toBe('key');
    }
  });
});

test('a key whose private half stands in the set, under whatever kid, serves nothing: the secret is out', async () => {
  const leaked = { ...ec.jwk, ...(await exportJWK(ec.privateKey)) };
  for (const kid of ['ec', 'other']) {
    const { keys, skipped } = await ring([ec.jwk, { ...leaked, kid }]);
    expect(keys.size).toBe(0);
    expect(skipped).toHaveLength(2);
  }
  expect((await ring([ec.jwk, { ...leaked, kid: undefined }])).keys.size).toBe(0);
});

describe('the algorithm of a key', () => {
  const ask = async (members: readonly unknown[], algorithms: readonly Algorithm[], kid: string, alg: Algorithm) => {
    const answer = choose(await ring(members, algorithms), { kid, alg });
    return answer.kind === 'not_allowed' ? [answer.kind, ...answer.expected] : [answer.kind];
  };

  test('is its own alg and no other, even of the same type', async () => {
    expect(await ask([rsa.jwk], ['RS256', 'PS256', 'RS512'], 'rsa', 'RS256')).toEqual(['key']);
    expect(await ask([rsa.jwk], ['RS256', 'PS256', 'RS512'], 'rsa', 'PS256')).toEqual(['not_allowed', 'RS256']);
    expect(await ask([rsa.jwk], ['RS256', 'PS256', 'RS512'], 'rsa', 'RS512')).toEqual(['not_allowed', 'RS256']);
    expect(await ask([ec.jwk], ['RS256', 'ES256'], 'ec', 'RS256')).toEqual(['not_allowed', 'ES256']);
  });

  test('that the issuer does not pin serves nothing', async () => {
    expect(await ask([rsa.jwk], ['PS256'], 'rsa', 'PS256')).toEqual(['not_allowed', 'RS256']);
    expect(await ask([{ ...rsa.jwk, alg: 'RSA-OAEP' }], ['RS256'], 'rsa', 'RS256')).toEqual([
      'not_allowed',
      'RSA-OAEP',
    ]);
  });

  test('EdDSA and Ed25519 are two', async () => {
    expect(await ask([ed.jwk], ['EdDSA'], 'ed', 'EdDSA')).toEqual(['key']);
    expect(await ask([ed.jwk], ['EdDSA', 'Ed25519'], 'ed', 'Ed25519')).toEqual(['not_allowed', 'EdDSA']);
    expect(await ask([{ ...ed.jwk, alg: 'Ed25519' }], ['Ed25519'], 'ed', 'Ed25519')).toEqual(['key']);
    expect(await ask([without(ed.jwk, 'alg')], ['EdDSA', 'Ed25519'], 'ed', 'EdDSA')).toEqual(['not_allowed']);
  });

  test('may be left out only where the issuer pins one for the type', async () => {
    const bare = without(rsa.jwk, 'alg');
    expect(await ask([bare], ['RS256'], 'rsa', 'RS256')).toEqual(['key']);
    expect(await ask([bare], ['RS256', 'ES256', 'EdDSA'], 'rsa', 'RS256')).toEqual(['key']);
    expect(await ask([bare], ['RS256', 'ES256'], 'rsa', 'ES256')).toEqual(['not_allowed', 'RS256']);
    expect(await ask([bare], ['RS256', 'PS256'], 'rsa', 'RS256')).toEqual(['not_allowed']);
    expect(await ask([bare], ['ES256'], 'rsa', 'ES256')).toEqual(['not_allowed']);
    expect(await ask([without(ec.jwk, 'alg')], ['ES256', 'ES384'], 'ec', 'ES256')).toEqual(['not_allowed']);
    expect(await ask([without(p384.jwk, 'alg')], ['ES256'], 'p384', 'ES256')).toEqual(['unknown']);
  });
});

describe('over a refresh', () => {
  const key = { kid: 'ec', alg: 'ES256' } as const;

  test('an unchanged key keeps its CryptoKey and generation, whatever else changes', async () => {
    const before = await ring([ec.jwk]);
    const after = await importRing(json([other.jwk, { ...ec.jwk, use: 'sig', x5c: [] }]), ['ES256'], before);
    expect(choose(after, key)).toBe(choose(before, key));
  });

  test('another key under the kid, another alg, or a return after removal is a new generation', async () => {
    const before = await ring([ec.jwk]);
    const changed = await importRing(json([{ ...other.jwk, kid: 'ec' }]), ['ES256'], before);
    const bare = await importRing(json([without(ec.jwk, 'alg')]), ['ES256'], before);
    const removed = await importRing(json([other.jwk]), ['ES256'], before);
    const back = await importRing(json([ec.jwk]), ['ES256'], removed);
    expect(choose(removed, key).kind).toBe('unknown');
    const generations = [before, changed, bare, back].map((one) => {
      const answer = choose(one, key);
      return answer.kind === 'key' ? answer.generation : undefined;
    });
    expect(new Set(generations).size).toBe(4);
    expect(generations).not.toContain(undefined);
  });
});

test('imported keys cannot be exported', async () => {
  const answer = choose(await ring([ec.jwk]), { kid: 'ec', alg: 'ES256' });
  expect(answer.kind === 'key' && answer.key.extractable).toBe(false);
});
