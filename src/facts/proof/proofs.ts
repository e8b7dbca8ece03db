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
  /** Seconds since the epoch after which the proof is refused by its age alone. */
  readonly until: number;
}

export interface UseSettings {
  /** False: tells what a use would be answered, and changes nothing. */
  readonly mark: boolean;
  /** The caller's own id of the client's request, where the caller vouches for it; absent: every use counts. */
  readonly retry_id?: string;
}

export type UseAnswer =
  /** Nobody used it before, or this is the gateway's own second try of the same request. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'replayed' }
  /** The store is full or gone. `detail` holds nothing secret. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Proofs {
  read(source: ProofSource | undefined, context: ProofContext): ProofReading | Promise<ProofReading>;
  /** One atomic write, the last step before allow. */
  use(once: ProofUse, how: UseSettings): UseAnswer | Promise<UseAnswer>;
}

/** Reads nothing: a token that is bound stays unproved, and is refused. */
export const NO_PROOFS: Proofs = {
  read: () => ({ reasons: [] }),
  use: () => ({ kind: 'unavailable', detail: 'no store of used proofs is configured' }),
};
