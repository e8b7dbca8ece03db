/** Step 4: algorithm and type, compared with what the registry pins for the issuer (RFC 8725 §3.1 and §3.11). */
import type { Json, JsonObject } from '../../json/value.ts';
import { type Mark, type Profile, UNTYPED } from '../../registry/profile/profile.ts';
import type { Algorithm, IssuerRecord } from '../../registry/registry.ts';
import type { Header } from './check-header.ts';
import { found, quote, type Refused, refuse } from './refuse.ts';

export interface Matched {
  readonly kind: 'matched';
  /** The registry's own value, not the token's. */
  readonly algorithm: Algorithm;
  readonly type: string;
}

/** The type of RFC 9068: it says by itself that the token is an access token. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
/** Claims of ID tokens (OpenID Connect Core §2 and §3.3.2.11) and of logout and event tokens (RFC 8417 §2.2). */
const FOREIGN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 'events'];
const SEND_ACCESS_TOKEN = 'Send the access token, not an ID token or another JWT.';
const PRINTABLE = /^[\x21-\x7e]+$/;

function matchAlgorithm(header: Header, issuer: IssuerRecord): Algorithm | Refused {
  const algorithm = issuer.algorithms.find((pinned) => pinned === header.alg);
  if (algorithm !== undefined) return algorithm;
  const what =
    header.alg.toLowerCase() === 'none'
      ? 'The token is not signed (alg none)'
      : `The token's alg is ${quote(header.alg)}`;
  return refuse(
    'algorithm_not_allowed',
    `${what}; issuer "${issuer.key}" is registered for ${issuer.algorithms.join(', ')}. Have the issuer sign with one of these.`,
    { expected: issuer.algorithms, actual: [header.alg] },
  );
}

export function matchIssuer(header: Header, claims: JsonObject, issuer: IssuerRecord): Matched | Refused {
  const { typ } = header;
  const algorithm = matchAlgorithm(header, issuer);
  if (typeof algorithm !== 'string') return algorithm;
  const type = typeOf(typ);
  if (type === undefined || !issuer.token_types.includes(type))
    return refuse(
      'token_type_not_allowed',
      `The token's header has ${typ === undefined ? 'no typ' : typeof typ === 'string' ? `typ ${quote(typ)}` : 'a typ that is no string'}; access tokens of issuer "${issuer.key}" ${typesIn(issuer)}. ${typ === undefined ? withoutType(issuer.profile) : SEND_ACCESS_TOKEN}`,
      { expected: issuer.token_types, actual: [found(typ)] },
    );
  return (
    (type === ACCESS_TOKEN_TYPE ? undefined : refuseForeignClaims(type, claims)) ??
    refuseUnmarked(claims, issuer) ?? { kind: 'matched', algorithm, type }
  );
}

/** A `typ` that spells the word for none is no type at all: the header says something, and something else than nothing. */
function typeOf(typ: Json | undefined): string | undefined {
  if (typ === undefined) return UNTYPED;
  const type = typeof typ === 'string' ? mediaType(typ) : undefined;
  return type === UNTYPED ? undefined : type;
}

function typesIn({ token_types }: IssuerRecord): string {
  const named = token_types.filter((type) => type !== UNTYPED);
  const types = named.length === 0 ? '' : `are of type ${named.join(', ')}`;
  return [types, token_types.includes(UNTYPED) ? 'have no typ (untyped)' : ''].filter(Boolean).join(' or ');
}

/** RFC 7515 §4.1.9: without regard to case, and `application/` may be left out (RFC 9068 §4). */
function mediaType(typ: string): string | undefined {
  return PRINTABLE.test(typ) ? typ.toLowerCase().replace(/^application\//, '') : undefined;
}

/** Other types do not say what the token is for, so its claims must: an ID token never passes (RFC 8725 §3.12). */
function refuseForeignClaims(type: string, claims: JsonObject): Refused | undefined {
  const claim = FOREIGN_CLAIMS.find((name) => Object.hasOwn(claims, name));
  if (claim === undefined) return undefined;
  return refuse(
    'token_type_not_allowed',
    `The token ${type === UNTYPED ? 'without typ' : `of type ${quote(type)}`} holds the claim "${claim}", so it is an ID token or another JWT and no access token. Send the access token.`,
    { actual: [claim] },
  );
}

/** What the issuer's profile knows of its access tokens beyond the header, which its ID tokens may share. */
function refuseUnmarked(claims: JsonObject, { key, profile }: IssuerRecord): Refused | undefined {
  const missing = profile.marks.find((mark) => !isMarked(claims, mark));
  if (missing === undefined) return undefined;
  const { claims: names, values } = missing;
  const expected = values === undefined ? names : values;
  const what = `${names.join(' or ')}${values === undefined ? '' : ` ${values.map(quote).join(' or ')}`}`;
  const actual = names.map((name) => claims[name]).filter((value) => value !== undefined);
  return refuse(
    'token_type_not_allowed',
    `The token lacks what each access token of issuer "${key}" (${profile.title}) has: ${what}. ${SEND_ACCESS_TOKEN}`,
    { expected, actual: actual.length === 0 ? [found(undefined)] : actual.map(found) },
  );
}

function isMarked(claims: JsonObject, { claims: names, values }: Mark): boolean {
  const present = names.map((name) => claims[name]).filter((value) => value !== undefined);
  return present.length > 0 && present.every((value) => values?.some((one) => one === value) ?? true);
}

/** A token without `typ` where none is expected: of those issuers that write none, the registry may have to say so. */
function withoutType({ title, writes_types }: Profile): string {
  return writes_types.includes(UNTYPED)
    ? `${title} writes no typ: list ${UNTYPED} in token_types, or leave that out.`
    : SEND_ACCESS_TOKEN;
}
