/** What the policy answers, after the host has checked that it has exactly this shape. */

import type { WaiverUse } from './decision.ts';
import type { Evidence } from './reason.ts';
import type { FixedCode } from './reasons.ts';

export type RuleOutcome = 'satisfied' | 'denied' | 'not_satisfied' | 'not_evaluated';

/** A core rule's denial. The message is written by the host, which knows the near misses. */
export interface CoreDenial {
  readonly code: FixedCode;
  readonly rule?: string;
  readonly expected?: Evidence;
  readonly actual?: Evidence;
}

/** A custom rule's denial; `code` is still without `custom:<rule>/`. */
export interface CustomDenial {
  readonly rule: string;
  readonly code: string;
  readonly message?: string;
  readonly expected?: Evidence;
  readonly actual?: Evidence;
}

export interface CoreVerdict {
  readonly allow: boolean;
  readonly denials: readonly CoreDenial[];
  readonly required_scopes: readonly string[];
  readonly advice: {
    readonly waivers: readonly WaiverUse[];
    /** Codes that only waivers that observe kept from denying; empty for anything but an allow. */
    readonly would_deny: readonly FixedCode[];
  };
}

export interface Check {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly expected: Evidence;
  readonly actual: Evidence;
}
