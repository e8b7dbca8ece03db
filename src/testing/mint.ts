/**
 * Really signed tokens for cases and tests: a right token of an issuer, then the overlays that make it wrong.
 * The signature is made by WebCrypto itself, because jose rightly refuses to write most of the headers that audgate
 * must refuse to read (`alg: none`, `crit`, no `alg`, HMAC keyed with the public key).
 */
import type { webcrypto } from 'node:crypto';
import { base64url, exportJWK, type GenerateKeyPairResult, generateKeyPair } from 'jose';
import type { Json, JsonObject } from '../json/value.ts';
import { type Profile, UNTYPED } from '../registry/profile/profile.ts';
import { PROFILES } from '../registry/profile/profiles.ts';
import type { Algorithm } from '../registry/registry.ts';

/** RFC 7518 §3.3 asks for at least 2048 bits; more only makes tests slow. */
const RSA_BITS = 2048;
/** A right token lives this long, in seconds. */
const LIFETIME_SECONDS = 300;

export interface IssuerKey {
  readonly algorithm: Algorithm;
  readonly key_id: string;
  /** The public key, as an issuer's inline `jwks` holds it. */
  readonly jwk: JsonObject;
  /** Signs with the issuer's key. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** Signs with a key of the same kind that the issuer does not have; it is made when first needed. */
  signForeign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** How a token departs from a right one. */
export interface TokenSpec {
  /** Laid over `{alg, kid, typ}`; null removes a member. */
  readonly header?: JsonObject;
  /** Laid over the right claims; null removes a member. `exp`, `iat`, `nbf`, `auth_time` may be `"+300"` or `"-10"`: seconds from now. */
  readonly claims?: JsonObject;
  readonly sign?: 'valid' | 'foreign_key' | 'none' | 'broken';
}

/** What a right token holds. */
export interface RightToken {
  /** The exact `iss`. */
  readonly issuer: string;
  /** Media type without `application/`, or `untyped`. */
  readonly type: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Where the issuer puts each fact; rfc9068 if absent. */
  readonly profile?: Profile;
  /** A fresh `jti`. */
  readonly token_id: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** One key an issuer, of its first algorithm; `kid` is the issuer's registry key. */
export async function createIssuerKeys(
  algorithms: Readonly<Record<string, Algorithm>>,
): Promise<ReadonlyMap<string, IssuerKey>> {
  const made = await Promise.all(
    Object.entries(algorithms).map(async ([issuer, algorithm]): Promise<[string, IssuerKey]> => {
      return [issuer, await createIssuerKey(issuer, algorithm)];
    }),
  );
  return new Map(made);
}

export async function createIssuerKey(keyId: string, algorithm: Algorithm): Promise<IssuerKey> {
  const pair = await generate(algorithm);
  const { kty, crv, x, y, n, e } = await exportJWK(pair.publicKey);
  const members = { kty, crv, x, y, n, e, kid: keyId, alg: algorithm, use: 'sig' };
  let foreign: Promise<GenerateKeyPairResult> | undefined;
  return {
    algorithm,
    key_id: keyId,
    jwk: without(members),
    sign: (data) => signWith(algorithm, pair.privateKey, data),
    async signForeign(data) {
      foreign ??= generate(algorithm);
      return signWith(algorithm, (await foreign).privateKey, data);
    },
  };
}

/** A compact JWS. Whether it is a right one is the spec's doing: nothing is checked here. */
export async function mint(key: IssuerKey, right: RightToken, spec: TokenSpec = {}): Promise<string> {
  const how = spec.sign ?? 'valid';
  const algorithm = how === 'none' ? 'none' : key.algorithm;
  const header = overlay(
    { alg: algorithm, kid: key.key_id, ...(right.type !== UNTYPED && { typ: right.type }) },
    spec.header,
  );
  const claims = overlay(rightClaims(right), spec.claims);
  return signText(key, JSON.stringify(header), JSON.stringify(relativeTimes(claims, right.now)), how);
}

/** The same for texts that are no JSON, or JSON that no writer makes (a member twice, lone surrogates). */
export async function signText(
  key: IssuerKey,
  header: string,
  claims: string,
  how: NonNullable<TokenSpec['sign']> = 'valid',
): Promise<string> {
  const signed = `${base64url.encode(header)}.${base64url.encode(claims)}`;
  const data = new TextEncoder().encode(signed);
  switch (how) {
    case 'none':
      return `${signed}.`;
    case 'foreign_key':
      return `${signed}.${base64url.encode(await key.signForeign(data))}`;
    case 'broken': {
      const signature = await key.sign(data);
      signature[0] = (signature[0] ?? 0) ^ 1;
      return `${signed}.${base64url.encode(signature)}`;
    }
    case 'valid': {
      const hmac = hmacHash(header);
      return `${signed}.${base64url.encode(hmac === null ? await key.sign(data) : await confuse(hmac, key.jwk, data))}`;
    }
  }
}

/** Claims of a right token, as its issuer puts them. */
export function rightClaims(right: RightToken): JsonObject {
  const { subject, client, scopes, token_id, constants } = right.profile ?? PROFILES.rfc9068;
  const [place] = scopes;
  return {
    iss: right.issuer,
    aud: right.audience,
    [subject]: 'user-1',
    [client[0]]: 'client-1',
    ...(token_id !== null && { [token_id]: right.token_id }),
    iat: right.now,
    exp: right.now + LIFETIME_SECONDS,
    [place.claim]: place.form === 'text' ? right.scopes.join(' ') : right.scopes,
    ...constants,
  };
}

/** null removes a member. */
export function overlay(base: JsonObject, changes: JsonObject = {}): JsonObject {
  return Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null));
}

