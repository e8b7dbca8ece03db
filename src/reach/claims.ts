/**
 * Claims without a token: what a token of these claims would open if an issuer signed it. Read as a token's claims are, by the
 * same code, but for header and signature: nobody knows whether any issuer ever wrote them.
 */
import type { Readers } from '../decide/readers.ts';
import { checkForm } from '../facts/token/check-claims.ts';
import { findIssuer } from '../facts/token/find-issuer.ts';
import { matchIssuer } from '../facts/token/match-issuer.ts';
import type { TokenReader, TokenReading } from '../facts/token/read.ts';
import type { JsonObject } from '../json/value.ts';
import { INTROSPECTED, UNTYPED } from '../registry/profile/profile.ts';
import type { IssuerRecord, Registry } from '../registry/registry.ts';

/** What stands for the token's text, which nobody reads. */
export const NO_TEXT = 'claims';

/** The same readers, to which every text is a token of these claims. */
export function readingClaims(readers: Readers, claims: JsonObject, registry: Registry): Readers {
  const reading = readClaims(claims, registry);
  const tokens: TokenReader = { read: () => reading };
  return { ...readers, tokens };
}

function readClaims(claims: JsonObject, registry: Registry): TokenReading {
  const found = findIssuer(claims, registry);
  if (found.kind === 'refused') return found;
  const { issuer } = found;
  // Which type the header would say nobody knows: of those that the issuer writes, the first that these claims are right for.
  const readings = issuer.token_types.map((type) => readAs(type, claims, issuer));
  const right = readings.find(({ kind }) => kind === 'verified');
  const [first] = readings;
  if (first === undefined) throw new Error(`issuer ${issuer.key} has no token type`);
  return right ?? first;
}

function readAs(type: string, claims: JsonObject, issuer: IssuerRecord): TokenReading {
  const [algorithm] = issuer.algorithms;
  if (type !== INTROSPECTED && algorithm !== undefined) {
    const header = { kind: 'header', alg: algorithm, kid: NO_TEXT, typ: type === UNTYPED ? undefined : type } as const;
    const matched = matchIssuer(header, claims, issuer);
    if (matched.kind === 'refused') return matched;
  }
  const checked = checkForm(claims, { type, ...(algorithm && { algorithm }) }, issuer);
  return checked.kind === 'refused' ? checked : { kind: 'verified', token: checked.token, issuer };
}
