/** With which keys the tokens of a probe are signed: one that the issuer publishes, and strangers'. */
import { calculateJwkThumbprint, generateKeyPair, importJWK, type JWK } from 'jose';
import { discover } from '../facts/keys/discover.ts';
import { download } from '../facts/keys/download.ts';
import { publicHalf } from '../facts/keys/judge-member.ts';
import { readJson } from '../json/read.ts';
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import type { Algorithm, IssuerRecord } from '../registry/registry.ts';
import type { ExchangeParts } from './exchange.ts';

export interface Signer {
  readonly algorithm: Algorithm;
  readonly key_id: string;
  readonly key: CryptoKey;
}

/** What an issuer publishes now. `detail` holds no URL and no key. */
export type Published =
  | { readonly ok: true; readonly members: readonly Json[] }
  | { readonly ok: false; readonly detail: string };

export async function publishedKeys({ key_source }: IssuerRecord, parts: ExchangeParts): Promise<Published> {
  switch (key_source.kind) {
    case 'jwks':
      return { ok: true, members: key_source.keys };
    case 'jwks_uri':
      return download(key_source.url, parts);
    case 'discovery': {
      const found = await discover(key_source, parts);
      return found.ok ? download(found.jwks_uri, parts) : found;
    }
    case 'introspection':
      return { ok: false, detail: 'it is asked about its tokens and publishes no key for them' };
  }
}

export type ReadKey =
  | { readonly ok: true; readonly jwk: JsonObject }
  /** Begins with a verb; holds nothing of the file. */
  | { readonly ok: false; readonly problem: string };

const SHAPE = 'must be one private JWK of type EC, OKP or RSA (RFC 7517 §4), as JSON';

/** @param text of the file that `--key` names */
export function readPrivateKey(text: string): ReadKey {
  const json = readJson(text.trim(), { depth: 4 });
  if (!json.ok || !isJsonObject(json.value)) return { ok: false, problem: SHAPE };
  const { kty, d, kid, alg } = json.value;
  if (typeof kty !== 'string' || !['EC', 'OKP', 'RSA'].includes(kty)) return { ok: false, problem: SHAPE };
  if (typeof d !== 'string') return { ok: false, problem: `holds a public key: it ${SHAPE}` };
  if (kid !== undefined && typeof kid !== 'string') return { ok: false, problem: 'has a kid that is no text' };
  if (alg !== undefined && typeof alg !== 'string') return { ok: false, problem: 'has an alg that is no text' };
  return { ok: true, jwk: json.value };
}

export type OpenedSigner =
  | { readonly ok: true; readonly signer: Signer }
  | { readonly ok: false; readonly why: string };

/**
 * The key by which servers verify: a refusal of a token whose key they do not know says nothing about its audience. So the key
 * must stand in the issuer's set now, under its kid.
 */
export async function openSigner(jwk: JsonObject, issuer: IssuerRecord, published: Published): Promise<OpenedSigner> {
  const name = `issuer "${issuer.key}"`;
  if (!published.ok) return { ok: false, why: `the keys of ${name} cannot be had: ${published.detail}` };
  const algorithm = algorithmOf(jwk, issuer.algorithms);
  if (algorithm === null)
    return { ok: false, why: `the key fits none of the algorithms of ${name}: ${issuer.algorithms.join(', ')}` };
  const mine = await thumbprint(jwk);
  if (mine === null) return { ok: false, why: 'the key cannot be read: a member is missing or wrong' };
  const prints = await Promise.all(published.members.map(thumbprint));
  const twins = published.members.filter((member, at) => prints[at] === mine && isJsonObject(member));
  const kids = twins.flatMap((member) => (isJsonObject(member) && typeof member.kid === 'string' ? [member.kid] : []));
  const key_id = typeof jwk.kid === 'string' ? kids.find((kid) => kid === jwk.kid) : kids[0];
  if (key_id === undefined)
    return { ok: false, why: `${name} does not publish the key${typeof jwk.kid === 'string' ? ' under its kid' : ''}` };
  try {
    const key = await importJWK(jwk as JWK, algorithm);
    if (key instanceof Uint8Array) return { ok: false, why: 'the key is symmetric' };
    return { ok: true, signer: { algorithm, key_id, key } };
  } catch {
    return { ok: false, why: 'the key cannot be read: a member is missing or wrong' };
  }
}

/** Somebody else's key of the issuer's kind, under a kid that the issuer publishes where that is known. */
export async function strangerTo(issuer: IssuerRecord, published: Published, signer: Signer | null): Promise<Signer> {
  const algorithm = signer?.algorithm ?? issuer.algorithms[0] ?? 'ES256';
  const members = published.ok ? published.members.filter(isJsonObject) : [];
  const twin = members.find((member) => algorithmOf(member, [algorithm]) !== null && typeof member.kid === 'string');
  const key_id = signer?.key_id ?? (typeof twin?.kid === 'string' ? twin.kid : 'audgate-probe');
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength: 2048 });
  return { algorithm, key_id, key: privateKey };
}

/** The first that the key is for (RFC 7518 §3.1, RFC 8037 §3.1). */
function algorithmOf({ kty, crv, alg }: JsonObject, algorithms: readonly Algorithm[]): Algorithm | null {
  const fits = (one: Algorithm) => {
    if (typeof alg === 'string' && alg !== one) return false;
    if (kty === 'RSA') return /^[RP]S/.test(one);
    if (kty === 'OKP') return crv === 'Ed25519' && (one === 'EdDSA' || one === 'Ed25519');
    return kty === 'EC' && crv === { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[one as 'ES256'];
  };
  return algorithms.find(fits) ?? null;
}

async function thumbprint(member: Json): Promise<string | null> {
  const half = publicHalf(member);
  if (half === null) return null;
  // RFC 7638 §3.2: the members that define the key, and no others.
  return calculateJwkThumbprint({ ...half }).catch(() => null);
}
