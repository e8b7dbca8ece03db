/** Really signed DPoP proofs for cases and tests: a right one (RFC 9449 §4.2), then the overlays that make it wrong. */
import { hash } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { JsonObject } from '../json/value.ts';
import type { Algorithm } from '../registry/registry.ts';
import { createIssuerKey, type IssuerKey, overlay, relativeTimes, signText, type TokenSpec } from './mint.ts';

/** Who holds a token: the key that it is bound to. */
export interface ProofKey {
  /** For `cnf.jkt` of the token. */
  readonly jkt: string;
  /** The public key, as proofs show it. */
  readonly jwk: JsonObject;
  readonly key: IssuerKey;
}

/** How a proof departs from a right one. */
export interface ProofSpec extends Omit<TokenSpec, 'header' | 'claims'> {
  /** Laid over `{typ, alg, jwk}`; null removes a member. */
  readonly header?: JsonObject;
  /** Laid over `{jti, htm, htu, iat, ath}`; null removes a member. Times may be `"+300"` or `"-10"`: seconds from now. */
  readonly claims?: JsonObject;
}

/** What a right proof is made for. */
export interface RightProof {
  readonly method: string;
  /** The registered resource of the server. */
  readonly resource: string;
  /** The access token, as it is sent. */
  readonly token: string;
  /** A fresh `jti`. */
  readonly proof_id: string;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly nonce?: string | undefined;
}

export async function createProofKey(algorithm: Algorithm = 'ES256'): Promise<ProofKey> {
  const key = await createIssuerKey('proof', algorithm);
  const { kid: _, alg: __, use: ___, ...jwk } = key.jwk;
  return { jkt: await calculateJwkThumbprint(jwk), jwk, key };
}

/** A compact JWS. Whether it is a right one is the spec's doing: nothing is checked here. */
export function prove({ key, jwk }: ProofKey, right: RightProof, spec: ProofSpec = {}): Promise<string> {
  const { method, resource, token, proof_id, now, nonce } = right;
  const how = spec.sign ?? 'valid';
  const header = overlay({ typ: 'dpop+jwt', alg: how === 'none' ? 'none' : key.algorithm, jwk }, spec.header);
  const claims = overlay(
    {
      jti: proof_id,
      htm: method,
      htu: resource.replace(/[?#].*$/s, ''),
      iat: now,
      ath: hash('sha256', token, 'base64url'),
      ...(nonce !== undefined && { nonce }),
    },
    spec.claims,
  );
  return signText(key, JSON.stringify(header), JSON.stringify(relativeTimes(claims, now)), how);
}
