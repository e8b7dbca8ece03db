import type { ReasonCode } from './reasons.ts';

/** What was found or expected: never a token, proof or key. Written through `evidence()` before it leaves the process. */
export type Evidence = readonly (string | number)[];

/** Why a call was refused. A value, never thrown. */
export interface Reason {
  readonly code: ReasonCode;
  /** For people: what is wrong and what to do next. */
  readonly message: string;
  readonly expected?: Evidence;
  readonly actual?: Evidence;
  /** Only ever `false`: the evidence was read from a token whose signature nobody has verified. */
  readonly verified?: false;
  /** `rule_not_satisfied`: the rule that neither was satisfied nor denied. */
  readonly rule?: string;
}
