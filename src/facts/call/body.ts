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
  const charset = charsetDefect(headers);
  if (charset !== null) return { read: refused(charset) };
  const text = readJson(body, { depth: MAX_DEPTH });
  if (!text.ok) return { read: refused(notStrict(text.problems)) };
  return { read: readMessage(text.value, customRules), id: readId(text.value) };
}

/**
 * Some servers decode a body as its Content-Type says, UTF-7 included, and so read another message in the same bytes:
 * `+ACI-` is a quotation mark to them.
 */
function charsetDefect(headers: Readonly<Record<string, readonly string[]>> | undefined): Defect | null {
  const values = headers !== undefined && Object.hasOwn(headers, 'content-type') ? (headers['content-type'] ?? []) : [];
  const other = values.find((value) => /charset/i.test(value) && !UTF_8.test(value));
  if (other === undefined) return null;
  const remedy = 'Send the message in UTF-8, with Content-Type: application/json.';
  return { expected: 'content-type to name no charset but utf-8', found: shown(other), remedy };
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
