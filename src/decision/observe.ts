/** What a waiver may observe: told in `advice.would_deny` instead of denied (contract 1). */
import type { FixedCode } from './reasons.ts';

/** By operation: each waiver lists only those that its operations can meet. */
export const UNKNOWN_CODES = [
  'method_unknown',
  'tool_unknown',
  'prompt_unknown',
  'resource_unknown',
  'task_unknown',
] as const satisfies readonly FixedCode[];

/** Nothing that says who the token's issuer, holder or subject is: those are never in doubt. */
export const OBSERVABLE_CODES = [
  'audience_mismatch',
  'audience_not_exclusive',
  'lifetime_exceeded',
  'scope_insufficient',
  ...UNKNOWN_CODES,
] as const satisfies readonly FixedCode[];
