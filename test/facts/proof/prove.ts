/** Proofs for tests: a right one, and what is changed in it. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Json } from '../../../src/json/value.ts';

export interface Holder {
  readonly jwk: JWK;
  readonly jkt: string;
  readonly alg: string;
  readonly key: CryptoKey;
}

export async function holderOf(alg: string): Promise<Holder> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { jwk, jkt: await calculateJwkThumbprint(jwk), alg, key: privateKey };
}

type Members = Readonly<Record<string, Json | undefined>>;

/** A JWT of these very members; undefined ones are left out. The signature is whatever `sign` says. */
export async function jwt(
  header: Members,
  claims: Members,
  sign: (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> | Uint8Array,
): Promise<string> {
  const encode = (members: Members) => Buffer.from(JSON.stringify(members)).toString('base64url');
  const data = `${encode(header)}.${encode(claims)}`;
  return `${data}.${Buffer.from(await sign(new Uint8Array(Buffer.from(data)))).toString('base64url')}`;
}

/** What each algorithm is to WebCrypto. */
const PARAMETERS: Readonly<Record<string, Parameters<typeof crypto.subtle.sign>[0]>> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  ES512: { name: 'ECDSA', hash: 'SHA-512' },
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
  ...Object.fromEntries(['256', '384', '512'].map((size) => [`RS${size}`, 'RSASSA-PKCS1-v1_5'])),
  ...Object.fromEntries(
    [256, 384, 512].map((size) => [`PS${size}`, { name: 'RSA-PSS', saltLength: size / 8 }] as const),
  ),
};

export async function signWith({ alg, key }: Holder, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(PARAMETERS[alg] ?? alg, key, data));
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

export interface Change {
  readonly header?: Members;
  readonly claims?: Members;
}

export interface Right {
  readonly holder: Holder;
  readonly resource: string;
  readonly token: string;
  readonly now: number;
}

/** A right proof for POST, but for the changes. */
export function prove({ holder, resource, token, now }: Right, { header, claims }: Change = {}): Promise<string> {
  return jwt(
    { typ: 'dpop+jwt', alg: holder.alg, jwk: holder.jwk as Json, ...header },
    { jti: 'a-jti', htm: 'POST', htu: resource, iat: now, ath: sha256(token), ...claims },
    (data) => signWith(holder, data),
  );
}
