/**
 * One pass over a JSON text for what `JSON.parse` hides. It knows strings from structure and nothing else of the
 * grammar: on a text that `JSON.parse` refuses its findings mean nothing, and need not.
 */

export interface Scan {
  /** The text holds a bracket that opens a level too deep, or a number that a double does not hold. */
  readonly defective: boolean;
  /** Members written in the text, repeated ones too: the value of a text with duplicates has fewer. */
  readonly members: number;
  /** A `\ud…` escape stands in the text, so its strings may hold surrogates that the text does not show. */
  readonly escapes: boolean;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** Integers of so many characters are safe, and no such literal without exponent reads as 0 or overflows. */
const SAFE_LENGTH = 15;

/**
 * Time and memory are linear: `indexOf` never reads a stretch of the text twice, because both positions in strings only
 * move forward and are looked for again only once they were passed.
 * @param depth levels of nesting allowed; `[]` is one
 */
export function scan(text: string, depth: number): Scan {
  let level = 0;
  let members = 0;
  let escapes = false;
  let backslash = next(text, '\\', 0);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      let quote = next(text, '"', at + 1);
      while (backslash < quote) {
        // u, then d or D: half of a surrogate pair, or the lone surrogate that is looked for.
        if (text.charCodeAt(backslash + 1) === 0x75 && (text.charCodeAt(backslash + 2) | 0x20) === 0x64) escapes = true;
        if (quote < backslash + 2) quote = next(text, '"', backslash + 2);
        backslash = next(text, '\\', backslash + 2);
      }
      at = quote;
    } else if (code === COLON) {
      members++;
    } else if (code === 0x7b || code === 0x5b) {
      if (++level > depth) return { defective: true, members, escapes };
    } else if (code === 0x7d || code === 0x5d) {
      level--;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at);
      if (numberDefect(text, at, end) !== null) return { defective: true, members, escapes };
      at = end - 1;
    }
  }
  return { defective: false, members, escapes };
}

/** @returns where the run of characters that numbers are made of ends; whether it is a number is not looked at */
export function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    const part = (code >= ZERO && code <= NINE) || code === MINUS || code === 0x2b || code === 0x2e;
    if (!part && (code | 0x20) !== 0x65) break;
  }
  return end;
}

/**
 * RFC 8259 §6: what a double does not hold is read differently by different readers (measured: `1e400` reaches
 * opa-wasm as null). Fractions are rounded by everyone alike, so they are let be.
 * @returns what is wrong with the number literal from start to end, or null
 */
export function numberDefect(text: string, start: number, end: number): string | null {
  if (end - start <= SAFE_LENGTH && !hasExponent(text, start, end)) return null;
  const literal = text.slice(start, end);
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'is a number beyond the range of a double';
  if (value === 0) return /[1-9]/.test(literal.split(/e/i, 1)[0] ?? '') ? 'is a non-zero number that reads as 0' : null;
  if (!/[.e]/i.test(literal) && !Number.isSafeInteger(value)) return 'is an integer beyond ±(2^53 − 1)';
  return null;
}

function hasExponent(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((text.charCodeAt(at) | 0x20) === 0x65) return true;
  return false;
}

function next(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found < 0 ? Number.POSITIVE_INFINITY : found;
}
