/** One decision as far as misuse is recognised from it: which token, where, through whom, and what that says of the token. */
import type { Ask, Caller } from '../decide/ask.ts';
import type { Evaluation } from '../decide/evaluate.ts';
import type { Decision } from '../decision/decision.ts';
import type { TokenFacts } from '../decision/facts.ts';
import type { ReasonCode } from '../decision/reasons.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';

/** A decision after it was made. */
export interface Observed {
  readonly ask: Ask;
  readonly caller: Caller;
  readonly decision: Decision;
  readonly evaluation: Evaluation;
  /** By which it was made. */
  readonly registry: Pick<Registry, 'issuerByIss' | 'ownersOf'>;
}

/**
 * What a decision says of a token at a server.
 * - `here`: as far as anybody knows it was issued for this server, or a waiver lets it be used here.
 * - `elsewhere`: verified, and it is for something else.
 * - `nothing`: refused for what it is itself; nobody verified what it says.
 * - `unseen`: the decision ended before the token was looked at, or its issuer could not be asked.
 */
export type Place = 'here' | 'elsewhere' | 'nothing' | 'unseen';

export interface Sighting {
  /** The token's text. */
  readonly text: string;
  /** Registry key. */
  readonly server: string;
  readonly caller: string;
  /** What the caller is a replica of; its own name otherwise. */
  readonly gateway: string;
  readonly place: Place;
  readonly verified: boolean;
  /** Null: not known. */
  readonly token: TokenFacts | null;
  /** Registry key of the issuer; null where nobody verified it. */
  readonly issuer: string | null;
  readonly codes: readonly ReasonCode[];
  readonly decision_id: string;
}

/** Longer texts are no tokens (contract 5), and a client's megabyte is not hashed. */
const MAX_TOKEN_LENGTH = 8192;

/** For which a token is refused because it was issued for something else. */
const ELSEWHERE: ReadonlySet<string> = new Set<ReasonCode>([
  'issuer_not_trusted',
  'audience_missing',
  'audience_mismatch',
  'audience_not_exclusive',
  'token_passthrough',
]);

/** For which a text is refused that no registered issuer stands behind. */
const NOTHING: ReadonlySet<string> = new Set<ReasonCode>([
  'token_malformed',
  'token_encrypted',
  'issuer_unknown',
  'algorithm_not_allowed',
  'token_type_not_allowed',
  'claims_invalid',
  'key_unknown',
  'signature_invalid',
  'token_inactive',
]);

/** With which nobody said whether it is for this server. */
const UNJUDGED: ReadonlySet<string> = new Set<ReasonCode>(['policy_unavailable', 'policy_error', 'rule_not_satisfied']);

/** @returns null: no token came, or it came to no registered server */
export function sightingOf({ ask, caller, decision, evaluation, registry }: Observed): Sighting | null {
  const { server, token } = evaluation;
  if (!ask.token || server === null || ask.token.length > MAX_TOKEN_LENGTH) return null;
  const verified = evaluation.verified === true && token !== null;
  const issuer = verified ? (registry.issuerByIss.get(token.issuer)?.key ?? null) : null;
  const codes = decision.reasons.map(({ code }) => code);
  const place = placeOf(token, verified, codes);
  return {
    text: ask.token,
    server: server.key,
    caller: caller.name,
    gateway: caller.gateway ?? caller.name,
    place: place === 'elsewhere' && isWaived(server, issuer, token) ? 'here' : place,
    verified,
    token,
    issuer,
    codes,
    decision_id: decision.decision_id,
  };
}

function placeOf(token: TokenFacts | null, verified: boolean, codes: readonly ReasonCode[]): Place {
  if (codes.length === 0) return 'here';
  if (token === null) return codes.some((code) => NOTHING.has(code)) ? 'nothing' : 'unseen';
  if (codes.some((code) => ELSEWHERE.has(code))) return verified ? 'elsewhere' : 'nothing';
  return codes.some((code) => UNJUDGED.has(code)) ? 'unseen' : 'here';
}

/**
 * A token that a waiver lets in here, or did until a day that somebody forgot, is no stranger: that this call is none of the
 * waiver's is its client's mistake.
 */
function isWaived(server: ServerRecord, issuer: string | null, token: TokenFacts | null): boolean {
  if (issuer === null || token === null) return false;
  const waivers = server.waiversFor(issuer, token.client_id);
  return waivers.some(
    ({ what, audience }) => what === 'audience' && audience !== undefined && token.audiences.includes(audience),
  );
}
