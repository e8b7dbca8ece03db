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
}

/** No list is configured. */
export const NO_REVOCATIONS: Revocations = { judge: () => ({ kind: 'clear' }) };
