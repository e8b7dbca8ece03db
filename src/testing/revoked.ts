/** The list of revoked tokens that one case is decided with. */
import { readEntry } from '../facts/revocation/entry.ts';
import { createList } from '../facts/revocation/list.ts';
import { NO_REVOCATIONS, type Revocations } from '../facts/revocation/revocations.ts';
import type { Case } from './schema.ts';

/** @param now milliseconds since the epoch @throws for an entry that is none */
export function revocationsOf(revoked: Case['revoked'], now: number): Revocations {
  if (revoked === undefined) return NO_REVOCATIONS;
  const { status } = NO_REVOCATIONS;
  if (revoked === 'unavailable') {
    return { status, judge: () => ({ kind: 'unavailable', detail: 'the case says so' }) };
  }
  const list = createList();
  for (const written of revoked) {
    const read = readEntry(written);
    // Cases were checked when they were read; what a test writes itself is checked here.
    if (!read.ok)
      throw new Error(`revoked: ${read.problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`);
    list.add(read.entry);
  }
  return {
    status,
    judge(token, issuer) {
      const by = list.find(token, issuer, Math.floor(now / 1000));
      return by === null ? { kind: 'clear' } : { kind: 'revoked', by };
    },
  };
}
