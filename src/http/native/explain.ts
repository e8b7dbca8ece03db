/** `POST /v1/explain` (contract 2): the same question, for any time, with every rule's view. */
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { refuseServer } from './decide.ts';
import { readRequest, toAsk } from './read.ts';
import { EXPLAIN_NOTES, explainRequest } from './schema.ts';
import { traceIdOf } from './trace.ts';

const EXPLAINED = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export function createExplain({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const read = await readRequest(request.env.incoming, caller, limits.body_bytes, explainRequest, EXPLAIN_NOTES);
    if (!read.ok) return read.problem;
    const { at, ...question } = read.request;
    const ask = toAsk(question, traceIdOf(request.env.incoming.headers));
    const refusal = refuseServer(ask, caller, decider);
    if (refusal !== null) return refusal;
    // Whole seconds, as tokens count them. 200 whatever would be decided, indeterminate too.
    const seconds = at === undefined ? undefined : Math.floor(Date.parse(at) / 1000);
    return answerJson(await decider.explain(ask, seconds, caller), 200, EXPLAINED);
  };
}
