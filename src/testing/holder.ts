/** A client whose tokens are bound to its DPoP key, for tests that run audgate or a server of their own. */
import type { Algorithm } from '../registry/registry.ts';
import { createProofKey, type ProofSpec, prove } from './prove.ts';

export interface TestHolder {
  /** For the claims of its tokens: `claims: { cnf: holder.cnf }`. */
  readonly cnf: { readonly jkt: string };
  /** The value of one DPoP header, for one request. */
  prove(wanted: WantedProof): Promise<string>;
}

/** A right proof, and how it departs from one. */
export interface WantedProof extends ProofSpec {
  /** The access token that it is sent with. */
  readonly token: string;
  /** The registered resource of the server. */
  readonly resource: string;
  /** Default `POST`. */
  readonly method?: string;
  /** Of the server's last DPoP-Nonce header. */
  readonly nonce?: string;
  /** Default: the system's clock. */
  readonly now?: Date;
}

export async function createTestHolder(algorithm: Algorithm = 'ES256'): Promise<TestHolder> {
  const key = await createProofKey(algorithm);
  return {
    cnf: { jkt: key.jkt },
    prove: ({ token, resource, method = 'POST', nonce, now = new Date(), ...spec }) => {
      const seconds = Math.floor(now.getTime() / 1000);
      return prove(key, { method, resource, token, nonce, proof_id: crypto.randomUUID(), now: seconds }, spec);
    },
  };
}
