import { evidence, legible } from '../../decision/evidence.ts';
import type { Reason } from '../../decision/reason.ts';

export interface Defect {
  /** Completes "Expected …"; audgate's own words. */
  readonly expected: string;
  /** Completes "found …"; what the client wrote in it went through `shown`. */
  readonly found: string;
  /** What to do, one sentence. */
  readonly remedy: string;
  readonly evidence?: {
    readonly expected: readonly (string | number)[];
    readonly actual: readonly (string | number)[];
  };
}

/** The reason `call_malformed`; one a call, for its first defect: a client that mends it sends another call anyway. */
export function malformed(defect: Defect): Reason {
  const { expected = [defect.expected], actual = [defect.found] } = defect.evidence ?? {};
  return {
    code: 'call_malformed',
    message: `Expected ${defect.expected}, found ${defect.found}. ${defect.remedy}`,
    expected: evidence(expected),
    actual: evidence(actual),
  };
}

/** A client's text in a message: legible, in quotes. */
export function shown(text: string): string {
  return `"${legible(text)}"`;
}

/** A value by its kind alone; of a long or secret value nothing is repeated. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}
