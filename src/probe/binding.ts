/** A key that tokens of a probe are bound to, so that a server which requires DPoP judges more than its absence (RFC 9449). */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface Binding {
  /** `cnf.jkt` (RFC 9449 §6.1). */
  readonly jkt: string;
  /** @param url without query and fragment */
  proof(of: {
    readonly method: string;
    readonly url: string;
    readonly token: string;
    readonly nonce?: string | undefined;
  }): Promise<string>;
}

export interface BindingParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

export async function createBinding({ now, newId }: BindingParts): Promise<Binding> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const jwk = { kty: kty ?? 'EC', crv: crv ?? 'P-256', x: x ?? '', y: y ?? '' };
  return {
    jkt: await calculateJwkThumbprint(jwk),
    async proof({ method, url, token, nonce }) {
      const ath = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
      const [htu = ''] = url.split('?', 1);
      const claims = { htm: method, htu, ath: ath.toString('base64url'), ...(nonce !== undefined && { nonce }) };
      return new SignJWT(claims)
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .setJti(newId())
        .setIssuedAt(Math.floor(now() / 1000))
        .sign(privateKey);
    },
  };
}
