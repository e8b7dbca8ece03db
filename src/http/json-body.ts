/** From a request's bytes to a JSON value: media type, size, strict JSON, in this order; whoever asks, the same. */
import type { IncomingMessage } from 'node:http';
import type { JsonProblem } from '../json/locate.ts';
import { readJson } from '../json/read.ts';
import type { Json } from '../json/value.ts';
import { readBody } from './body.ts';
import { refuseMedia } from './media.ts';
import type { ProblemAnswer } from './problems.ts';

/** Levels of nesting in a request (contract 2). */
const MAX_DEPTH = 32;

export type JsonBodyReading =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: ProblemAnswer };

/**
 * @param limit bytes of the body
 * @param empty what a body without a byte means; undefined: it is malformed like any other text that is no JSON
 */
export async function readJsonBody(incoming: IncomingMessage, limit: number, empty?: Json): Promise<JsonBodyReading> {
  const media = refuseMedia(incoming);
  if (media !== null) return { ok: false, problem: media };
  const body = await readBody(incoming, limit);
  if (body.kind === 'too_large') {
    return {
      ok: false,
      problem: { name: 'body_too_large', detail: `Send at most ${limit} bytes (limits.body_bytes).` },
    };
  }
  if (body.kind === 'ended_early') return illFormed([{ pointer: '', message: 'ended before it was complete' }]);
  if (body.bytes.length === 0 && empty !== undefined) return { ok: true, value: empty };
  const json = readJson(body.bytes, { depth: MAX_DEPTH });
  return json.ok ? { ok: true, value: json.value } : illFormed(json.problems);
}

export function illFormed(problems: readonly JsonProblem[]): { readonly ok: false; readonly problem: ProblemAnswer } {
  return {
    ok: false,
    problem: { name: 'invalid_request', detail: 'The body is not a well-formed question: see problems.', problems },
  };
}
