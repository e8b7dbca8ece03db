/** What an issuer says of a token (RFC 7662 §2.2) → claims in the form of any token's, or why the token is refused. */
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { INTROSPECTED } from '../../registry/profile/profile.ts';
import type { IssuerRecord } from '../../registry/registry.ts';
import { type Checked, checkForm } from './check-claims.ts';
import { found, quote, type Refused, refuse } from './refuse.ts';

/** RFC 6750 §6.1.1 and RFC 9449 §12.1. What an issuer also knows, as refresh tokens, is not for servers. */
const TOKEN_TYPES = ['bearer', 'dpop'];
/** RFC 7662 makes them optional; without them nobody could say for whom, from whom and how long the token is. */
const REQUIRED = ['iss', 'aud', 'exp', 'client_id'];

export function checkAnswer(answer: JsonObject, issuer: IssuerRecord): Checked | Refused {
  // Exactly true: "true", 1 and whatever else some code takes for true says nothing that an issuer may say.
  if (answer.active !== true)
    return refuse(
      'token_inactive',
      `Issuer "${issuer.key}" says that the token is not active: it has ended, was withdrawn, or is not one of its tokens. Get a new token from the issuer.`,
    );
  const { active, token_type, ...claims } = answer;
  const missing = REQUIRED.filter((name) => claims[name] === undefined || claims[name] === null);
  if (missing.length > 0)
    return refuse(
      'claims_invalid',
      `The answer of issuer "${issuer.key}" about the token lacks ${missing.join(', ')}. Have the issuer tell iss, aud, exp and client_id (RFC 7662 §2.2).`,
      { expected: REQUIRED, actual: REQUIRED.filter((name) => !missing.includes(name)) },
    );
  if (claims.iss !== issuer.issuer)
    return refuse(
      'claims_invalid',
      `The answer of issuer "${issuer.key}" about the token names another iss, ${quote(String(found(claims.iss)))}. Have the issuer answer for its own tokens only, or register what it writes.`,
      { expected: [issuer.issuer], actual: [found(claims.iss)] },
    );
  const type = typeof token_type === 'string' ? token_type.toLowerCase() : token_type;
  if (type !== undefined && !TOKEN_TYPES.some((one) => one === type))
    return refuse(
      'token_type_not_allowed',
      `Issuer "${issuer.key}" says that the token is of token_type ${quote(String(found(token_type)))}; Bearer or DPoP is expected. Send the access token.`,
      { expected: ['Bearer', 'DPoP'], actual: [found(token_type)] },
    );
  // RFC 9449 §6.2: the key is told beside it, or the binding would be lost.
  if (type === 'dpop' && !(isJsonObject(claims.cnf) && typeof claims.cnf.jkt === 'string'))
    return refuse(
      'claims_invalid',
      `Issuer "${issuer.key}" says that the token is bound by DPoP, and not to which key. Have the issuer tell cnf.jkt (RFC 9449 §6.2).`,
      { expected: ['cnf.jkt'] },
    );
  return checkForm(claims, { type: INTROSPECTED }, issuer);
}
