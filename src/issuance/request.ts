/** A request for issuance, read: what kind it is and what its texts hold. No judgement. */
import { ID_JAG, type IssuanceQuestion, TOKEN_EXCHANGE } from '../decision/issuance.ts';

/** Scopes of one text that count, as of a token (contract 5). A client may write any number, and each is compared with each. */
const MAX_SCOPES = 256;

/** An identity provider is asked for an assertion that another authorization server will take. */
export function isIdJag({ grant, requested_token_type }: IssuanceQuestion): boolean {
  return grant === TOKEN_EXCHANGE && requested_token_type === ID_JAG;
}

/**
 * Scopes of a text, each once, in its order (RFC 6749 §3.3: separated by spaces, and by nothing else). Undefined: none, which
 * is the same as an absent text (RFC 6749 §3.1). What stands beyond the first 256 is never granted.
 */
export function scopesOf(text: string | undefined): string[] | undefined {
  const scopes = [...new Set(text?.split(' '))].filter((scope) => scope !== '');
  return scopes.length === 0 ? undefined : scopes.slice(0, MAX_SCOPES);
}
