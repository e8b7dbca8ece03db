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

/**
 * What is certainly a token, a proof or a private key, wherever somebody put it: a JWT begins with the base64url of `{"`
 * (RFC 7519 §3.1), a key is PEM (RFC 7468). NOT found: opaque tokens and keys, which look like any other text.
 */
const SECRETS = /eyJ[\w-]{8,}\.[\w.-]*|-----BEGIN [A-Z ]*PRIVATE KEY.*/gs;
const hidden = (secret: string) => `${secret.slice(0, secret.startsWith('eyJ') ? 3 : 10)}…`;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A text that a client, token or custom rule wrote, made fit for answers and logs: escaped, and cut with `…`, which also stands
 * for what is a token or key. Always well-formed: a reader as strict as ours must take every answer and record.
 * @param limit UTF-16 code units, at least 1
 */
export function legible(text: string, limit: number = MAX_VALUE_LENGTH): string {
  // Cut before escaping, so that a megabyte of control characters is never expanded.
  const cut = text.length > limit;
  const safe = withoutSecrets(cut ? text.slice(0, limit) : text).replace(UNSAFE, escaped);
  if (!cut && safe.length <= limit) return safe;
  const shown = safe.slice(0, limit - 1);
  // Lone surrogates are escaped by now, so a high one at the end is half of a pair that the cut went through.
  return `${isHighSurrogate(shown.charCodeAt(shown.length - 1)) ? shown.slice(0, -1) : shown}…`;
}

/** Looked for first: this is done for each value of each record, and almost none holds one. */
function withoutSecrets(text: string): string {
  return text.includes('eyJ') || text.includes('PRIVATE KEY') ? text.replace(SECRETS, hidden) : text;
}

/** NaN, of an empty text, is none. */
function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** A list of evidence, made fit likewise; what stands from the sixteenth on in a longer one becomes `…`. */
export function evidence(values: Evidence): Evidence {
  const shown = values
    .slice(0, MAX_VALUES)
    .map((value) => (typeof value === 'string' ? legible(value) : carried(value)));
  if (values.length > MAX_VALUES) shown[MAX_VALUES - 1] = '…';
  return shown;
}

/** A number that readers of JSON agree about (RFC 7493 §2.2), or its text. */
export function carried(value: number): string | number {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : String(value);
}
