/** Token text → verified claims, or the first thing that is wrong with it (contract 5). */
import type { TokenFacts } from '../../decision/facts.ts';
import type { KeyAnswer } from '../../decision/key.ts';
import type { Reason } from '../../decision/reason.ts';
import type { Algorithm, IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import { findIssuer } from './find-issuer.ts';
import { matchIssuer } from './match-issuer.ts';
import { parseSegment } from './parse.ts';
import { createMemory, digestOf } from './remember.ts';
import { MAX_TOKEN_LENGTH, splitText } from './split.ts';
import { judgeAnswer, verifySignature } from './verify-signature.ts';

export type TokenReading =
  | { readonly kind: 'verified'; readonly token: TokenFacts; readonly issuer: IssuerRecord }
  /** The keys cannot be had. The claims are what the text says, and nobody knows whether the issuer said it. */
  | { readonly kind: 'unverified'; readonly token: TokenFacts; readonly issuer: IssuerRecord; readonly detail: string }
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** Nothing is known of the token, because its issuer could not be asked. */
  | { readonly kind: 'unavailable'; readonly reason: Reason };

/** The registry of the decision's snapshot, and the server that the token came to. */
export interface ReadAt {
  readonly registry: Pick<Registry, 'issuerByIss'>;
  readonly server: Pick<ServerRecord, 'key' | 'issuers'>;
}

/** Where keys come from: the issuer's registered source, never the token. Must not reject. */
export type KeyLookup = (
  issuer: IssuerRecord,
  wanted: { kid: string; alg: Algorithm },
) => KeyAnswer | Promise<KeyAnswer>;

export interface TokenReader {
  /**
   * @param text the access token without its scheme, as the client sent it
   * @returns synchronously for a remembered token while its key is held
   */
  read(text: string, at: ReadAt): TokenReading | Promise<TokenReading>;
}

/** @param parts.cacheSize verified tokens to remember, at least 1 */
export function createTokenReader(parts: { readonly lookup: KeyLookup; readonly cacheSize: number }): TokenReader {
  const { lookup } = parts;
  const memory = createMemory(lookup, parts.cacheSize);

  async function readAnew(
    text: string,
    registry: Pick<Registry, 'issuerByIss'>,
    digest: string | undefined,
  ): Promise<TokenReading> {
    const segments = splitText(text);
    if (segments.kind === 'refused') return segments;
    const parsedHeader = parseSegment(segments.header, 'header');
    if (parsedHeader.kind === 'refused') return parsedHeader;
    const header = checkHeader(parsedHeader.object);
    if (header.kind === 'refused') return header;
    const parsedClaims = parseSegment(segments.payload, 'claims');
    if (parsedClaims.kind === 'refused') return parsedClaims;
    const claims = parsedClaims.object;
    const found = findIssuer(claims, registry);
    if (found.kind === 'refused') return found;
    const { issuer } = found;
    if (issuer.key_source.kind === 'introspection')
      return {
        kind: 'unavailable',
        reason: {
          code: 'introspection_unavailable',
          message: `Issuer "${issuer.key}" cannot be asked about the token: no credentials are configured. Configure introspection.credentials for this server.`,
        },
      };
    const matched = matchIssuer(header, claims, issuer);
    if (matched.kind === 'refused') return matched;
    const checked = checkClaims(claims, matched, header.kid, issuer);
    if (checked.kind === 'refused') return checked;
    const { token } = checked;

    const wanted = { kid: header.kid, alg: matched.algorithm };
    const answer = judgeAnswer(await lookup(issuer, wanted), wanted, issuer);
    if (answer.kind === 'refused') return answer;
    if (answer.kind === 'unavailable') return { kind: 'unverified', token, issuer, detail: answer.detail };
    const refused = await verifySignature(text, answer, wanted, issuer);
    if (refused !== undefined) return refused;
    const reading = { kind: 'verified', token, issuer } as const;
    if (digest !== undefined) memory.keep(digest, reading, wanted, answer.generation);
    return reading;
  }

  return {
    read(text, { registry }) {
      // Nothing longer is ever verified, so a client's megabyte is not hashed either.
      if (text.length > MAX_TOKEN_LENGTH) return readAnew(text, registry, undefined);
      const digest = digestOf(text);
      const known = memory.recall(digest, registry);
      if (known === undefined) return readAnew(text, registry, digest);
      if (known instanceof Promise) return known.then((still) => still ?? readAnew(text, registry, digest));
      return known;
    },
  };
}
