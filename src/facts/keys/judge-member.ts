/**
 * Whether one member of a key set is a public signature key that audgate may use. Bad members are skipped one by one,
 * so that a single odd key cannot take an issuer down (RFC 7517 §5). Nothing here looks at the issuer's algorithms.
 */
import { legible } from '../../decision/evidence.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { isKid, KID_FORM, MAX_RSA_BITS, MIN_RSA_BITS, RSA_EXPONENT_TEXT, SECRET_MEMBERS } from '../../registry/jwk.ts';

/** The public members that define a key (RFC 7638 §3.2), and no others: nothing else of a set reaches an import. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

export interface Candidate {
  readonly kind: 'candidate';
  readonly kid: string;
  /** The key's own `alg`, any text; undefined when it has none. */
  readonly alg: string | undefined;
  readonly jwk: PublicJwk;
}

/** `why` is for logs and status: it names the key by its kid and holds no key material. */
export interface Skipped {
  readonly kind: 'skipped';
  readonly why: string;
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * The public half of a member that shows its private half too. Whoever can read the set can sign with that key, under
 * whatever kid its public half stands there again.
 */
export function leakedKey(member: Json): PublicJwk | null {
  const isSecret = isJsonObject(member) && SECRET_MEMBERS.some((name) => typeof member[name] === 'string');
  return isSecret ? publicHalf(member) : null;
}

/** The public key that a member shows, whatever it is for and whether or not it may be used. */
export function publicHalf(member: Json): PublicJwk | null {
  const jwk = isJsonObject(member) ? publicJwk(member) : '';
  return typeof jwk === 'string' ? null : jwk;
}

export function judgeMember(member: Json): Candidate | Skipped {
  if (!isJsonObject(member)) return skipped('a member is no object');
  const { kid, use, key_ops: operations, alg } = member;
  if (typeof kid !== 'string') return skipped('a key has no kid');
  if (!isKid(kid)) return skipped(`a kid is not ${KID_FORM}`);
  const name = `key "${legible(kid)}"`;
  if (SECRET_MEMBERS.some((secret) => Object.hasOwn(member, secret)))
    return skipped(`${name} holds private or symmetric key material`);
  if (use !== undefined && use !== 'sig') return skipped(`${name} is not for signatures (use)`);
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return skipped(`${name} is not for verification (key_ops)`);
  if (alg !== undefined && typeof alg !== 'string') return skipped(`${name} has an alg that is no string`);
  const jwk = publicJwk(member);
  return typeof jwk === 'string' ? skipped(`${name} ${jwk}`) : { kind: 'candidate', kid, alg, jwk };
}

/**
 * The defining members, or what is wrong with them. Whether a point is on its curve is found out by the import. Each in its
 * one spelling, so that equal keys are equal texts: base64url lets the last character vary.
 */
function publicJwk(member: JsonObject): PublicJwk | string {
  const { kty, crv, x, y, n, e } = member;
  if (kty === 'EC') {
    if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521') return 'is on a curve that is not supported';
    return isBase64url(x) && isBase64url(y) ? { kty, crv, x: spelled(x), y: spelled(y) } : 'lacks x or y';
  }
  if (kty === 'OKP') {
    if (crv !== 'Ed25519') return 'is on a curve that is not supported';
    return isBase64url(x) ? { kty, crv, x: spelled(x) } : 'lacks x';
  }
  if (kty === 'RSA') {
    if (!isBase64url(n)) return 'lacks n';
    if (e !== RSA_EXPONENT_TEXT) return 'has a public exponent other than 65537';
    const bits = bitLength(n);
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
      return `has a modulus of ${bits} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are accepted`;
    return { kty, n: spelled(n, bits), e };
  }
  return 'has a kty that is not supported';
}

const isBase64url = (value: Json | undefined): value is string => typeof value === 'string' && BASE64URL.test(value);

/** @param bits of a number, whose leading zeros are dropped (RFC 7518 §6.3.1.1) */
function spelled(base64url: string, bits?: number): string {
  const bytes = Buffer.from(base64url, 'base64url');
  const kept = bits === undefined ? bytes : bytes.subarray(bytes.length - Math.ceil(bits / 8));
  return kept.toString('base64url');
}

/** Bits of a big-endian number, without leading zeros: a padded modulus must not look longer than it is. */
function bitLength(base64url: string): number {
  const bytes = Buffer.from(base64url, 'base64url');
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24;
}

function skipped(why: string): Skipped {
  return { kind: 'skipped', why };
}
