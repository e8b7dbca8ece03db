/** Which public keys audgate takes, inline or from a key set. The lint and the reader of key sets judge by the same limits. */

import { hasControl } from '../json/control.ts';

/** Bits of an RSA modulus: RFC 7518 §3.3 asks for 2048; more than 4096 only costs time with each verification. */
export const MIN_RSA_BITS = 2048;
export const MAX_RSA_BITS = 4096;
/** The one public exponent, and its one canonical spelling in a JWK (RFC 7518 §6.3.1.2). */
export const RSA_EXPONENT = 65_537n;
export const RSA_EXPONENT_TEXT = 'AQAB';
/** Private members of RSA, EC, OKP and AKP keys, and the value of a symmetric key (RFC 7518 §6, RFC 8037 §2). */
export const SECRET_MEMBERS: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** Characters; the same limit holds for the token's (contract 5). */
const MAX_KID_LENGTH = 255;

/** What a `kid` must be, in words. */
export const KID_FORM = `1 to ${MAX_KID_LENGTH} characters without control characters`;

export function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && kid !== '' && kid.length <= MAX_KID_LENGTH && !hasControl(kid);
}
