/** The JSON of a segment. Strict, so that nobody behind audgate can read another token out of the same text. */
import { legible } from '../../decision/evidence.ts';
import { readJson } from '../../json/read.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { type Refused, refuse } from './refuse.ts';

/** Levels of nesting in a header or claims set (contract 5). */
const MAX_DEPTH = 16;
/** Characters of a JSON pointer in a message. */
const MAX_POINTER_LENGTH = 64;

export interface Parsed {
  readonly kind: 'parsed';
  readonly object: JsonObject;
}

/** @param what `header` or `claims`, for the message */
export function parseSegment(bytes: Uint8Array, what: 'header' | 'claims'): Parsed | Refused {
  const json = readJson(bytes, { depth: MAX_DEPTH });
  if (!json.ok) {
    const [problem] = json.problems;
    const where = problem?.pointer ? `"${legible(problem.pointer, MAX_POINTER_LENGTH)}"` : 'the text';
    return refuse(
      'token_malformed',
      `The token's ${what} must be strict JSON, but ${where} ${problem?.message ?? 'is not'}. Have the issuer write well-formed JSON without duplicate members.`,
    );
  }
  if (!isJsonObject(json.value))
    return refuse('token_malformed', `The token's ${what} must be a JSON object, and is none. Send a signed JWT.`);
  return { kind: 'parsed', object: json.value };
}
