/** `POST /v1/allowed`: what a token opens at a server, to filter lists by. It lets nothing through: calls are decided when they come. */
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { RETRY_AFTER, refuseServer } from './decide.ts';
import { readRequest, toAsk } from './read.ts';
import { ALLOWED_NOTES, allowedRequest } from './schema.ts';
import { traceIdOf } from './trace.ts';

const ANSWERED = { 'content-type': 'application/json', 'cache-control': 'no-store' };

export function createAllowed({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const { incoming } = request.env;
    const read = await readRequest(incoming, caller, limits.body_bytes, allowedRequest, ALLOWED_NOTES);
    if (!read.ok) return read.problem;
    const ask = toAsk(read.request, traceIdOf(incoming.headers));
    const refusal = refuseServer(ask, caller, decider);
    if (refusal !== null) return refusal;
    const answer = await decider.allowed(ask, caller);
    return answer.decision === 'indeterminate'
      ? answerJson(answer, 503, { ...ANSWERED, 'retry-after': RETRY_AFTER })
      : answerJson(answer, 200, ANSWERED);
  };
}
