/** Who holds tokens: a key of each algorithm, each with a token that is bound to it. */

import { hash } from 'node:crypto';
import type { Ask } from '../../../src/decide/ask.ts';
import type { Algorithm } from '../../../src/registry/registry.ts';
import { signText } from '../../../src/testing/mint.ts';
import { createProofKey, type ProofKey } from '../../../src/testing/prove.ts';
import { ALGORITHMS, type Authorities, FILES, NOW, type Overlay } from '../authorities.ts';

export type HostileAsk = Pick<Ask, 'token' | 'scheme' | 'method' | 'proof'>;

export interface Holder {
  readonly own: ProofKey;
  /** Bound to its key. */
  readonly token: string;
}

export interface Holders {
  readonly by: Authorities;
  of(algorithm: Algorithm): Holder;
  /** Signed with the holder's key; `undefined` removes a member. */
  proof(holder: Holder, header?: Overlay, claims?: Overlay, how?: Parameters<typeof signText>[3]): Promise<string>;
  /** What is asked with this proof, or several, beside the holder's token. */
  ask(holder: Holder, proof: string | readonly string[] | Promise<string>, more?: HostileAsk): Promise<HostileAsk>;
}

export async function holders(by: Authorities): Promise<Holders> {
  const made = await Promise.all(
    ALGORITHMS.map(async (algorithm): Promise<[Algorithm, Holder]> => {
      const own = await createProofKey(algorithm);
      return [algorithm, { own, token: await by.token('corp', {}, { cnf: { jkt: own.jkt } }) }];
    }),
  );
  const all = new Map(made);
  let proofs = 0;
  return {
    by,
    of(algorithm) {
      const holder = all.get(algorithm);
      if (holder === undefined) throw new Error(`nobody has a key of ${algorithm}`);
      return holder;
    },
    proof({ own, token }, header = {}, claims = {}, how = 'valid') {
      proofs += 1;
      return signText(
        own.key,
        proofHeader(own, header),
        proofPayload(token, { jti: `proof-${proofs}`, ...claims }),
        how,
      );
    },
    async ask({ token }, proof, more = {}) {
      const sent = await proof;
      const dpop = typeof sent === 'string' ? [sent] : sent;
      return { token, scheme: 'DPoP', method: 'POST', proof: { dpop }, ...more };
    },
  };
}

export function proofHeader({ key, jwk }: ProofKey, over: Overlay = {}): string {
  return JSON.stringify({ typ: 'dpop+jwt', alg: key.algorithm, jwk, ...over });
}

export function proofPayload(token: string, over: Overlay = {}): string {
  const ath = hash('sha256', token, 'base64url');
  return JSON.stringify({ jti: 'proof', htm: 'POST', htu: FILES, iat: NOW, ath, ...over });
}
