/** How each step says no. */
import { evidence, legible } from '../../decision/evidence.ts';
import type { Evidence, Reason } from '../../decision/reason.ts';
import type { FixedCode } from '../../decision/reasons.ts';
import { hasControl } from '../../json/control.ts';
import type { Json } from '../../json/value.ts';

export interface Refused {
  readonly kind: 'refused';
  readonly reason: Reason;
}

/**
 * @param message what was expected, what was found and what to do next; values in it went through `quote`
 * @param shown `actual` was read from the token: no step here knows yet whether it was signed, so the reason says so
 */
export function refuse(
  code: FixedCode,
  message: string,
  shown: { readonly expected?: Evidence; readonly actual?: Evidence } = {},
): Refused {
  return {
    kind: 'refused',
    reason: {
      code,
      message,
      ...(shown.expected !== undefined && { expected: evidence(shown.expected) }),
      ...(shown.actual !== undefined && { actual: evidence(shown.actual), verified: false as const }),
    },
  };
}

/** A value of the token, fit to stand in a message. */
export function quote(text: string): string {
  return `"${legible(text)}"`;
}

/** A claim as evidence: texts and numbers as they are, of all else only the kind. */
export function found(value: Json | undefined): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (value === undefined) return 'absent';
  return typeof value === 'boolean' ? String(value) : kindOf(value);
}

/** For claims that may hold a key or another token, whatever their form. */
export function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Characters of sub, client_id, jti, act.sub, acr, kid and one scope (contract 5). */
export const MAX_TEXT_LENGTH = 255;

/**
 * The refusal of a claim that is to be a text.
 * @param needed whether it must be there
 * @param section what asks for it
 */
export function wrongText(
  name: string,
  value: Json | undefined,
  needed: boolean,
  section = 'RFC 9068 §2.2',
): Refused | undefined {
  if (value === undefined && !needed) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH && !hasControl(value))
    return undefined;
  return refuse(
    'claims_invalid',
    `The claim "${name}" must be a string of 1 to ${MAX_TEXT_LENGTH} characters without control characters${value === undefined ? ', and is absent' : ''}. Have the issuer follow ${section}.`,
    { actual: [found(value)] },
  );
}
