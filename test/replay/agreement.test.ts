/** `replay` says what deciding everything again says: 10,000 decisions, generated registries and changes, the real policy. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEntry } from '../../src/replay/entry.ts';
import { judgeAgain } from '../../src/replay/judge-again.ts';
import { openPolicy } from '../../src/replay/open.ts';
import { READS_ALL } from '../../src/replay/reads.ts';
import { decided, loaded, question, registryValue } from './generate.ts';

const PAIRS = 100;
const QUESTIONS = 100;

it(`agrees with deciding again on ${PAIRS * QUESTIONS} decisions`, async () => {
  const policy = await openPolicy(null);
  if (!policy.ok) throw new Error(JSON.stringify(policy.problems));
  const seen = { judged: 0, facts: 0, not: 0, opens: 0, closes: 0 };
  await fc.assert(
    fc.asyncProperty(
      registryValue,
      registryValue,
      fc.array(question, { minLength: QUESTIONS, maxLength: QUESTIONS }),
      async (before, after, questions) => {
        const [then, now] = [loaded(before), loaded(after)];
        for (const asked of questions) {
          const old = await decided(asked, then, policy.opened);
          const fresh = await decided(asked, now, policy.opened);
          const entry = readEntry(old.line);
          if (entry === null) throw new Error(old.line);
          const again = judgeAgain(entry, { registry: now, policy: policy.opened, reads: READS_ALL });
          const codes = fresh.decision.reasons.map(({ code }) => code);
          if (again.kind === 'judged') {
            seen.judged++;
            if (old.decision.decision !== 'allow' && again.outcome === 'allow') seen.opens++;
            if (old.decision.decision === 'allow' && again.outcome !== 'allow') seen.closes++;
            expect({ outcome: again.outcome, codes: again.codes }, old.line).toEqual({
              outcome: fresh.decision.decision,
              codes: [...new Set(codes)],
            });
          } else if (again.kind === 'facts') {
            seen.facts++;
            expect(fresh.decision.decision, old.line).toBe('deny');
          } else seen.not++;
        }
      },
    ),
    { numRuns: PAIRS, seed: 5, endOnFailure: true },
  );
  // Else it would agree about nothing.
  expect(seen.judged, JSON.stringify(seen)).toBeGreaterThan(5_000);
  expect(seen.opens).toBeGreaterThan(100);
  expect(seen.closes).toBeGreaterThan(100);
  expect(seen.not).toBeLessThan(3_000);
});
