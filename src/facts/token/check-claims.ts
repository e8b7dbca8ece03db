/**
 * Step 5: the form of the claims (RFC 7519 §4.1, RFC 9068 §2.2). Form only: whether they are acceptable at a server, and
 * at this time, is policy. So absent `aud`, `exp` and `iat` pass and are left out.
 */
import type { TokenFacts } from '../../decision/facts.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import type { IssuerRecord } from '../../registry/registry.ts';
import { ACCESS_TOKEN_TYPE, type Matched } from './match-issuer.ts';
import { readAudiences } from './read-audiences.ts';
import { readClient } from './read-client.ts';
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
  const needed = type === ACCESS_TOKEN_TYPE;
  const { profile } = issuer;
  const subject = wrongText(profile.subject, claims[profile.subject], needed);
  if (subject !== undefined) return subject;
  const client_id = readClient(claims, profile);
  if (typeof client_id !== 'string') return client_id;
  const wrong =
    wrongText('jti', claims.jti, needed) ??
    wrongTimes(claims) ??
    wrongActor(claims.act) ??
    wrongConfirmation(claims.cnf);
  if (wrong !== undefined) return wrong;
  const audiences = readAudiences(claims.aud);
  if ('kind' in audiences) return audiences;
  const scopes = readScopes(claims, profile, type !== ACCESS_TOKEN_TYPE);
  if ('kind' in scopes) return scopes;

  const { [profile.subject]: sub, jti, iat, exp, nbf, act, cnf } = claims;
  const actor = isJsonObject(act) ? act.sub : undefined;
  return {
    kind: 'checked',
    token: {
      type,
      algorithm,
      key_id: kid,
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
      ...(typeof actor === 'string' && { actor }),
      claims,
    },
  };
}

function wrongTimes({ iat, exp, nbf }: JsonObject): Refused | undefined {
  for (const [name, value] of Object.entries({ iat, exp, nbf }))
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

/** RFC 8693 §4.1. Only the outermost actor counts; who stands behind it is history. */
function wrongActor(act: Json | undefined): Refused | undefined {
  if (act === undefined) return undefined;
  if (isJsonObject(act)) return wrongText('act.sub', Object.hasOwn(act, 'sub') ? act.sub : undefined, true);
  return noObject('act', act, 'RFC 8693 §4.1');
}

/** RFC 7800 §3.1. A cnf of another form must not pass as none: the token would lose its binding. */
function wrongConfirmation(cnf: Json | undefined): Refused | undefined {
  if (cnf === undefined || isJsonObject(cnf)) return undefined;
  return noObject('cnf', cnf, 'RFC 7800 §3.1');
}

/** Never with its value: in place of a confirmation may stand the key itself, and in place of an actor its token. */
function noObject(name: 'act' | 'cnf', value: Json, section: string): Refused {
  const kind = kindOf(value);
  return refuse(
    'claims_invalid',
    `The claim "${name}" must be an object, and is ${kind}. Have the issuer follow ${section}.`,
    { expected: ['an object'], actual: [kind] },
  );
}
