import type { Decision } from './decision.ts';
import type { PolicyInput } from './input.ts';
import type { Evidence } from './reason.ts';
import type { RuleOutcome } from './verdict.ts';

export interface ExplainedCheck {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly expected: Evidence;
  readonly actual: Evidence;
  /** `file:line` of the record that made it so; null where none did. */
  readonly registry: string | null;
  readonly rule_file: string;
}

export interface Explanation {
  readonly would_decide: Decision;
  readonly checks: readonly ExplainedCheck[];
  readonly input: PolicyInput | null;
  readonly digests: { readonly registry: string; readonly core: string; readonly custom: string | null };
}
