/** Step 2: the header. It names an algorithm and a key, and may bring neither a key nor a way to read the rest. */

import { hasControl } from '../../json/control.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import { found, MAX_TEXT_LENGTH, type Refused, refuse } from './refuse.ts';

export interface Header {
  readonly kind: 'header';
  /** As written; not yet compared with anything. */
  readonly alg: string;
  readonly kid: string;
  /** Any JSON value: the type is judged with the issuer, which lists its types. */
  readonly typ: Json | undefined;
}

/**
 * Members by which a token would choose its own key (RFC 8725 §3.10), or change how it is to be read (RFC 7515 §4.1.11,
 * RFC 7516 §4.1.3, RFC 7797, RFC 7519 §5.2). `x5t` and `x5t#S256` only name a certificate and are not looked at.
 */
const FORBIDDEN = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'cty', 'zip', 'b64'];

export function checkHeader(header: JsonObject): Header | Refused {
  for (const member of FORBIDDEN)
    if (Object.hasOwn(header, member))
      return refuse(
        'token_malformed',
        `The token's header holds "${member}", which no access token may. Have the issuer leave it out.`,
        { actual: [member] },
      );
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string')
    return refuse('token_malformed', `The token's header needs "alg", a string. Have the issuer name its algorithm.`, {
      actual: [found(alg)],
    });
  if (typeof kid !== 'string' || kid === '')
    return refuse(
      'token_malformed',
      `The token's header needs "kid", the name of the key that signed it. Have the issuer name its keys.`,
      { actual: [found(kid)] },
    );
  if (kid.length > MAX_TEXT_LENGTH || hasControl(kid))
    return refuse(
      'token_malformed',
      `The "kid" of the token's header must have at most ${MAX_TEXT_LENGTH} characters, none of them a control character. Have the issuer rename its key.`,
      { actual: [kid] },
    );
  return { kind: 'header', alg, kid, typ };
}
