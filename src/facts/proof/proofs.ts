/**
 * Proofs of possession: what the client showed beside its token, as facts. Whether they are those that the token and the
 * server ask for is policy. A DPoP proof's single use stands apart, because it is the one side effect of a decision.
 */
import type { ProofFacts, ProofSource, TokenFacts } from '../../decision/facts.ts';
import type { Reason } from '../../decision/reason.ts';

/** What a proof is held against. */
export interface ProofContext {
  readonly token: TokenFacts;
  /** The access token as it was sent, for `ath`. Never kept. */
  readonly text: string;
  /** Lower case. */
  readonly scheme: 'bearer' | 'dpop';
  readonly server: { readonly key: string; readonly resource: string };
  /** Of the client's HTTP request; absent: the asker did not say. */
  readonly method?: string | undefined;
  /** Seconds since the epoch. */
  readonly now: number;
}

export interface ProofReading {
  /** Undefined: nothing was shown. */
  readonly facts?: ProofFacts;
  /** Sentence and evidence of each proof that `facts` says is refused, by its code. */
  readonly reasons: readonly Reason[];
  /** Of a good DPoP proof: what is marked as used when all else allows. */
  readonly once?: ProofUse;
  /** Response headers that the client must get, whatever is decided (`dpop-nonce`, RFC 9449 §8.2). */
  readonly response_headers?: Readonly<Record<string, readonly string[]>>;
}

export interface ProofUse {
  readonly server: string;
  readonly jkt: string;
  readonly jti: string;
  /** Seconds since the epoch, as the proof says (iat). */
  readonly issued_at: number;
  /** Seconds since the epoch after which the proof is refused by its age alone. */
  readonly until: number;
}

export interface UseSettings {
  /** False: tells what a use would be answered, and changes nothing. */
  readonly mark: boolean;
  /** Names the client's request, where the caller vouches for its id; absent: every use counts. */
  readonly retry_id?: string;
}

export type UseAnswer =
  /** Nobody used it before, or this is (`again`) the gateway's own second try of the same request. */
  | { readonly kind: 'fresh'; readonly again?: boolean }
  | { readonly kind: 'replayed' }
  /** It was made before the store lost what it held, and may have been used then. */
  | { readonly kind: 'forgotten' }
  /** The store is full or gone. `detail` holds nothing secret. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Proofs {
  read(source: ProofSource | undefined, context: ProofContext): ProofReading | Promise<ProofReading>;
  /** One atomic write, the last step before allow. */
  use(once: ProofUse, how: UseSettings): UseAnswer | Promise<UseAnswer>;
  /** Null: no store is configured. */
  status(): ProofsStatus | null;
}

/** How it stands with the store of used proofs (`/v1/status`). Times are RFC 3339. */
export interface ProofsStatus {
  readonly store: 'memory' | 'valkey';
  /** URL of a shared one. */
  readonly location: string | null;
  /** False: calls with proofs get replay_store_unavailable. */
  readonly available: boolean;
  /** Proofs made before are refused, because which of them were used is not known. Null: nothing was ever lost. */
  readonly accepted_since: string | null;
  /** Used proofs that this process holds; null: they are elsewhere. */
  readonly entries: number | null;
  readonly max_entries: number | null;
  readonly last_error: null | { readonly at: string; readonly problem: string };
}

/** Reads nothing: a token that is bound stays unproved, and is refused. */
export const NO_PROOFS: Proofs = {
  read: () => ({ reasons: [] }),
  use: () => ({ kind: 'unavailable', detail: 'no store of used proofs is configured' }),
  status: () => null,
};
