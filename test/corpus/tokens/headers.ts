/** Headers: members that no access token may have, forms that none has, and types of other tokens. */
import type { Json } from '../../../src/json/value.ts';
import type { Authorities } from '../authorities.ts';
import type { Made } from '../tokens.ts';

/** What else stands for a text. */
export const NO_TEXTS: readonly Json[] = [null, true, 7, [], {}, ['corp']];

export function* headers(by: Authorities): Iterable<Made> {
  const { jwk } = by.key('partner');
  const forbidden: Readonly<Record<string, readonly Json[]>> = {
    crit: [['exp'], ['b64'], [], null],
    jwk: [jwk, {}, null],
    jku: ['https://evil.example.com/jwks', '', null],
    x5u: ['https://evil.example.com/cert.pem', null],
    x5c: [['MIIB'], [], null],
    cty: ['JWT', '', null],
    zip: ['DEF', null],
    b64: [false, true, null],
  };
  for (const [member, values] of Object.entries(forbidden))
    for (const value of values)
      yield [
        `${member} ${JSON.stringify(value).slice(0, 30)}`,
        by.token('corp', { [member]: value }),
        'token_malformed',
      ];
  // The two ways in which a token would bring the key that it is verified with.
  const own = by.key('partner');
  yield [
    'its own jwk, and signed with it',
    by.token('partner', { jwk: own.jwk }, { iss: 'https://corp.example.com' }),
    'token_malformed',
  ];

  for (const value of [undefined, ...NO_TEXTS]) {
    const name = JSON.stringify(value) ?? 'absent';
    yield [`alg ${name}`, by.token('corp', { alg: value }), 'token_malformed'];
    yield [`kid ${name}`, by.token('corp', { kid: value }), 'token_malformed'];
  }
  for (const kid of ['', 'corp\n', '\u0000corp', 'corp\u0085', 'x'.repeat(256)])
    yield [`kid ${JSON.stringify(kid).slice(0, 20)}`, by.token('corp', { kid }), 'token_malformed'];
}

export function* types(by: Authorities): Iterable<Made> {
  const typs: readonly (Json | undefined)[] = [
    ...[undefined, ...NO_TEXTS],
    ...['', ' ', 'JWT', 'jwt', 'id_token', 'at', 'at+jwt ', ' at+jwt', 'at+jwt\n', 'at+jwt;v=1', 'at +jwt', 'at-jwt'],
    ...['dpop+jwt', 'secevent+jwt', 'logout+jwt', 'token-introspection+jwt', 'client-authentication+jwt', 'JOSE'],
    ...['text/at+jwt', 'application/', 'application/application/at+jwt', 'untyped', 'introspection', 'at+jwτ'],
  ];
  for (const typ of typs) yield [JSON.stringify(typ) ?? 'absent', by.token('corp', { typ }), 'token_type_not_allowed'];
  // ID tokens, logout tokens and events, of an issuer whose access tokens share their type (RFC 8725 §3.12).
  for (const claim of ['nonce', 'at_hash', 'c_hash', 'events'])
    for (const value of ['x', null, {}])
      yield [
        `JWT with ${claim} ${JSON.stringify(value)}`,
        by.token('older', { typ: 'JWT' }, { [claim]: value }),
        'token_type_not_allowed',
      ];
  for (const claim of ['client_id', 'scope'])
    yield [`JWT without ${claim}`, by.token('older', { typ: 'JWT' }, { [claim]: undefined }), 'claims_invalid'];
  yield ['at+jwt of an issuer that writes JWT', by.token('older', {}), 'token_type_not_allowed'];
}
