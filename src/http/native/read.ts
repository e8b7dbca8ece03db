/** From a request's bytes to a question: media type, size, strict JSON, schema, in this order (contract 2). */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Ask } from '../../decide/ask.ts';
import type { CallSource } from '../../decision/facts.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { mismatches } from '../../json/mismatch.ts';
import { readJson } from '../../json/read.ts';
import { readBody } from '../body.ts';
import { refuseMedia } from '../media.ts';
import type { ProblemAnswer } from '../problems.ts';
import { contradictions } from './check.ts';
import type { DecideRequest } from './schema.ts';

/** Levels of nesting in a request (contract 2). */
const MAX_DEPTH = 32;

export type RequestReading<T> =
  | { readonly ok: true; readonly request: T }
  | { readonly ok: false; readonly problem: ProblemAnswer };

/**
 * @param limit bytes of the body
 * @param notes what to say of unknown members, by pointer
 */
export async function readRequest<T>(
  incoming: IncomingMessage,
  limit: number,
  schema: z.ZodType<T>,
  notes: Readonly<Record<string, string>>,
): Promise<RequestReading<T>> {
  const media = refuseMedia(incoming);
  if (media !== null) return { ok: false, problem: media };
  const body = await readBody(incoming, limit);
  if (body.kind === 'too_large') {
    return {
      ok: false,
      problem: { name: 'body_too_large', detail: `Send at most ${limit} bytes (limits.body_bytes).` },
    };
  }
  if (body.kind === 'ended_early') return refused([{ pointer: '', message: 'ended before it was complete' }]);

  const json = readJson(body.bytes, { depth: MAX_DEPTH });
  if (!json.ok) return refused(json.problems);
  const parsed = schema.safeParse(json.value);
  const crossed = contradictions(json.value);
  if (parsed.success && crossed.length === 0) return { ok: true, request: parsed.data };
  return refused([...mismatches(schema, json.value, parsed.error?.issues ?? [], notes), ...crossed]);
}

function refused(problems: readonly JsonProblem[]): RequestReading<never> {
  return {
    ok: false,
    problem: { name: 'invalid_request', detail: 'The body is not a well-formed question: see problems.', problems },
  };
}

/** The request in the words of `decide/`. */
export function toAsk(
  { server, token, scheme, call, message, body, http, context }: DecideRequest,
  trace_id?: string,
): Ask {
  const source: CallSource | undefined =
    call !== undefined
      ? { kind: 'call', ...call }
      : message !== undefined
        ? { kind: 'message', message }
        : body !== undefined
          ? { kind: 'body', body: typeof body === 'string' ? body : Buffer.from(body.base64, 'base64') }
          : undefined;
  return {
    server,
    ...(token !== undefined && { token }),
    ...(scheme !== undefined && { scheme }),
    ...(source !== undefined && { source }),
    ...(http?.headers !== undefined && { headers: http.headers }),
    ...(context !== undefined && { context }),
    ...(trace_id !== undefined && { trace_id }),
  };
}
