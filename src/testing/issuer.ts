/** An issuer whose key a test holds, for tests that run audgate or a server of their own. Never for anything but tests. */
import type { JsonObject } from '../json/value.ts';
import type { Algorithm } from '../registry/registry.ts';
import { createIssuerKey, mint, type TokenSpec } from './mint.ts';

export interface TestIssuer {
  /** Its `iss`. */
  readonly issuer: string;
  /** The public key: `jwks` of the issuer in a registry, or what its `jwks_uri` answers. */
  readonly jwks: { readonly keys: readonly JsonObject[] };
  mint(wanted: WantedToken): Promise<string>;
}

/** A right token, and how it departs from one. */
export interface WantedToken extends TokenSpec {
  readonly audience: string;
  /** Default: none. */
  readonly scopes?: readonly string[];
  /** Default: the system's clock. */
  readonly now?: Date;
}

export async function createTestIssuer(issuer: string, algorithm: Algorithm = 'ES256'): Promise<TestIssuer> {
  const key = await createIssuerKey('test', algorithm);
  return {
    issuer,
    jwks: { keys: [key.jwk] },
    mint: ({ audience, scopes = [], now = new Date(), ...spec }) => {
      const seconds = Math.floor(now.getTime() / 1000);
      const right = { issuer, type: 'at+jwt', audience, scopes, token_id: crypto.randomUUID(), now: seconds };
      return mint(key, right, spec);
    },
  };
}
