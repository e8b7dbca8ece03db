/** Tokens that are withdrawn before their end. Asked at each decision, for remembered tokens too. */
import type { TokenFacts } from '../../decision/facts.ts';

/** By what a token was withdrawn; never by its text, which has many equals (an ECDSA signature is malleable). */
export type RevokedBy = 'jti' | 'sub' | 'client_id' | 'issued_before';

export type RevocationAnswer =
  | { readonly kind: 'clear' }
  | { readonly kind: 'revoked'; readonly by: RevokedBy }
  /** A list is configured and cannot be had: nobody knows. `detail` holds nothing secret. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface Revocations {
  /** Synchronous: what is listed is held in memory. @param issuer registry key */
  judge(token: TokenFacts, issuer: string): RevocationAnswer;
  /** Null: no list is configured. */
  status(): RevocationStatus | null;
}

/** How it stands with the lists (`/v1/status`). Times are RFC 3339. */
export interface RevocationStatus {
  /** In force now, of all sources. */
  readonly entries: number;
  /** False: nothing is allowed, because a source cannot be had. */
  readonly available: boolean;
  readonly sources: readonly SourceStatus[];
}

export interface SourceStatus {
  readonly source: 'file' | 'valkey';
  /** Path, or URL. */
  readonly location: string;
  readonly entries: number;
  /** When what is held was last known to be the whole list. Null: never yet. */
  readonly confirmed_at: string | null;
  /** What is wrong with the source now. */
  readonly last_error: null | { readonly at: string; readonly problems: readonly string[] };
}

/** No list is configured. */
export const NO_REVOCATIONS: Revocations = { judge: () => ({ kind: 'clear' }), status: () => null };
