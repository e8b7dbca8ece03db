/**
 * Inline keys: public and asymmetric, each with a kid, each of use to one of the issuer's algorithms. Problems name the kid
 * and never show a value: what stands there may be a private key.
 */
import { createPublicKey } from 'node:crypto';
import type { Json, JsonObject } from '../../json/value.ts';
import { isKid, KID_FORM, MAX_RSA_BITS, MIN_RSA_BITS, RSA_EXPONENT, SECRET_MEMBERS } from '../jwk.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { Algorithm } from '../registry.ts';

const FITS: Readonly<Record<string, readonly Algorithm[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
};

type Keys = readonly (Readonly<Record<string, Json>> | undefined)[];

export function lintKeySet(
  keys: Keys,
  algorithms: readonly (Algorithm | undefined)[] | undefined,
  place: Place,
  report: Report,
): void {
  const kids = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (key === undefined) continue;
    const here = below(place, index);
    const kid = key.kid;
    const name = typeof kid === 'string' ? `The key ${quote(kid)}` : `Key ${index}`;
    const refuse = (message: string, remedy: string) =>
      report(here, { value: null, message: `${name} ${message}`, remedy });
    if (!isKid(kid)) {
      refuse('has no kid that a token could name.', `Add kid: ${KID_FORM}.`);
    } else if (kids.has(kid)) refuse('stands here twice.', 'Give each key its own kid.');
    else kids.add(kid);
    const type = publicType(key, refuse);
    if (type !== undefined)
      lintUse(key, type, algorithms, refuse, (message, remedy) =>
        report(here, { severity: 'warning', value: null, message: `${name} ${message}`, remedy }),
      );
  }
}

type Say = (message: string, remedy: string) => void;

/** Which row of FITS the key is of; undefined when it was refused. */
function publicType(key: JsonObject, refuse: Say): string | undefined {
  if (key.kty === 'oct') {
    refuse('is symmetric: whoever verifies with it could also sign.', 'Write public keys of kty EC, OKP or RSA.');
    return undefined;
  }
  const secret = SECRET_MEMBERS.filter((member) => Object.hasOwn(key, member));
  if (secret.length > 0) {
    refuse(
      `is private: it has ${secret.join(', ')}.`,
      'Remove these members, and replace the key at the issuer: whoever saw this file can sign.',
    );
    return undefined;
  }
  const type = key.kty === 'RSA' ? 'RSA' : key.kty === 'EC' || key.kty === 'OKP' ? key.crv : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(FITS, type)) {
    refuse(
      'is of no type that audgate verifies with.',
      `Write a key of kty RSA, or of crv P-256, P-384, P-521, Ed25519.`,
    );
    return undefined;
  }
  const details = detailsOf(key);
  if (details === undefined) {
    refuse('is no well-formed public key.', 'Copy it anew from the issuer’s key set.');
    return undefined;
  }
  const { modulusLength: bits = 0, publicExponent } = details;
  if (type === 'RSA' && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || publicExponent !== RSA_EXPONENT)) {
    refuse(
      `has ${bits} bits and exponent ${publicExponent}.`,
      `Use RSA keys of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits with exponent ${RSA_EXPONENT}.`,
    );
    return undefined;
  }
  return type;
}

interface Details {
  readonly modulusLength?: number | undefined;
  readonly publicExponent?: bigint | undefined;
}

function detailsOf(key: JsonObject): Details | undefined {
  try {
    // OpenSSL checks that the numbers are a key: the lengths, and that a point lies on its curve.
    return createPublicKey({ key: { ...key }, format: 'jwk' }).asymmetricKeyDetails ?? {};
  } catch {
    return undefined;
  }
}

/** RFC 7517 §4.2 to §4.4: what the key says that it is for. */
function lintUse(
  key: JsonObject,
  type: string,
  algorithms: readonly (Algorithm | undefined)[] | undefined,
  refuse: Say,
  warn: Say,
): void {
  const { use, key_ops: operations, alg } = key;
  if ((use !== undefined && use !== 'sig') || (Array.isArray(operations) && !operations.includes('verify'))) {
    refuse('is not for verifying signatures.', 'Write use: sig, or remove the key.');
  }
  if (algorithms === undefined) return;
  const fitting = algorithms.filter((algorithm) => algorithm !== undefined && FITS[type]?.includes(algorithm));
  if (fitting.length === 0) {
    refuse(`is of type ${type}, which none of the issuer's algorithms uses.`, 'Add its algorithm, or remove the key.');
  } else if (alg !== undefined && !fitting.some((algorithm) => algorithm === alg)) {
    refuse(`has alg ${quote(alg)}, not one of ${fitting.join(', ')}.`, 'Write the alg that the issuer signs with.');
  } else if (alg === undefined && fitting.length > 1) {
    warn(`has no alg, and ${fitting.join(', ')} fit: no token will verify with it.`, 'Add alg to the key.');
  }
}
