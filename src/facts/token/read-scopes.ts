/** `scope` (RFC 8693 §4.2, grammar of RFC 6749 §3.3): one string, scopes separated by single spaces. */
import type { Json } from '../../json/value.ts';
import { found, MAX_TEXT_LENGTH, type Refused, refuse } from './refuse.ts';

/** Scopes of one token. */
const MAX_SCOPES = 256;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * @param needed for types other than at+jwt: without client and scope, nothing says that the token is an access token
 * @returns an empty list for `""`, and when absent and not needed
 */
export function readScopes(scope: Json | undefined, needed: boolean): readonly string[] | Refused {
  if (scope === '' || (scope === undefined && !needed)) return [];
  if (typeof scope !== 'string') return wrong('must be one string', [found(scope)]);
  const scopes = scope.split(' ');
  if (scopes.length > MAX_SCOPES) return wrong(`may hold at most ${MAX_SCOPES} scopes, not ${scopes.length}`, scopes);
  for (const one of scopes) {
    if (one.length > MAX_TEXT_LENGTH) return wrong(`must have scopes of at most ${MAX_TEXT_LENGTH} characters`, [one]);
    if (!SCOPE.test(one)) return wrong('must be scopes separated by single spaces (RFC 6749 §3.3)', [scope]);
  }
  return scopes;
}

function wrong(rule: string, actual: readonly (string | number)[]): Refused {
  return refuse('claims_invalid', `The claim "scope" ${rule}. Have the issuer follow RFC 9068 §2.2.3.`, { actual });
}
