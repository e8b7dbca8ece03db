import type { Evidence } from './reason.ts';

/** Characters of one value that reach answers, messages and records; the rest is cut (contract 2). */
export const MAX_VALUE_LENGTH = 255;
/** Values of one `expected` or `actual`. */
export const MAX_VALUES = 16;

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls (UAX #9), the byte order
 * mark and lone surrogates: whatever could break a line, a header or a reader's eyes.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A text that a client, token or custom rule wrote, made fit for answers and logs: escaped, and cut with `…`. */
export function legible(text: string, limit: number = MAX_VALUE_LENGTH): string {
  // Cut before escaping, so that a megabyte of control characters is never expanded.
  const cut = text.length > limit;
  const safe = (cut ? text.slice(0, limit) : text).replace(UNSAFE, escaped);
  if (safe.length <= limit) return cut ? `${safe.slice(0, limit - 1)}…` : safe;
  return `${safe.slice(0, limit - 1)}…`;
}

/** A list of evidence, made fit likewise; a seventeenth value becomes `…`. */
export function evidence(values: Evidence): Evidence {
  const shown = values.slice(0, MAX_VALUES).map((value) => (typeof value === 'string' ? legible(value) : value));
  if (values.length > MAX_VALUES) shown[MAX_VALUES - 1] = '…';
  return shown;
}
