/** What is said of tokens that an issuer of some make would not write so; what passes is in `test/cases/profiles/`. */
import { describe, expect, it } from 'vitest';
import { checkClaims } from '../../../src/facts/token/check-claims.ts';
import { matchIssuer } from '../../../src/facts/token/match-issuer.ts';
import type { Json, JsonObject } from '../../../src/json/value.ts';
import { PROFILES } from '../../../src/registry/profile/profiles.ts';
import { issuerRecord } from '../keys/serve.ts';

const record = (name: keyof typeof PROFILES) =>
  issuerRecord({ kind: 'jwks', keys: [] }, ['ES256'], { profile: PROFILES[name], token_types: ['jwt'] });
const MATCHED = { kind: 'matched', algorithm: 'ES256', type: 'jwt' } as const;

function check(name: keyof typeof PROFILES, claims: JsonObject) {
  const checked = checkClaims({ iss: 'x', iat: 1, exp: 2, ...claims }, MATCHED, 'k', record(name));
  return checked.kind === 'checked' ? checked.token : checked.reason;
}

describe('the client', () => {
  it('is read where the profile has it', () => {
    expect(check('okta', { cid: 'c', scp: [] })).toMatchObject({ client_id: 'c' });
    expect(check('entra', { appid: 'c', scp: '' })).toMatchObject({ client_id: 'c' });
  });

  it('that two claims name differently is refused with both', () => {
    expect(check('entra', { azp: 'a', appid: 'b', scp: '' })).toMatchObject({
      code: 'claims_invalid',
      message:
        'The claims "azp" and "appid" both name the client, and differ. Compare the token with what Microsoft Entra ID writes: audgate help issuer entra.',
      actual: ['a', 'b'],
      verified: false,
    });
  });

  it.each([null, '', 7, [], 'a\n'])('%j in one claim does not give way to the other', (azp) => {
    expect(check('entra', { azp, appid: 'b', scp: '' })).toMatchObject({ code: 'claims_invalid' });
  });

  it('that is nowhere is asked for where it may stand', () => {
    expect(check('keycloak', { scope: '' })).toMatchObject({
      code: 'claims_invalid',
      message: expect.stringContaining('none of the claims azp, client_id'),
      actual: ['absent'],
    });
  });
});

describe('scopes', () => {
  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[], []],
  ])('a list %j', (scp, scopes) => expect(check('okta', { cid: 'c', scp })).toMatchObject({ scopes }));

  it.each([
    ['one text', 'a b', 'must be an array of strings'],
    ['null', null, 'must be an array of strings'],
    ['a number within', ['a', 7], 'must be an array of strings'],
    ['an empty text within', [''], 'must hold one scope in each string'],
    ['two in one text', ['a b'], 'must hold one scope in each string'],
    ['a control character', ['a\n'], 'must hold one scope in each string'],
    ['a long one', ['a'.repeat(256)], 'must have scopes of at most 255 characters'],
    ['too many', Array.from({ length: 257 }, (_, at) => `s${at}`), 'may hold at most 256 scopes, not 257'],
  ])('in a list: %s', (_, scp, says) => {
    const reason = check('okta', { cid: 'c', scp });
    expect(reason).toMatchObject({ code: 'claims_invalid', message: expect.stringContaining(`"scp" ${says}`) });
  });

  it('are not looked for in a second place once they are in the first', () => {
    expect(check('entra', { azp: 'c', scp: '', idtyp: 'app', roles: ['a'] })).toMatchObject({ scopes: [] });
    expect(check('entra', { azp: 'c', idtyp: 'app', roles: ['a'] })).toMatchObject({ scopes: ['a'] });
    expect(check('entra', { azp: 'c', idtyp: 'user', roles: ['a'] })).toMatchObject({ code: 'claims_invalid' });
  });
});

describe('a token without typ', () => {
  const issuer = (name: keyof typeof PROFILES) =>
    issuerRecord({ kind: 'jwks', keys: [] }, ['ES256'], { profile: PROFILES[name], token_types: ['untyped'] });
  const match = (typ: Json | undefined, claims: JsonObject, name: keyof typeof PROFILES = 'okta') => {
    const matched = matchIssuer({ kind: 'header', alg: 'ES256', kid: 'k', typ }, claims, issuer(name));
    return matched.kind === 'matched' ? matched.type : matched.reason;
  };

  it('is what untyped says, with the mark of its maker', () => {
    expect(match(undefined, { cid: 'c' })).toBe('untyped');
    expect(match(undefined, {})).toMatchObject({ code: 'token_type_not_allowed', expected: ['cid'] });
    expect(match(undefined, { cid: 'c', nonce: null })).toMatchObject({
      message: expect.stringContaining('The token without typ holds the claim "nonce"'),
    });
  });

  it.each([null, '', 'untyped', 'UNTYPED', 'application/untyped', 'JWT', 'at+jwt', 7, [], {}])(
    'is not one whose typ is %j',
    (typ) => {
      expect(match(typ, { cid: 'c' })).toMatchObject({
        code: 'token_type_not_allowed',
        message: expect.stringContaining('access tokens of issuer "corp" have no typ (untyped). Send the access token'),
      });
    },
  );

  it('must carry client and scopes', () => {
    const matched = { kind: 'matched', algorithm: 'ES256', type: 'untyped' } as const;
    const check = (claims: JsonObject) => {
      const checked = checkClaims({ iss: 'x', iat: 1, exp: 2, ...claims }, matched, 'k', issuer('okta'));
      return checked.kind === 'checked' ? checked.token.type : checked.reason.code;
    };
    expect(check({ cid: 'c', scp: [] })).toBe('untyped');
    expect(check({ cid: 'c' })).toBe('claims_invalid');
    expect(check({ scp: [] })).toBe('claims_invalid');
  });
});

describe('an ID token', () => {
  const match = (name: keyof typeof PROFILES, claims: JsonObject, typ?: string) => {
    const matched = matchIssuer({ kind: 'header', alg: 'ES256', kid: 'k', typ }, claims, record(name));
    return matched.kind === 'matched' ? matched.type : matched.reason;
  };

  it('is told by what an access token of this make has', () => {
    expect(match('cognito', { token_use: 'id' }, 'JWT')).toMatchObject({
      code: 'token_type_not_allowed',
      message:
        'The token lacks what each access token of issuer "corp" (Amazon Cognito) has: token_use "access". Send the access token, not an ID token or another JWT.',
      expected: ['access'],
      actual: ['id'],
    });
    expect(match('okta', {}, 'JWT')).toMatchObject({ expected: ['cid'], actual: ['absent'] });
    expect(match('cognito', { token_use: 'access' }, 'JWT')).toBe('jwt');
  });

  it('without typ, where that is not expected', () => {
    const told = (name: keyof typeof PROFILES) => match(name, {});
    expect(told('cognito')).toMatchObject({
      message: expect.stringContaining('Amazon Cognito writes no typ: list untyped in token_types'),
    });
    expect(told('keycloak')).toMatchObject({ message: expect.stringContaining('Send the access token, not an ID') });
  });
});
