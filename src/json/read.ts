/**
 * The only strict reader of JSON. Readers disagree about duplicate names, lone surrogates and numbers that a double does
 * not hold (RFC 8259 §4, §6, §8.2; RFC 7493 §2): whoever judges such a text may judge another than the one that is
 * executed behind it. So such a text is refused, not read.
 */
import { isUtf8 } from 'node:buffer';
import { type JsonProblem, locate } from './locate.ts';
import { scan } from './scan.ts';
import type { Json } from './value.ts';

export type JsonReading =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] };

export interface JsonLimits {
  /** Levels of nesting, `[]` being one. Also the depth of recursion here: some hundreds at most. */
  readonly depth: number;
}

/**
 * Refuses whatever `JSON.parse` refuses, and: invalid UTF-8, a byte order mark, duplicate member names at any depth,
 * a member `__proto__`, lone surrogates, numbers beyond double range or below it but not 0, integer literals beyond
 * ±(2^53 − 1), deeper nesting than the limit. Time and memory are linear in the length of the text, which is not limited.
 * Objects have `Object.prototype`: ask for members with `Object.hasOwn` where a name comes from the text.
 * @param text a text, or its UTF-8 bytes
 */
export function readJson(text: string | Uint8Array, limits: JsonLimits): JsonReading {
  const source = typeof text === 'string' ? text : decode(text);
  if (source === null) return refused([{ pointer: '', message: 'is not valid UTF-8' }]);
  if (source.charCodeAt(0) === 0xfeff) return refused([{ pointer: '', message: 'starts with a byte order mark' }]);

  // Before JSON.parse, so that a text of brackets costs no value that is as deep.
  const { defective, members, escapes } = scan(source, limits.depth);
  if (defective || !source.isWellFormed()) return refused(locate(source, limits.depth));
  let value: Json;
  try {
    value = JSON.parse(source);
  } catch {
    return refused(locate(source, limits.depth));
  }
  if (countMembers(value, escapes) !== members) return refused(locate(source, limits.depth));
  return { ok: true, value };
}

function refused(problems: readonly JsonProblem[]): JsonReading {
  return { ok: false, problems };
}

function decode(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/**
 * Members in the value, at all levels. The text of a value without duplicate names has as many, and no other text.
 * @param checkText whether strings and names may hold a lone surrogate
 * @returns NaN, which no count equals, when a member is called `__proto__` or a text is not well-formed
 */
function countMembers(value: Json, checkText: boolean): number {
  if (typeof value === 'string') return checkText && !value.isWellFormed() ? Number.NaN : 0;
  if (typeof value !== 'object' || value === null) return 0;
  if (isList(value)) {
    let count = 0;
    for (const item of value) count += countMembers(item, checkText);
    return count;
  }
  const names = Object.keys(value);
  let count = names.length;
  for (const name of names) {
    if (name === '__proto__' || (checkText && !name.isWellFormed())) return Number.NaN;
    const member = value[name];
    if (member !== undefined) count += countMembers(member, checkText);
  }
  return count;
}

/** `Array.isArray` does not narrow a read-only array. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
