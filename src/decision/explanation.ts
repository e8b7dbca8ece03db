import type { Decision } from './decision.ts';
import type { Reference, ReferenceId } from './frameworks.ts';
import type { PolicyInput } from './input.ts';
import type { Evidence } from './reason.ts';
import type { ReasonCode } from './reasons.ts';
import type { RuleOutcome } from './verdict.ts';

export interface ExplainedCheck {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly expected: Evidence;
  readonly actual: Evidence;
  /** `file:line` of the member of the registry that made it so; null where none did. */
  readonly registry: string | null;
  /** File of the rule; of a custom rule that denies, with the line of that denial where it can be told. */
  readonly rule_file: string;
  /** What the rule is against, whatever came of it; none of a custom rule. See `docs/frameworks.md`. */
  readonly references: readonly ReferenceId[];
}

/** An entry of a framework, and the reasons of this decision that stand against it. */
export interface ExplainedReference extends Reference {
  readonly reasons: readonly ReasonCode[];
}

export type Side = 'client' | 'authorization_server' | 'operator';

/** One thing that somebody can change, so that the same call is allowed. */
export interface Change {
  readonly side: Side;
  /** What to do, in a sentence. */
  readonly change: string;
  readonly why: string;
  /** `file:line` of the registry to change, or to look at. */
  readonly where?: string;
  /** Codes of the reasons that it takes away; none where it only makes another change possible. */
  readonly cures: readonly ReasonCode[];
  /** True: decided again with this change and those of `with`, the call is allowed. False: nobody could try it here. */
  readonly verified: boolean;
  /** Places in the list of what must be changed together with it; absent: it is enough alone. */
  readonly with?: readonly number[];
}

/** A side that has nothing to change that would be safe. */
export interface NoSafeChange {
  readonly side: Side;
  readonly why: string;
}

export interface Explanation {
  readonly would_decide: Decision;
  readonly checks: readonly ExplainedCheck[];
  /** Risks, in the words of published frameworks, that its reasons stand against. Empty for an allow. */
  readonly references: readonly ExplainedReference[];
  /** The smallest changes that would allow the call, from each side that has one. Empty for an allow. */
  readonly changes: readonly Change[];
  readonly no_safe_change: readonly NoSafeChange[];
  readonly input: PolicyInput | null;
  readonly digests: { readonly registry: string; readonly core: string; readonly custom: string | null };
}
