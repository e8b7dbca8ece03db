/** Scopes, where the issuer's profile puts them: by default `scope` (RFC 8693 §4.2), a string with single spaces (RFC 6749 §3.3). */
import type { Json, JsonObject } from '../../json/value.ts';
import type { Profile, ScopePlace } from '../../registry/profile/profile.ts';
import { found, MAX_TEXT_LENGTH, type Refused, refuse } from './refuse.ts';

/** Scopes of one token. */
const MAX_SCOPES = 256;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * @param needed for types other than at+jwt: without client and scope, nothing says that the token is an access token
 * @returns an empty list for `""` and `[]`, and when absent and not needed
 */
export function readScopes(claims: JsonObject, profile: Profile, needed: boolean): readonly string[] | Refused {
  const [usual] = profile.scopes;
  // One place alone: a client that was given few scopes must not gain what another claim lists.
  const place = profile.scopes.find((one) => claims[one.claim] !== undefined && applies(one, claims)) ?? usual;
  const scope = claims[place.claim];
  const wrong = (rule: string, actual: readonly (string | number)[]) =>
    refuse('claims_invalid', `The claim "${place.claim}" ${rule}. ${adviceOf(profile)}`, { actual });
  if (scope === undefined && !needed) return [];
  const scopes = place.form === 'text' ? split(scope) : listed(scope);
  if (scopes === undefined)
    return wrong(place.form === 'text' ? 'must be one string' : 'must be an array of strings', [found(scope)]);
  if (scopes.length > MAX_SCOPES) return wrong(`may hold at most ${MAX_SCOPES} scopes, not ${scopes.length}`, scopes);
  for (const one of scopes) {
    if (one.length > MAX_TEXT_LENGTH) return wrong(`must have scopes of at most ${MAX_TEXT_LENGTH} characters`, [one]);
    if (SCOPE.test(one)) continue;
    return place.form === 'text'
      ? wrong('must be scopes separated by single spaces (RFC 6749 §3.3)', [String(scope)])
      : wrong('must hold one scope in each string (RFC 6749 §3.3)', [one]);
  }
  return scopes;
}

function applies({ when }: ScopePlace, claims: JsonObject): boolean {
  return when === undefined || claims[when.claim] === when.value;
}

function split(scope: Json | undefined): readonly string[] | undefined {
  if (scope === '') return [];
  return typeof scope === 'string' ? scope.split(' ') : undefined;
}

function listed(scope: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(scope)) return undefined;
  const texts = scope.filter((one) => typeof one === 'string');
  return texts.length === scope.length ? texts : undefined;
}

/** Where to read what the issuer should write. */
export function adviceOf({ name, title }: Profile, section = '§2.2.3'): string {
  return name === 'rfc9068'
    ? `Have the issuer follow RFC 9068 ${section}.`
    : `Compare the token with what ${title} writes: audgate help issuer ${name}.`;
}
