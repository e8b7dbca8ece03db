/** From a request's bytes to a question: a JSON body, then its schema (contract 2). */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Ask } from '../../decide/ask.ts';
import { readCredentials } from '../../decide/credentials.ts';
import type { CallSource } from '../../decision/facts.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { mismatches } from '../../json/mismatch.ts';
import type { Json } from '../../json/value.ts';
import type { KnownCaller } from '../callers/identify.ts';
import { illFormed, readJsonBody } from '../json-body.ts';
import type { ProblemAnswer } from '../problems.ts';
import { contradictions, unforwarded } from './check.ts';
import type { DecideRequest } from './schema.ts';

export type RequestReading<T> =
  | { readonly ok: true; readonly request: T }
  | { readonly ok: false; readonly problem: ProblemAnswer };

/**
 * @param limit bytes of the body
 * @param notes what to say of unknown members, by pointer
 */
export async function readRequest<T>(
  incoming: IncomingMessage,
  caller: KnownCaller,
  limit: number,
  schema: z.ZodType<T>,
  notes: Readonly<Record<string, string>>,
): Promise<RequestReading<T>> {
  const body = await readJsonBody(incoming, limit);
  if (!body.ok) return body;
  const read = readQuestion(body.value, caller, schema, notes);
  return read.ok ? read : illFormed(read.problems);
}

/** @param value as the strict reader yields it */
export function readQuestion<T>(
  value: Json,
  caller: KnownCaller,
  schema: z.ZodType<T>,
  notes: Readonly<Record<string, string>>,
): { readonly ok: true; readonly request: T } | { readonly ok: false; readonly problems: readonly JsonProblem[] } {
  const parsed = schema.safeParse(value);
  const crossed = [...contradictions(value), ...unforwarded(value, caller)];
  if (parsed.success && crossed.length === 0) return { ok: true, request: parsed.data };
  return { ok: false, problems: [...mismatches(schema, value, parsed.error?.issues ?? [], notes), ...crossed] };
}

/** The request in the words of `decide/`. */
export function toAsk(
  { server, token, scheme, call, message, body, http, proof, context }: DecideRequest,
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
  // Which of two is meant nobody can say; one is not compared with `token`, which the gateway took from it.
  const { ambiguous } = readCredentials(http?.headers?.authorization ?? []);
  return {
    server,
    ...(token !== undefined && { token }),
    ...(scheme !== undefined && { scheme }),
    ...(source !== undefined && { source }),
    ...(ambiguous !== undefined && { ambiguous }),
    ...(http?.headers !== undefined && { headers: http.headers }),
    ...(http?.method !== undefined && { method: http.method }),
    ...proofOf(proof),
    ...(http?.url !== undefined && { target: http.url }),
    ...(context !== undefined && { context }),
    ...(trace_id !== undefined && { trace_id }),
  };
}

function proofOf(proof: DecideRequest['proof']): Pick<Ask, 'proof'> {
  if (proof === undefined) return {};
  const { client_certificate: pem, ...rest } = proof;
  return { proof: { ...rest, ...(pem !== undefined && { certificate: { form: 'pem', values: [pem] } }) } };
}
