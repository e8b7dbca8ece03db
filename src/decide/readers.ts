/** Where the facts about a client's credentials come from: its token, its proofs, and what was withdrawn. */
import type { Proofs, UseAnswer } from '../facts/proof/proofs.ts';
import type { Revocations } from '../facts/revocation/revocations.ts';
import type { TokenReader } from '../facts/token/read.ts';

export interface Readers {
  readonly tokens: TokenReader;
  readonly proofs: Proofs;
  readonly revocations: Revocations;
}

/** The same, for questions that open nothing: they see what was used, and mark no proof as used. */
export function inspecting(readers: Readers): Readers {
  const { proofs } = readers;
  return {
    tokens: readers.tokens,
    revocations: readers.revocations,
    proofs: {
      read: (source, context) => proofs.read(source, context),
      use: (once, how) => proofs.use(once, { ...how, mark: false }),
      status: () => proofs.status(),
    },
  };
}

/**
 * The same for a decision that is judged again: by now its proof is a used one, so what the store said of it then stands.
 * @param codes of the reasons for the decision as it was made
 */
export function repeating(readers: Readers, codes: readonly string[]): Readers {
  const { proofs } = readers;
  // A proof that was refused when it was read is refused again, before its use.
  let then: UseAnswer = { kind: 'fresh' };
  if (codes.includes('proof_replayed')) then = { kind: 'replayed' };
  else if (codes.includes('proof_invalid')) then = { kind: 'forgotten' };
  return {
    tokens: readers.tokens,
    revocations: readers.revocations,
    proofs: {
      read: (source, context) => proofs.read(source, context),
      use: () => then,
      status: () => proofs.status(),
    },
  };
}
