/** The bytes of a message. */
import type { JsonProblem } from '../../json/locate.ts';
import { readJson } from '../../json/read.ts';
import { type Defect, shown } from './malformed.ts';
import { readId, readMessage } from './message.ts';
import { refused, type SourceRead } from './reading.ts';

/** Levels of a message, the same as of the request around it. */
const MAX_DEPTH = 32;

/** `charset` is not defined for JSON (RFC 8259 §11), and UTF-8 is what its absence means. */
const UTF_8 = /^[^;,]*;\s*charset\s*=\s*(?:utf-?8|"utf-?8")\s*$/i;

export function readBody(
  body: string | Uint8Array,
  headers: Readonly<Record<string, readonly string[]>> | undefined,
  customRules: boolean,
): SourceRead {
  const otherwise =
    charsetDefect(valuesOf(headers, 'content-type')) ?? encodingDefect(valuesOf(headers, 'content-encoding'));
  if (otherwise !== null) return { read: refused(otherwise) };
  const text = readJson(body, { depth: MAX_DEPTH });
  if (!text.ok) return { read: refused(notStrict(text.problems)) };
  return { read: readMessage(text.value, customRules), id: readId(text.value) };
}

/**
 * Some servers decode a body as its Content-Type says, UTF-7 included, and so read another message in the same bytes:
 * `+ACI-` is a quotation mark to them.
 */
function charsetDefect(values: readonly string[]): Defect | null {
  const other = values.find((value) => /charset/i.test(value) && !UTF_8.test(value));
  if (other === undefined) return null;
  const remedy = 'Send the message in UTF-8, with Content-Type: application/json.';
  return { expected: 'content-type to name no charset but utf-8', found: shown(other), remedy };
}

/** Text that is JSON as it stands may be another message once decoded: Brotli has no mark to begin with (RFC 7932 §9). */
function encodingDefect(values: readonly string[]): Defect | null {
  const other = values.find((value) => value !== '' && value.toLowerCase() !== 'identity');
  if (other === undefined) return null;
  const remedy = 'Send the message as it is, without Content-Encoding.';
  return { expected: 'content-encoding to be absent', found: shown(other), remedy };
}

function valuesOf(headers: Readonly<Record<string, readonly string[]>> | undefined, name: string): readonly string[] {
  return headers !== undefined && Object.hasOwn(headers, name) ? (headers[name] ?? []) : [];
}

function notStrict(problems: readonly JsonProblem[]): Defect {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return {
    expected: 'body to be strict JSON',
    found: `${first === undefined ? 'other text' : placed(first)}${more}`,
    remedy: 'Send the exact bytes of one JSON-RPC message.',
    evidence: { expected: ['strict JSON'], actual: problems.map(placed) },
  };
}

function placed({ pointer, message }: JsonProblem): string {
  return `${pointer === '' ? 'the text' : shown(pointer)} ${message}`;
}
