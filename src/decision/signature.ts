/** What the verification of signatures leaves open: their length. */

/**
 * RFC 8017 §8.1.2 and §8.2.2, step 1: an RSA signature is as long as the modulus. Measured: OpenSSL takes one of PSS without
 * its leading zeros too, which makes two texts of one signature in 256. Those of other kinds it holds to their length.
 * @param text a compact JWS of canonical base64url
 */
export function isWholeSignature(text: string, { algorithm }: CryptoKey): boolean {
  if (!('modulusLength' in algorithm)) return true;
  const letters = text.length - text.lastIndexOf('.') - 1;
  return Math.floor((letters * 3) / 4) === Math.ceil(Number(algorithm.modulusLength) / 8);
}
