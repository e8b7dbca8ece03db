/**
 * AuthZEN Authorization API 1.0: Access Evaluation and Access Evaluations. Each evaluation is decided and recorded on its
 * own. A decision is always HTTP 200: AuthZEN has no status for "nobody knows", so indeterminate is `false`, and
 * `context.outcome` says that it is.
 */
import type { IncomingMessage } from 'node:http';
import type { Decision } from '../../decision/decision.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { mismatches } from '../../json/mismatch.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import type { KnownCaller } from '../callers/identify.ts';
import { illFormed, readJsonBody } from '../json-body.ts';
import { UNFORWARDED } from '../native/check.ts';
import { refuseServer } from '../native/decide.ts';
import { traceIdOf } from '../native/trace.ts';
import { PROBLEMS, type ProblemAnswer } from '../problems.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { CERTIFICATE, toAsk } from './ask.ts';
import { echoOf, requestIdOf } from './request-id.ts';
import { type Evaluation, evaluationRequest, evaluationsRequest, type Semantic } from './schema.ts';

/** AuthZEN's Decision. */
interface Answer {
  readonly decision: boolean;
  readonly context: object;
}

const ANSWERED = { 'content-type': 'application/json', 'cache-control': 'no-store' };
/** Entities whose defaults stand beside the list. */
const ENTITIES = ['subject', 'action', 'resource', 'context'] as const;
/** What ends the work; null: nothing does. */
const LAST: Readonly<Record<Semantic, boolean | null>> = {
  execute_all: null,
  deny_on_first_deny: false,
  permit_on_first_permit: true,
};

export function createEvaluation(parts: Parts): CallerRoute {
  return async ({ env: { incoming } }, caller) => {
    const body = await readJsonBody(incoming, parts.limits.body_bytes);
    return body.ok ? answerOne(body.value, incoming, caller, parts) : body.problem;
  };
}

export function createEvaluations(parts: Parts): CallerRoute {
  return async ({ env: { incoming } }, caller) => {
    const body = await readJsonBody(incoming, parts.limits.body_bytes);
    if (!body.ok) return body.problem;
    const { value } = body;
    const parsed = evaluationsRequest.safeParse(value);
    if (!parsed.success) return illFormed(mismatches(evaluationsRequest, value, parsed.error.issues)).problem;
    const { evaluations = [], options, ...above } = parsed.data;
    // No list, no item: as the single endpoint answers.
    if (evaluations.length === 0) return answerOne(value, incoming, caller, parts);

    const last = LAST[options?.evaluations_semantic ?? 'execute_all'];
    const answers: Answer[] = [];
    for (const evaluation of evaluations) {
      const answer = await answerItem(withDefaults(evaluation, above), incoming, caller, parts);
      answers.push(answer);
      if (answer.decision === last) break;
    }
    return answerJson({ evaluations: answers }, 200, { ...ANSWERED, ...echoOf(incoming) });
  };
}

async function answerOne(
  value: Json,
  incoming: IncomingMessage,
  caller: KnownCaller,
  parts: Parts,
): Promise<Response | ProblemAnswer> {
  const read = readEvaluation(value, caller);
  if (!read.ok) return illFormed(read.problems).problem;
  const outcome = await decide(read.evaluation, incoming, caller, parts);
  return 'name' in outcome ? outcome : answerJson(outcome, 200, { ...ANSWERED, ...echoOf(incoming) });
}

/** Fails alone: the others of its list are answered whatever is wrong with it (Authorization API 1.0, Errors). */
async function answerItem(
  value: JsonObject,
  incoming: IncomingMessage,
  caller: KnownCaller,
  parts: Parts,
): Promise<Answer> {
  const read = readEvaluation(value, caller);
  if (read.ok) {
    const outcome = await decide(read.evaluation, incoming, caller, parts);
    return 'name' in outcome ? failed(PROBLEMS[outcome.name].status, outcome.detail) : outcome;
  }
  return failed(400, read.problems.map(({ pointer, message }) => `${pointer} ${message}`).join('; '));
}

const failed = (status: number, message: string): Answer => ({
  decision: false,
  context: { error: { status, message } },
});

/** Whole entities: an item's own replaces the one above, of which nothing is left. */
function withDefaults(evaluation: JsonObject, above: object): JsonObject {
  const defaults = Object.entries(above).filter(([name]) => ENTITIES.some((entity) => entity === name));
  return { ...Object.fromEntries(defaults), ...evaluation };
}

type Read =
  | { readonly ok: true; readonly evaluation: Evaluation }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] };

function readEvaluation(value: Json, { client_certificates: form }: KnownCaller): Read {
  const parsed = evaluationRequest.safeParse(value);
  if (!parsed.success) return { ok: false, problems: mismatches(evaluationRequest, value, parsed.error.issues) };
  const { properties = {} } = parsed.data.subject;
  if (form !== 'none' || !Object.hasOwn(properties, CERTIFICATE)) return { ok: true, evaluation: parsed.data };
  return { ok: false, problems: [{ pointer: `/subject/properties/${CERTIFICATE}`, message: UNFORWARDED }] };
}

async function decide(
  evaluation: Evaluation,
  incoming: IncomingMessage,
  caller: KnownCaller,
  { decider }: Parts,
): Promise<Answer | ProblemAnswer> {
  const asked = toAsk(evaluation);
  const [request_id, trace_id] = [requestIdOf(incoming), traceIdOf(incoming.headers)];
  const ask = {
    ...asked,
    ...(trace_id !== undefined && { trace_id }),
    ...(request_id !== undefined && { context: { ...asked.context, request_id } }),
  };
  return refuseServer(ask, caller, decider) ?? toAnswer(await decider.decide(ask, caller));
}

function toAnswer({ decision, ...rest }: Decision): Answer {
  return { decision: decision === 'allow', context: { outcome: decision, ...rest } };
}
