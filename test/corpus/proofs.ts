/** Hostile proofs, made from code: each stands beside a right token, is a right proof but for one thing, and says its reason. */

import { ALGORITHMS, type Authorities } from './authorities.ts';
import { proofClaims, proofTimes, targets } from './proofs/claims.ts';
import { type HostileAsk, holders } from './proofs/holders.ts';
import { proofAlgorithms, proofKeys, proofSignatures } from './proofs/keys.ts';
import { proofHeaders, proofTexts, schemes } from './proofs/texts.ts';

export interface HostileProof extends HostileAsk {
  readonly family: string;
  /** Unique; says what is wrong with it. */
  readonly name: string;
  /** All reasons of the decision, in the order of precedence. */
  readonly reasons: readonly string[];
}

/** What is wrong, what is sent and the reasons. */
export type MadeProof = readonly [name: string, ask: Promise<HostileAsk>, ...reasons: string[]];

export async function hostileProofs(by: Authorities): Promise<readonly HostileProof[]> {
  const held = await holders(by);
  const families: Readonly<Record<string, Iterable<MadeProof>>> = {
    ...Object.fromEntries(ALGORITHMS.map((algorithm) => [`alg of ${algorithm}`, proofAlgorithms(held, algorithm)])),
    ...Object.fromEntries(
      ALGORITHMS.map((algorithm) => [`signature of ${algorithm}`, proofSignatures(held, algorithm)]),
    ),
    key: proofKeys(held),
    header: proofHeaders(held),
    claims: proofClaims(held),
    time: proofTimes(held),
    target: targets(held),
    text: proofTexts(held),
    scheme: schemes(held),
  };
  const all = Object.entries(families).flatMap(([family, made]) =>
    Array.from(made, async ([name, ask, ...reasons]): Promise<HostileProof> => {
      return { family, name: `${family}: ${name}`, ...(await ask), reasons };
    }),
  );
  return Promise.all(all);
}
