/** Token text → verified claims, or the first thing that is wrong with it (contract 5). */
import type { TokenFacts } from '../../decision/facts.ts';
import type { KeyAnswer } from '../../decision/key.ts';
import type { Reason } from '../../decision/reason.ts';
import type { Algorithm, IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import { askedAboutJwt, askedAboutOpaque } from './choose-asked.ts';
import { findIssuer } from './find-issuer.ts';
import { type Introspector, unavailable } from './introspect.ts';
import { keepBinding } from './keep-binding.ts';
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
  readonly registry: Pick<Registry, 'issuerByIss' | 'issuers'>;
  readonly server: AskedServer;
}

export type AskedServer = Pick<ServerRecord, 'key' | 'resource' | 'issuers'>;

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

export interface TokenReaderParts {
  readonly lookup: KeyLookup;
  /** Verified tokens to remember, at least 1. */
  readonly cacheSize: number;
  /** Absent: no issuer can be asked about a token. */
  readonly introspector?: Pick<Introspector, 'ask'>;
}

export function createTokenReader(parts: TokenReaderParts): TokenReader {
  const { lookup, introspector = NOBODY_ASKED } = parts;
  const memory = createMemory(lookup, parts.cacheSize);

  async function readAnew(text: string, at: ReadAt, digest: string | undefined): Promise<TokenReading> {
    const { registry, server } = at;
    const opaque = askedAboutOpaque(text, at);
    if (opaque?.kind === 'refused') return opaque;
    if (opaque !== undefined) return introspector.ask(text, opaque.issuer, server);
    const segments = splitText(text);
    if (segments.kind === 'refused') return segments;
    const parsedHeader = parseSegment(segments.header, 'header');
    if (parsedHeader.kind === 'refused') return parsedHeader;
    const header = checkHeader(parsedHeader.object);
    const parsedClaims = parseSegment(segments.payload, 'claims');
    const written = parsedClaims.kind === 'refused' ? undefined : parsedClaims.object;
    const asked = written && askedAboutJwt(written, at);
    if (asked?.kind === 'refused') return asked;
    // What the header says of key and type is nobody's business who asks the issuer.
    if (written !== undefined && asked !== undefined)
      return keepBinding(written, await introspector.ask(text, asked.issuer, server));
    if (header.kind === 'refused') return header;
    if (parsedClaims.kind === 'refused') return parsedClaims;
    const claims = parsedClaims.object;
    const found = findIssuer(claims, registry);
    if (found.kind === 'refused') return found;
    const { issuer } = found;
    const matched = matchIssuer(header, claims, issuer);
    if (matched.kind === 'refused') return matched;
    const checked = checkClaims(claims, matched, header.kid, issuer);
    if (checked.kind === 'refused') return checked;
    const { token } = checked;

    const wanted = { kid: header.kid, alg: matched.algorithm };
    const answer = judgeAnswer(await lookup(issuer, wanted), wanted, issuer, server.issuers);
    if (answer.kind === 'refused') return answer;
    if (answer.kind === 'unavailable') return { kind: 'unverified', token, issuer, detail: answer.detail };
    const refused = await verifySignature(text, answer, wanted, issuer);
    if (refused !== undefined) return refused;
    const reading = { kind: 'verified', token, issuer } as const;
    if (digest !== undefined) memory.keep({ digest, length: text.length }, reading, wanted, answer.generation);
    return reading;
  }

  return {
    read(text, at) {
      // Nothing longer is ever verified, so a client's megabyte is not hashed either.
      if (text.length > MAX_TOKEN_LENGTH) return readAnew(text, at, undefined);
      const digest = digestOf(text);
      const known = memory.recall(digest, at);
      if (known === undefined) return readAnew(text, at, digest);
      if (known instanceof Promise) return known.then((still) => still ?? readAnew(text, at, digest));
      return known;
    },
  };
}

const NOBODY_ASKED: Pick<Introspector, 'ask'> = {
  ask: (_, issuer, server) => ({
    kind: 'unavailable',
    reason: unavailable(issuer, `no credentials are configured under introspection.credentials.${server.key}`),
  }),
};
