/** `POST /v1/reach`: what a token, or one of these claims, opens at every server. It lets nothing through. */
import type { ReachAsk } from '../../decision/reach.ts';
import { mismatches } from '../../json/mismatch.ts';
import { illFormed, readJsonBody } from '../json-body.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { REACH_NOTES, reachContradictions, reachRequest } from './reach-schema.ts';
import { traceIdOf } from './trace.ts';

const ANSWERED = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export function createReach({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const { incoming } = request.env;
    const body = await readJsonBody(incoming, limits.body_bytes);
    if (!body.ok) return body.problem;
    const parsed = reachRequest.safeParse(body.value);
    const problems = [
      ...mismatches(reachRequest, body.value, parsed.error?.issues ?? [], REACH_NOTES),
      ...reachContradictions(body.value),
    ];
    if (!parsed.success || problems.length > 0) return illFormed(problems).problem;
    const { token, claims, at } = parsed.data;
    const trace_id = traceIdOf(incoming.headers);
    const whose = claims === undefined ? { token: token ?? '' } : { claims };
    const ask: ReachAsk = { ...whose, ...(trace_id !== undefined && { trace_id }) };
    // Whole seconds, as tokens count them. 200 whatever is known: the answer says of which servers nobody knows.
    const seconds = at === undefined ? undefined : Math.floor(Date.parse(at) / 1000);
    return answerJson(await decider.reach(ask, seconds, caller), 200, ANSWERED);
  };
}
