/** The compiled policy that a snapshot holds: the pinned core, and a user's custom module that can only add denials. */

import type { WaiverUse } from '../decision/decision.ts';
import type { OperationInput, PolicyInput } from '../decision/input.ts';
import type { IssuanceInput } from '../decision/issuance-input.ts';
import type { FixedCode, ReasonCode } from '../decision/reasons.ts';
import type { Check, CoreDenial, CustomDenial } from '../decision/verdict.ts';

import type { IssuanceFloor, IssuanceJudgement } from './issue.ts';

/** What a rule that only reports would have denied; `policy_error`: it broke. Never part of the decision. */
export interface Report {
  /** Without `custom.`. */
  readonly rule: string;
  readonly code: ReasonCode;
}

export type Judgement =
  | {
      readonly kind: 'allow';
      readonly required_scopes: readonly string[];
      readonly waivers: readonly WaiverUse[];
      /** Codes that waivers observe, and that would have denied without them. */
      readonly would_deny: readonly FixedCode[];
      /** Absent: none. */
      readonly reported?: readonly Report[];
    }
  | {
      readonly kind: 'deny';
      /** Core's own reasons are kept when only a custom rule broke. */
      readonly denials: readonly CoreDenial[];
      readonly custom: readonly CustomDenial[];
      readonly required_scopes: readonly string[];
      /** Absent: none. */
      readonly reported?: readonly Report[];
    }
  /** No instance is to be had: nobody knows. */
  | { readonly kind: 'unavailable' };

/** One of the operations asked about that is open, by its place among them. */
export interface Opened {
  readonly at: number;
  readonly waivers: readonly WaiverUse[];
  readonly would_deny: readonly FixedCode[];
}

export interface Opening {
  /** Of the input as it stands. */
  readonly itself: Judgement;
  /** In no order. Empty whenever anything broke. */
  readonly opened: readonly Opened[];
}

export interface CustomFacts {
  readonly arguments?: NonNullable<PolicyInput['call']['arguments']>;
  readonly claims: NonNullable<PolicyInput['token']['claims']>;
  /** Of each operation that the call is at once: the rules judge it with each of them. Absent: the input's own. */
  readonly labels?: readonly OperationInput['labels'][];
}

export interface Policy {
  readonly core: { readonly digest: string; readonly modified: boolean };
  readonly custom: null | { readonly digest: string; readonly rules: readonly string[] };
  /** Every rule, core first, custom ones as `custom.<name>`, with the file that holds it. */
  readonly rules: readonly {
    readonly name: string;
    readonly file: string;
    /** Where the file writes the rule's codes, by code; of custom rules from a bundle. */
    readonly lines?: ReadonlyMap<string, number> | undefined;
  }[];
  /**
   * Judges one call: core, then custom, then the floor. Never throws: whatever breaks is a deny (`policy_error`).
   * @param custom what only custom rules see; null: custom rules are not run (as with arguments too large)
   */
  judge(input: PolicyInput, custom: CustomFacts | null): Judgement;
  /** Core rules alone, for claims that nobody verified. */
  judgeUnverified(input: PolicyInput): Judgement;
  /**
   * Judges by core alone what an authorization server may issue; an allow also passes the floor. Never throws: whatever
   * breaks is a deny (`policy_error`).
   */
  issue(input: IssuanceInput, belowFloor: IssuanceFloor): IssuanceJudgement;
  /**
   * Judges by core alone the input itself, and the same input with each of these operations in place of its own. Never
   * throws. Custom rules are not run: they judge one call, with its arguments.
   */
  open(input: PolicyInput, operations: readonly OperationInput[]): Promise<Opening>;
  /** One check a rule, core rules first, then custom rules. */
  explain(input: PolicyInput, custom: CustomFacts | null): readonly Check[];
}
