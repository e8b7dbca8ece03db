/** Precedence is a total order: whatever order reasons are found in, the same one sets the challenge. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CUSTOM_CODE,
  comparePrecedence,
  entryOf,
  isFixedCode,
  REASONS,
  type ReasonCode,
} from '../../src/decision/reasons.ts';

const fixed = REASONS.map(({ code }) => code).filter(isFixedCode);
const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,4}$/);
const code: fc.Arbitrary<ReasonCode> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...fixed) },
  { weight: 2, arbitrary: fc.tuple(word, word).map(([rule, name]): ReasonCode => `custom:${rule}/${name}`) },
);
const sign = (a: ReasonCode, b: ReasonCode) => Math.sign(comparePrecedence(a, b));

describe('the precedence of reasons', () => {
  it('compares any two, one way only', () => {
    fc.assert(
      fc.property(code, code, (a, b) => {
        expect(sign(a, b)).toBe(0 - sign(b, a));
        expect(sign(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(code, code, code, (a, b, c) => {
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('sorts any reasons alike, however they were found', () => {
    fc.assert(
      fc.property(
        fc
          .uniqueArray(code, { minLength: 2 })
          .chain((codes) => fc.tuple(fc.constant(codes), fc.shuffledSubarray(codes, { minLength: codes.length }))),
        ([codes, shuffled]) => {
          expect(shuffled.toSorted(comparePrecedence)).toEqual(codes.toSorted(comparePrecedence));
        },
      ),
    );
  });

  it('puts custom codes between policy_error and scope_insufficient', () => {
    fc.assert(
      fc.property(word, word, (rule, name) => {
        const custom: ReasonCode = `custom:${rule}/${name}`;
        expect(custom).toMatch(CUSTOM_CODE);
        expect([sign('policy_error', custom), sign(custom, 'scope_insufficient')]).toEqual([-1, -1]);
      }),
    );
  });

  it('is asked only about codes that exist', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!isFixedCode(text) && !CUSTOM_CODE.test(text));
        // A code that nobody registered is a bug, however it got here.
        const unknown = text as ReasonCode;
        expect(() => entryOf(unknown)).toThrow('not in the registry of reasons');
      }),
    );
  });
});
