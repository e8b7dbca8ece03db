/** Where the facts about a client's credentials come from: its token, its proofs, and what was withdrawn. */
import type { Proofs } from '../facts/proof/proofs.ts';
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
