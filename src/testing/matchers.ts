/** `expect(decision).toAllow()` and `.toDenyWith('audience_mismatch')`, for vitest and whatever else takes such matchers. */
import type { Decision } from '../decision/decision.ts';
import { CUSTOM_CODE, isFixedCode, type ReasonCode } from '../decision/reasons.ts';

export interface Matched {
  readonly pass: boolean;
  readonly message: () => string;
}

export const matchers = {
  toAllow(received: unknown): Matched {
    const pass = isDecision(received) && received.decision === 'allow';
    return { pass, message: () => `expected ${pass ? 'anything but ' : ''}an allow, got ${tell(received)}` };
  },

  /** A deny with all these codes among its reasons, in whatever order; without codes: any deny. */
  toDenyWith(received: unknown, ...codes: readonly ReasonCode[]): Matched {
    const unknown = codes.filter((code) => !isFixedCode(code) && !CUSTOM_CODE.test(code));
    // A misspelt code is in no decision, so that `not.toDenyWith` would always hold.
    if (unknown.length > 0)
      throw new Error(`there is no reason code ${unknown.join(', ')}; docs/reasons.md lists them`);
    const given = isDecision(received) ? received.reasons.map(({ code }) => code) : [];
    const missing = codes.filter((code) => !given.includes(code));
    const pass = isDecision(received) && received.decision === 'deny' && missing.length === 0;
    const wanted = codes.length === 0 ? 'a deny' : `a deny with ${codes.join(', ')}`;
    return { pass, message: () => `expected ${pass ? 'anything but ' : ''}${wanted}, got ${tell(received)}` };
  },
};

function isDecision(value: unknown): value is Decision {
  return typeof value === 'object' && value !== null && 'decision' in value && 'reasons' in value;
}

/** Reasons hold no token. */
function tell(received: unknown): string {
  if (!isDecision(received)) return 'what is no decision: was it awaited?';
  const reasons = received.reasons.map(({ code, message }) => `${code} (${message})`).join(', ');
  return reasons === '' ? received.decision : `${received.decision}: ${reasons}`;
}
