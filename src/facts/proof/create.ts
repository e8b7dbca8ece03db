/** Proofs as a decision asks for them: read, and used once. */
import { hash } from 'node:crypto';
import { createDpopReader, type DpopSettings } from './dpop.ts';
import type { Proofs } from './proofs.ts';
import type { UseStore } from './store.ts';

export interface ProofParts extends DpopSettings {
  readonly store: UseStore;
}

export function createProofs(parts: ProofParts): Proofs {
  const { store } = parts;
  const readDpop = createDpopReader(parts);
  return {
    async read(source, context) {
      const dpop = await readDpop(source?.dpop ?? [], context);
      switch (dpop.kind) {
        case 'none':
          return { reasons: [] };
        case 'refused': {
          const { code, reason, response_headers } = dpop;
          return {
            facts: { dpop: { refused: code } },
            reasons: [reason],
            ...(response_headers && { response_headers }),
          };
        }
        case 'proved': {
          const { facts, once, response_headers } = dpop;
          return { facts: { dpop: facts }, reasons: [], once, ...(response_headers && { response_headers }) };
        }
      }
    },
    use({ server, jkt, jti, until }, { mark, retry_id: retry }) {
      // Of one length and without meaning: a store's keys are seen by more people than its owner.
      const key = hash('sha256', JSON.stringify([server, jkt, jti]), 'base64url');
      return store.use(key, { until, ...(retry !== undefined && { retry }) }, mark);
    },
  };
}
