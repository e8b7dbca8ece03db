/** `POST /v1/decide` (contract 2). */
import { type Ask, type Caller, findServer, mayAskAbout } from '../../decide/ask.ts';
import type { Decider } from '../../decide/decider.ts';
import type { Decision } from '../../decision/decision.ts';
import type { ProblemAnswer } from '../problems.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { readRequest, toAsk } from './read.ts';
import { DECIDE_NOTES, decideRequest } from './schema.ts';
import { traceIdOf } from './trace.ts';

/** Seconds after which asking again makes sense. */
export const RETRY_AFTER = '5';

/** An allow is for one call at one time: nothing on the way may keep it (contract 2). */
const DECIDED = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const UNDECIDED = { ...DECIDED, 'retry-after': RETRY_AFTER };

export function createDecide({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const read = await readRequest(request.env.incoming, caller, limits.body_bytes, decideRequest, DECIDE_NOTES);
    if (!read.ok) return read.problem;
    const ask = toAsk(read.request, traceIdOf(request.env.incoming.headers));
    return refuseServer(ask, caller, decider) ?? answerDecision(await decider.decide(ask, caller));
  };
}

function answerDecision(decision: Decision): Response {
  return decision.decision === 'indeterminate'
    ? answerJson(decision, 503, UNDECIDED)
    : answerJson(decision, 200, DECIDED);
}

/**
 * A caller with listed servers learns nothing about others, not even whether they exist: one problem for a neighbour and
 * for a resource that nobody has registered.
 */
export function refuseServer(ask: Ask, caller: Caller, decider: Decider): ProblemAnswer | null {
  if (caller.servers === '*') return null;
  const record = findServer(ask.server, decider.current().registry);
  return record !== undefined && mayAskAbout(caller, record.key) ? null : SERVER_NOT_ALLOWED;
}

export const SERVER_NOT_ALLOWED: ProblemAnswer = {
  name: 'caller_not_allowed',
  detail: 'This caller may not ask about this server: name one of its own, or extend its list of servers.',
};
