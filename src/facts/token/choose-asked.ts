/** Which issuer is asked about a token (RFC 7662): the one that an opaque token can be of, or the one that a JWT names. */
import type { JsonObject } from '../../json/value.ts';
import type { IssuerRecord } from '../../registry/registry.ts';
import { findIssuer } from './find-issuer.ts';
import type { ReadAt } from './read.ts';
import { quote, type Refused, refuse } from './refuse.ts';
import { tooLong } from './split.ts';

export interface Chosen {
  readonly kind: 'chosen';
  readonly issuer: IssuerRecord;
}

/** RFC 6750 §2.1: what can stand in an Authorization header as a token. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** @returns undefined where the text is a JWT, or nobody at this server could be asked about it */
export function askedAboutOpaque(text: string, at: ReadAt): Chosen | Refused | undefined {
  const { server, registry } = at;
  // Cheap first: all that is read of almost every token here.
  if (isThreefold(text)) return undefined;
  const asked = server.issuers.flatMap((key) => {
    const issuer = registry.issuers.get(key);
    return issuer?.key_source.kind === 'introspection' ? [issuer] : [];
  });
  const [issuer, other] = asked;
  // The lint refuses two. An opaque token names no issuer, and one must not be shown another's.
  if (issuer === undefined || other !== undefined) return undefined;
  const long = tooLong(text);
  if (long !== undefined) return long;
  if (!TOKEN.test(text))
    return refuse(
      'token_malformed',
      'The token holds characters that none may have: letters, digits and - . _ ~ + / are expected, perhaps with = at the end (RFC 6750 §2.1). Send the access token exactly as the authorization server issued it.',
    );
  return enabled(issuer);
}

/** @returns undefined where the issuer that the claims name is not one that is asked */
export function askedAboutJwt(claims: JsonObject, { registry, server }: ReadAt): Chosen | Refused | undefined {
  const found = findIssuer(claims, registry);
  if (found.kind === 'refused' || found.issuer.key_source.kind !== 'introspection') return undefined;
  const { issuer } = found;
  // Nobody is shown a token but at a server that trusts it: not even to be told what it is.
  if (!server.issuers.includes(issuer.key))
    return refuse(
      'issuer_not_trusted',
      `The issuer ${quote(issuer.issuer)} is registered, but server "${server.key}" does not list it. Get a token from an issuer that this server lists.`,
      { expected: server.issuers, actual: [issuer.issuer] },
    );
  return { kind: 'chosen', issuer };
}

function enabled(issuer: IssuerRecord): Chosen | Refused {
  if (!issuer.disabled) return { kind: 'chosen', issuer };
  return refuse(
    'issuer_disabled',
    `Issuer "${issuer.key}", which this server would ask about the token, is disabled in the registry. Get a token from another issuer, or enable this one.`,
  );
}

/** Whether it has the three segments of a signed JWT. Reads no further than a fourth. */
function isThreefold(text: string): boolean {
  const first = text.indexOf('.');
  const second = first < 0 ? -1 : text.indexOf('.', first + 1);
  return second >= 0 && text.indexOf('.', second + 1) < 0;
}
