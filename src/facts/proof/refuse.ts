/** How each check of a proof says no. */
import { evidence, legible } from '../../decision/evidence.ts';
import type { Evidence, Reason } from '../../decision/reason.ts';
import type { FixedCode } from '../../decision/reasons.ts';
import type { Json } from '../../json/value.ts';

export interface Refused {
  readonly kind: 'refused';
  /** The reason's own, for policy. */
  readonly code: FixedCode;
  readonly reason: Reason;
}

/**
 * @param message what was expected, what was found and what to do next; holds nothing of the proof but through `quote`
 * @param shown.verified false while the proof's signature is not verified, where `actual` was read from it
 */
export function refuse(
  code: FixedCode,
  message: string,
  shown: { readonly expected?: Evidence; readonly actual?: Evidence; readonly verified?: false } = {},
): Refused {
  const { expected, actual, verified } = shown;
  return {
    kind: 'refused',
    code,
    reason: {
      code,
      message,
      ...(expected !== undefined && { expected: evidence(expected) }),
      ...(actual !== undefined && { actual: evidence(actual) }),
      ...(verified !== undefined && { verified }),
    },
  };
}

/** A value of the proof, fit to stand in a message. */
export function quote(text: string): string {
  return `"${legible(text)}"`;
}

/** What a member is, without its value: it may be a key, or another proof. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
