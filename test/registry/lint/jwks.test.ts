/** Inline keys: problems name the kid, and show nothing of the key. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../../../src/registry/registry.ts';
import { problemsIn, registryText, told } from '../example.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const p256 = ec('P-256');
const rsa = (modulusLength: number, publicExponent = 65537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' });
const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const PUBLIC = p256.publicKey.export({ format: 'jwk' });

function check(keys: readonly object[], algorithms = '[ES256]'): readonly Problem[] {
  return problemsIn(
    registryText({ keys: `jwks: ${JSON.stringify({ keys })}`, algorithms: `algorithms: ${algorithms}` }),
  );
}

describe('keys that may stand inline', () => {
  test.each<[string, object, string]>([
    ['ES256', PUBLIC, '[ES256]'],
    ['ES384', ec('P-384').publicKey.export({ format: 'jwk' }), '[ES384]'],
    ['ES512', ec('P-521').publicKey.export({ format: 'jwk' }), '[ES512]'],
    ['RS256', rsa(2048), '[RS256]'],
    ['PS512', rsa(4096), '[PS512]'],
    ['EdDSA', ed25519, '[EdDSA]'],
    ['Ed25519', ed25519, '[Ed25519]'],
    ['one of two types', PUBLIC, '[ES256, RS256]'],
  ])('%s', (_, key, algorithms) => {
    expect(check([{ ...key, kid: 'k1' }], algorithms)).toEqual([]);
  });

  test('use, key_ops, alg and members of others do no harm', () => {
    expect(check([{ ...PUBLIC, kid: 'k1', use: 'sig', key_ops: ['verify'], alg: 'ES256', x5t: 'abc' }])).toEqual([]);
  });
});

describe('keys that are refused', () => {
  test.each<[string, object, string, string]>([
    ['a private key', { ...p256.privateKey.export({ format: 'jwk' }), kid: 'k1' }, '[ES256]', 'is private: it has d'],
    ['a private member of another type', { ...PUBLIC, priv: 'c2VjcmV0', kid: 'k1' }, '[ES256]', 'private: it has priv'],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0', kid: 'k1' }, '[ES256]', 'is symmetric'],
    ['another curve', { ...ec('secp256k1').publicKey.export({ format: 'jwk' }), kid: 'k1' }, '[ES256]', 'of no type'],
    ['another kty', { kty: 'AKP', kid: 'k1' }, '[ES256]', 'of no type'],
    ['a point off its curve', { ...PUBLIC, y: PUBLIC.x, kid: 'k1' }, '[ES256]', 'no well-formed public key'],
    ['a key without numbers', { kty: 'RSA', kid: 'k1' }, '[RS256]', 'no well-formed public key'],
    ['a short RSA key', { ...rsa(1024), kid: 'k1' }, '[RS256]', 'has 1024 bits'],
    ['another exponent', { ...rsa(2048, 3), kid: 'k1' }, '[RS256]', 'exponent 3'],
    ['an RSA key beyond 4096 bits', { ...rsa(4608), kid: 'k1' }, '[RS256]', 'has 4608 bits'],
    ['a key of no algorithm', { ...PUBLIC, kid: 'k1' }, '[RS256]', 'none of the issuer'],
    ['an alg that the issuer does not use', { ...PUBLIC, kid: 'k1', alg: 'ES384' }, '[ES256]', 'has alg "ES384"'],
    ['an encryption key', { ...PUBLIC, kid: 'k1', use: 'enc' }, '[ES256]', 'not for verifying'],
    ['a key that only signs', { ...PUBLIC, kid: 'k1', key_ops: ['sign'] }, '[ES256]', 'not for verifying'],
    ['no kid', PUBLIC, '[ES256]', 'Key 0 has no kid'],
    ['an empty kid', { ...PUBLIC, kid: '' }, '[ES256]', 'has no kid'],
    ['a kid of 256 characters', { ...PUBLIC, kid: 'k1'.repeat(128) }, '[ES256]', 'has no kid'],
    ['a kid with a control character', { ...PUBLIC, kid: 'k1\u0085' }, '[ES256]', 'has no kid'],
    ['a kid that is no text', { ...PUBLIC, kid: 1 }, '[ES256]', 'has no kid'],
  ])('%s', (_, key, algorithms, says) => {
    const problems = check([key], algorithms);
    expect(problems.map(told)).toEqual(['error /issuers/corp/jwks/keys/0 4:20']);
    expect(problems[0]?.message).toContain(says);
    expect(problems[0]?.value).toBeNull();
    if ('kid' in key && typeof key.kid === 'string' && key.kid !== '') expect(problems[0]?.message).toContain('"k1');
  });

  test('a kid that stands twice', () => {
    const [first, ...more] = check([
      { ...PUBLIC, kid: 'k1' },
      { ...PUBLIC, kid: 'k1' },
    ]);
    expect(first?.message).toBe('The key "k1" stands here twice.');
    expect(more).toEqual([]);
  });

  test('several fitting algorithms and no alg: only warned of, no token verifies', () => {
    const problems = check([{ ...rsa(2048), kid: 'k1' }], '[RS256, PS256]');
    expect(problems.map(told)).toEqual(['warning /issuers/corp/jwks/keys/0 4:20']);
  });
});

describe('key material never appears', () => {
  const secret = p256.privateKey.export({ format: 'jwk' });
  test.each<[string, string]>([
    ['in the right place', `jwks: ${JSON.stringify({ keys: [{ ...secret, kid: 'k1' }] })}`],
    ['under a misspelt name', `jwk: ${JSON.stringify({ keys: [secret] })}`],
    ['under a foreign name', `signing: ${JSON.stringify({ inner: [secret] })}`],
    ['as a list', `jwks: ${JSON.stringify([secret])}`],
    ['as text', `jwks: ${JSON.stringify(secret.d)}`],
    ['as PEM', `pem: ${JSON.stringify(p256.privateKey.export({ format: 'pem', type: 'pkcs8' }))}`],
    ['beside broken syntax', `jwks: ${JSON.stringify({ keys: [secret] })} }`],
    ['as a duplicate', `jwks: { keys: [{ "d": "${secret.d}", "d": "${secret.d}" }] }`],
    ['under a tag', `jwks: !!binary "${secret.d}"`],
    ['as jwks_uri', `jwks_uri: ${secret.d}`],
  ])('%s', (name, keys) => {
    const problems = problemsIn(registryText({ keys }));
    expect(problems).not.toEqual([]);
    // A jwks_uri is no place for a key, and is shown.
    if (name !== 'as jwks_uri') expect(JSON.stringify(problems)).not.toContain(secret.d);
    expect(JSON.stringify(problems)).not.toContain('PRIVATE KEY');
  });
});