/** `"+300"` in a time is so many seconds from now. */
export function relativeTimes(claims: JsonObject, now: number): JsonObject {
  const relative = (value: Json): Json =>
    typeof value === 'string' && /^[+-]\d+$/.test(value) ? now + Number(value) : value;
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      ['exp', 'iat', 'nbf', 'auth_time'].includes(name) ? relative(value) : value,
    ]),
  );
}

function generate(algorithm: Algorithm): Promise<GenerateKeyPairResult> {
  return generateKeyPair(algorithm, { modulusLength: RSA_BITS, extractable: true });
}

async function signWith(
  algorithm: Algorithm,
  key: CryptoKey,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign(signing(algorithm), key, data));
}

/** WebCrypto's name of a JWS algorithm (RFC 7518 §3, RFC 8037 §3.1, RFC 9864 §2.2). */
function signing(algorithm: Algorithm): webcrypto.AlgorithmIdentifier | webcrypto.EcdsaParams | webcrypto.RsaPssParams {
  const bits = algorithm.slice(-3);
  switch (algorithm.slice(0, 2)) {
    case 'ES':
      return { name: 'ECDSA', hash: `SHA-${bits}` };
    case 'PS':
      return { name: 'RSA-PSS', saltLength: Number(bits) / 8 };
    case 'RS':
      return { name: 'RSASSA-PKCS1-v1_5' };
    default:
      return { name: 'Ed25519' };
  }
}

/** The hash of a header's HMAC algorithm, null when it names none. */
function hmacHash(header: string): string | null {
  const [, bits] = /"alg":"HS(256|384|512)"/.exec(header) ?? [];
  return bits === undefined ? null : `SHA-${bits}`;
}

/** The algorithm confusion attack: an HMAC whose secret is the issuer's public key, which everybody knows. */
async function confuse(hash: string, jwk: JsonObject, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const secret = new TextEncoder().encode(JSON.stringify(jwk));
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, data));
}

function without(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const present = Object.entries(members).filter((pair): pair is [string, Json] => pair[1] !== undefined);
  return Object.fromEntries(present);
}
