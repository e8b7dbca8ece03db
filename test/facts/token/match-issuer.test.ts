import { describe, expect, test } from 'vitest';
import { askedAt, claims, encode, ISS, outcome } from './mint.ts';
import { HEADER, issuer, read, reader, reasonOf, signed, withClaims } from './reader.ts';

describe('step 3, the issuer', () => {
  test.each([undefined, null, 7, ['a'], {}])('iss %j is ill-formed', async (iss) => {
    expect(outcome(await withClaims({ iss }))).toBe('claims_invalid');
  });

  test('unknown ones are refused; a near miss is named', async () => {
    const unknown = await reasonOf(await signed({ iss: 'https://evil.example' }));
    expect(unknown).toMatchObject({ code: 'issuer_unknown', actual: ['https://evil.example'], verified: false });
    expect(unknown).not.toHaveProperty('expected');
    for (const near of [
      `${ISS}/`,
      'https://LOGIN.example.com',
      'http://login.example.com',
      `${ISS}:443`,
      'HTTPS://login.example.com:443/',
    ])
      expect(await reasonOf(await signed({ iss: near }))).toMatchObject({
        code: 'issuer_unknown',
        expected: [ISS],
        actual: [near],
        message: expect.stringContaining('compared byte for byte'),
      });
    for (const odd of ['', 'constructor', '__proto__', 'corp'])
      expect(outcome(await withClaims({ iss: odd }))).toBe('issuer_unknown');
  });

  test('a disabled one is refused before anything else of the token is judged', async () => {
    const disabled = { ...issuer, disabled: true };
    const text = await signed({ sub: undefined }, { alg: 'none', typ: 'JWT' });
    expect(outcome(await reader.read(text, askedAt(disabled)))).toBe('issuer_disabled');
  });

  test('a registry in which the issuer is disabled now refuses a token that was remembered', async () => {
    const text = await signed({});
    expect(outcome(await read(text))).toBe('verified');
    expect(outcome(await reader.read(text, askedAt({ ...issuer, disabled: true })))).toBe('issuer_disabled');
    expect(outcome(await reader.read(text, askedAt()))).toBe('issuer_unknown');
  });
});

describe('step 4, algorithm and type', () => {
  test.each([
    'none',
    'None',
    'NONE',
    '',
    'HS256',
    'HS384',
    'HS512',
    'es256',
    'ES256 ',
    'ES384',
    'RS256',
    'EdDSA',
    'dir',
  ])("alg %j is not the issuer's", async (alg) => {
    expect(await reasonOf(await signed({}, { alg }))).toMatchObject({
      code: 'algorithm_not_allowed',
      expected: ['ES256'],
      actual: [alg],
      verified: false,
    });
  });

  test('alg none with an empty signature', async () => {
    const text = `${encode(JSON.stringify({ ...HEADER, alg: 'none' }))}.${encode(JSON.stringify(claims()))}.`;
    expect(await reasonOf(text)).toMatchObject({ code: 'algorithm_not_allowed', message: /not signed/ });
  });

  test.each([
    undefined,
    null,
    '',
    'JWT',
    'dpop+jwt',
    'text/at+jwt',
    'at+jwt;v=1',
    'at+jwt ',
    ' at+jwt',
    'application/application/at+jwt',
    7,
    ['at+jwt'],
  ])("typ %j is not the issuer's", async (typ) => {
    expect(await reasonOf(await signed({}, { typ }))).toMatchObject({
      code: 'token_type_not_allowed',
      expected: ['at+jwt'],
    });
  });

  describe('a type other than at+jwt, of an issuer that registers it', () => {
    const other = (over: Record<string, unknown>) =>
      withClaims({ iss: 'https://older.example.com', ...over }, { typ: 'JWT' });
    test('passes as an access token with client and scope, and needs no more', async () => {
      expect(outcome(await other({}))).toBe('verified');
      expect(await other({ sub: undefined, jti: undefined, scope: '' })).toMatchObject({
        kind: 'verified',
        token: { type: 'jwt', client_id: 'client-1', scopes: [] },
      });
    });
    test.each(['nonce', 'at_hash', 'c_hash', 'events'])('is no access token with %s', async (claim) => {
      expect(outcome(await other({ [claim]: null }))).toBe('token_type_not_allowed');
    });
    test.each(['client_id', 'scope'])('must carry %s', async (claim) => {
      expect(outcome(await other({ [claim]: undefined }))).toBe('claims_invalid');
    });
    test('is compared without case in ASCII only', async () => {
      const typed = (typ: string) => withClaims({ iss: 'https://older.example.com' }, { typ });
      expect(outcome(await typed('Token+JWT'))).toBe('verified');
      // U+212A, the Kelvin sign, is a k in lower case.
      expect(outcome(await typed('to\u212aen+jwt'))).toBe('token_type_not_allowed');
    });
    test('has well-formed claims where it has them', async () => {
      for (const over of [{ sub: '' }, { sub: null }, { jti: 7 }, { client_id: '' }, { scope: null }])
        expect(outcome(await other(over))).toBe('claims_invalid');
    });
  });
});
