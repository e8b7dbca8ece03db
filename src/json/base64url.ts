/**
 * Base64url with one spelling for each value (RFC 4648 §3.5): the bits that a decoder drops would make many texts of one, and
 * every list of what was seen or withdrawn would be passed by.
 */

/** @returns null for what is not canonical base64url without padding */
export function decodeBase64url(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
