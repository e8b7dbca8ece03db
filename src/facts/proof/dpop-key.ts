/** Checks 6 and 7 of RFC 9449 §4.3: the key that the proof brings, and its signature. */
import { calculateJwkThumbprint, compactVerify, errors, importJWK } from 'jose';
import { isWholeSignature } from '../../decision/signature.ts';
import { decodeBase64url } from '../../json/base64url.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import { MAX_RSA_BITS, MIN_RSA_BITS, RSA_EXPONENT_TEXT, SECRET_MEMBERS } from '../../registry/jwk.ts';
import type { DpopAlgorithm } from './dpop-form.ts';
import { type Refused, refuse } from './refuse.ts';

/** The members that define a key (RFC 7638 §3.2), and no others: nothing else of a proof reaches an import. */
type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

export interface ProofKey {
  readonly kind: 'key';
  readonly jwk: PublicJwk;
  readonly algorithm: DpopAlgorithm;
}

interface Fit {
  readonly kty: PublicJwk['kty'];
  readonly crv?: string;
  /** Bytes of a coordinate (RFC 7518 §6.2.1.2, RFC 8037 §2). */
  readonly size?: number;
}

const RSA: Fit = { kty: 'RSA' };
const ED25519: Fit = { kty: 'OKP', crv: 'Ed25519', size: 32 };
/** The one kind of key of each algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
const FITS: Readonly<Record<DpopAlgorithm, Fit>> = {
  ES256: { kty: 'EC', crv: 'P-256', size: 32 },
  ES384: { kty: 'EC', crv: 'P-384', size: 48 },
  ES512: { kty: 'EC', crv: 'P-521', size: 66 },
  EdDSA: ED25519,
  Ed25519: ED25519,
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
};

const OTHER = 'Make the proof with a key that fits.';

export function readProofKey(jwk: JsonObject, algorithm: DpopAlgorithm): ProofKey | Refused {
  // 7: whoever shows its private key has none. Nothing of it is repeated.
  if (SECRET_MEMBERS.some((member) => Object.hasOwn(jwk, member)))
    return invalid(
      'The jwk of the proof holds a private key. Get a new key, and put its public half alone into proofs.',
    );
  const { alg, use, key_ops: operations } = jwk;
  if (alg !== undefined && alg !== algorithm)
    return invalid(`The jwk of the proof is for another algorithm (alg) than the proof’s own, ${algorithm}. ${OTHER}`);
  if (use !== undefined && use !== 'sig') return invalid(`The jwk of the proof is not for signatures (use). ${OTHER}`);
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return invalid(`The jwk of the proof is not for verification (key_ops). ${OTHER}`);
  const read = publicJwk(jwk, algorithm);
  if (typeof read === 'string') return invalid(`The jwk of the proof ${read}. ${OTHER}`);
  return { kind: 'key', jwk: read, algorithm };
}

/** RFC 7638, with SHA-256, as `cnf.jkt` holds it (RFC 9449 §6.1). */
export function thumbprintOf({ jwk }: ProofKey): Promise<string> {
  return calculateJwkThumbprint(jwk, 'sha256');
}

/** @returns undefined when the signature verifies */
export async function verifyProof(text: string, { jwk, algorithm }: ProofKey): Promise<Refused | undefined> {
  const key = await imported(jwk, algorithm);
  if (key === null) return invalid(`The jwk of the proof is no key of ${algorithm}. ${OTHER}`);
  if (isWholeSignature(text, key) && (await verifies(text, key, algorithm))) return undefined;
  return invalid(
    'The signature of the proof does not verify with its own jwk. Sign the proof with the key that it shows.',
  );
}

async function verifies(text: string, key: CryptoKey, algorithm: DpopAlgorithm): Promise<boolean> {
  try {
    // The payload that jose gives back is not used: it is what was read before, byte for byte.
    await compactVerify(text, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    // Anything else is a bug here and no judgement about the proof.
    if (!(error instanceof errors.JOSEError)) throw error;
    return false;
  }
}

function invalid(message: string): Refused {
  return refuse('proof_invalid', message);
}

/** The defining members, or what is wrong with them. Whether a point is on its curve is found out by the import. */
function publicJwk(jwk: JsonObject, algorithm: DpopAlgorithm): PublicJwk | string {
  const { kty, crv, x, y, n, e } = jwk;
  const fit = FITS[algorithm];
  if (kty !== fit.kty || (fit.crv !== undefined && crv !== fit.crv))
    return `is no key of ${algorithm}: ${fit.crv ?? fit.kty} is expected`;
  if (fit.kty === 'RSA') {
    const modulus = typeof n === 'string' ? decodeBase64url(n) : null;
    if (typeof n !== 'string' || modulus === null) return 'lacks n';
    if (e !== RSA_EXPONENT_TEXT) return 'has a public exponent other than 65537';
    const bits = bitLength(modulus);
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
      return `has a modulus of ${bits} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`;
    return { kty: 'RSA', n, e };
  }
  if (!isCoordinate(x, fit)) return 'has an x of another length than its curve';
  if (fit.kty === 'OKP') return { kty: 'OKP', crv: fit.crv ?? '', x };
  if (!isCoordinate(y, fit)) return 'has a y of another length than its curve';
  return { kty: 'EC', crv: fit.crv ?? '', x, y };
}

/** Of its one length: else several texts were one key, with several thumbprints. */
function isCoordinate(value: Json | undefined, { size }: Fit): value is string {
  return typeof value === 'string' && decodeBase64url(value)?.length === size;
}

/** Bits of a big-endian number. One that is padded is refused by its first byte: it has another thumbprint than the key. */
function bitLength(bytes: Uint8Array): number {
  const [first = 0] = bytes;
  return first === 0 ? 0 : bytes.length * 8 - (Math.clz32(first) - 24);
}

async function imported(jwk: PublicJwk, algorithm: DpopAlgorithm): Promise<CryptoKey | null> {
  try {
    const key = await importJWK(jwk, algorithm, { extractable: false });
    return key instanceof Uint8Array ? null : key;
  } catch {
    // A point off its curve: the proof is bad, and what it held stays unsaid.
    return null;
  }
}
