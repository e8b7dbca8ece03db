/**
 * Step 5: the form of the claims (RFC 7519 §4.1, RFC 9068 §2.2). Form only: whether they are acceptable at a server, and
 * at this time, is policy. So absent `aud`, `exp` and `iat` pass and are left out.
 */
import type { TokenFacts } from '../../decision/facts.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { INTROSPECTED } from '../../registry/profile/profile.ts';
import type { IssuerRecord } from '../../registry/registry.ts';
import { ACCESS_TOKEN_TYPE, type Matched } from './match-issuer.ts';
import { readActors } from './read-actors.ts';
import { readAudiences } from './read-audiences.ts';
import { readClient } from './read-client.ts';
import { readDetails } from './read-details.ts';
import { readScopes } from './read-scopes.ts';
import { found, kindOf, type Refused, refuse, wrongText } from './refuse.ts';

export interface Checked {
  readonly kind: 'checked';
  readonly token: TokenFacts;
}

/** 9999-12-31T23:59:59Z in seconds: the last time that RFC 3339 can write. */
const MAX_TIME = 253_402_300_799;

export function checkClaims(
  claims: JsonObject,
  { algorithm, type }: Matched,
  kid: string,
  issuer: IssuerRecord,
): Checked | Refused {
  return checkForm(claims, { type, algorithm, key_id: kid }, issuer);
}

/** How the token was read: by its header, or by its issuer's answer, which has none. */
type Origin = Pick<TokenFacts, 'type' | 'algorithm' | 'key_id'>;

/** The same of claims that did not come in a JWT. */
export function checkForm(claims: JsonObject, origin: Origin, issuer: IssuerRecord): Checked | Refused {
  const { type } = origin;
  const needed = type === ACCESS_TOKEN_TYPE;
  const { profile } = issuer;
  const subject = wrongText(profile.subject, claims[profile.subject], needed);
  if (subject !== undefined) return subject;
  const client_id = readClient(claims, profile);
  if (typeof client_id !== 'string') return client_id;
  const wrong =
    wrongText('jti', claims.jti, needed) ??
    wrongTimes(claims) ??
    wrongText('acr', claims.acr, false, 'RFC 9068 §2.2.1') ??
    wrongConfirmation(claims.cnf);
  if (wrong !== undefined) return wrong;
  const actors = readActors(claims.act);
  if ('kind' in actors) return actors;
  const details = readDetails(claims.authorization_details);
  if (details !== undefined && 'kind' in details) return details;
  const audiences = readAudiences(claims.aud);
  if ('kind' in audiences) return audiences;
  // An issuer that says that the token is active says that it is an access token; only a JWT must show that it is one.
  const scopes = readScopes(claims, profile, !needed && type !== INTROSPECTED);
  if ('kind' in scopes) return scopes;

  const { [profile.subject]: sub, jti, iat, exp, nbf, cnf, acr, auth_time } = claims;
  const [actor] = actors;
  return {
    kind: 'checked',
    token: {
      ...origin,
      issuer: issuer.issuer,
      audiences,
      scopes,
      ...(typeof sub === 'string' && { subject: sub }),
      client_id,
      ...(typeof jti === 'string' && { token_id: jti }),
      ...(typeof iat === 'number' && { issued_at: iat }),
      ...(typeof exp === 'number' && { expires_at: exp }),
      ...(typeof nbf === 'number' && { not_before: nbf }),
      ...(isJsonObject(cnf) && { confirmation: cnf }),
      ...(actor !== undefined && { actor }),
      ...(actors.length > 1 && { actors }),
      ...(typeof acr === 'string' && { authentication_context: acr }),
      ...(typeof auth_time === 'number' && { authenticated_at: auth_time }),
      ...(details && { authorization_details: details }),
      claims,
    },
  };
}

function wrongTimes({ iat, exp, nbf, auth_time }: JsonObject): Refused | undefined {
  for (const [name, value] of Object.entries({ iat, exp, nbf, auth_time }))
    if (value !== undefined && !isTime(value))
      return refuse(
        'claims_invalid',
        `The claim "${name}" must be a whole number of seconds since the epoch, from 0 to ${MAX_TIME}. Have the issuer write NumericDate integers.`,
        { expected: [0, MAX_TIME], actual: [found(value)] },
      );
  for (const [name, value] of Object.entries({ iat, nbf }))
    if (typeof value === 'number' && typeof exp === 'number' && value >= exp)
      return refuse(
        'claims_invalid',
        `The claim "${name}" (${value}) must lie before "exp" (${exp}). Have the issuer correct its times.`,
        { expected: [`${name} before ${exp}`], actual: [value] },
      );
  return undefined;
}

function isTime(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TIME;
}

/** RFC 7800 §3.1. A cnf of another form must not pass as none: the token would lose its binding. */
function wrongConfirmation(cnf: Json | undefined): Refused | undefined {
  if (cnf === undefined || isJsonObject(cnf)) return undefined;
  const kind = kindOf(cnf);
  // Never with its value: in place of a confirmation may stand the key itself.
  return refuse(
    'claims_invalid',
    `The claim "cnf" must be an object, and is ${kind}. Have the issuer follow RFC 7800 §3.1.`,
    { expected: ['an object'], actual: [kind] },
  );
}
