/** `audgate/testing`: tests of policies and of servers, in TypeScript. The matchers for vitest: `audgate/testing/vitest`. */
export type { Decision } from './decision/decision.ts';
export type { ReasonCode } from './decision/reasons.ts';
export { createTestHolder, type TestHolder, type WantedProof } from './testing/holder.ts';
export { createTestIssuer, type TestIssuer, type WantedToken } from './testing/issuer.ts';
export { type Matched, matchers } from './testing/matchers.ts';
export type { TokenSpec } from './testing/mint.ts';
export type { ProofSpec } from './testing/prove.ts';
export { type Asked, openTester, type Tester, type TesterOptions } from './testing/tester.ts';
