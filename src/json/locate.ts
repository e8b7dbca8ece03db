/**
 * Says where and why a text is no strict JSON. Runs only after the reader has found that it is none, so it may take its
 * time, but stays linear. It yields no values: `JSON.parse` alone does.
 */
import { isPlainName, plainPointerTo } from './pointer.ts';
import { endOfNumber, numberDefect } from './scan.ts';

export interface JsonProblem {
  /** JSON pointer (RFC 6901); `''` is the root. Ends early before a name that is not plain. */
  readonly pointer: string;
  /** Repeats nothing of the text. */
  readonly message: string;
}

/** Problems that are listed of one text or value; a reader mends these first. */
export const MAX_PROBLEMS = 16;

interface Frame {
  /** Names seen in an object; null: an array. */
  readonly names: Set<string> | null;
  /** Member or index that is being read; null before the first name and between members. */
  step: string | number | null;
}

type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | 'colon' | 'comma or end';

/** @returns at least one problem: a text that nothing is found in was not read either, and must not pass */
export function locate(text: string, depth: number): readonly JsonProblem[] {
  const frames: Frame[] = [];
  const problems: JsonProblem[] = [];
  const report = (message: string) => problems.push({ pointer: pointerTo(frames), message });
  let expected: Expected = 'value';
  let at = 0;

  while (at < text.length && problems.length < MAX_PROBLEMS) {
    const character = text.charAt(at);
    const top = frames.at(-1);
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') {
      at++;
    } else if ((character === '{' || character === '[') && wantsValue(expected)) {
      if (frames.length >= depth) {
        report(`is nested deeper than ${depth} levels`);
        return problems;
      }
      frames.push(character === '{' ? { names: new Set(), step: null } : { names: null, step: 0 });
      expected = character === '{' ? 'name or }' : 'value or ]';
      at++;
    } else if (top !== undefined && closes(character, top, expected)) {
      frames.pop();
      expected = 'comma or end';
      at++;
    } else if (character === ',' && top !== undefined && expected === 'comma or end') {
      top.step = typeof top.step === 'number' ? top.step + 1 : null;
      expected = top.names === null ? 'value' : 'name';
      at++;
    } else if (character === ':' && expected === 'colon') {
      expected = 'value';
      at++;
    } else if (character === '"' && (wantsValue(expected) || wantsName(expected))) {
      const end = endOfString(text, at);
      const read = readString(text.slice(at, end));
      if (read === null) return [...problems, broken(frames, at, 'a string that is not closed or badly escaped')];
      // A half pair may stand in the text and its other half in an escape: that text is not well-formed either.
      const wellFormed = read.isWellFormed() && text.slice(at, end).isWellFormed();
      if (top?.names && wantsName(expected)) {
        top.step = null;
        if (!wellFormed) report('has a member name with a lone surrogate');
        top.step = read;
        if (read === '__proto__') report('is a member name that is not allowed');
        if (top.names.has(read))
          report(isPlainName(read) ? 'is a member that its object has already' : 'has a member twice');
        top.names.add(read);
        expected = 'colon';
      } else {
        if (!wellFormed) report('is a string with a lone surrogate');
        expected = 'comma or end';
      }
      at = end;
    } else if (wantsValue(expected)) {
      const end = endOfScalar(text, at);
      if (!isScalar(text.slice(at, end))) return [...problems, broken(frames, at, 'text that is no JSON value')];
      const defect = /[a-z]/.test(character) ? null : numberDefect(text, at, end);
      if (defect !== null) report(defect);
      expected = 'comma or end';
      at = end;
    } else {
      return [...problems, broken(frames, at, 'an unexpected character')];
    }
  }
  if (problems.length >= MAX_PROBLEMS) return problems.slice(0, MAX_PROBLEMS);
  const ended = frames.length === 0 && expected === 'comma or end';
  if (!ended) report('is not JSON: the text ends too early');
  return problems.length > 0 ? problems : [{ pointer: '', message: 'is not strict JSON' }];
}

const wantsValue = (expected: Expected) => expected === 'value' || expected === 'value or ]';
const wantsName = (expected: Expected) => expected === 'name' || expected === 'name or }';

function closes(character: string, top: Frame, expected: Expected): boolean {
  if (character === '}') return top.names !== null && (expected === 'comma or end' || expected === 'name or }');
  return character === ']' && top.names === null && (expected === 'comma or end' || expected === 'value or ]');
}

function broken(frames: readonly Frame[], at: number, found: string): JsonProblem {
  return { pointer: pointerTo(frames), message: `is not JSON: ${found} at character ${at + 1} of the text` };
}

function pointerTo(frames: readonly Frame[]): string {
  const path = frames.map(({ step }) => step);
  const end = path.indexOf(null);
  return plainPointerTo((end === -1 ? path : path.slice(0, end)).filter((step) => step !== null));
}

/** @returns the position after the closing quote, or the text's end */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at + 1;
  }
  return text.length;
}

function readString(literal: string): string | null {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** A number, or a word of letters. */
function endOfScalar(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x2d || (first >= 0x30 && first <= 0x39)) return endOfNumber(text, start);
  let end = start;
  while (end < text.length && text.charCodeAt(end) >= 0x61 && text.charCodeAt(end) <= 0x7a) end++;
  return end;
}

function isScalar(literal: string): boolean {
  try {
    JSON.parse(literal);
    return true;
  } catch {
    return false;
  }
}
