/**
 * `POST /v1/data/audgate/decide`: the question of `/v1/decide` as the input of OPA's Data API, for whatever asks OPA today.
 * One document is served, and always HTTP 200 once there is a decision, indeterminate too: OPA's clients know no other
 * status for an answer, and `allow` is then false. Query parameters (pretty, metrics, explain, …) change nothing.
 */
import { isJsonObject } from '../../json/value.ts';
import { illFormed, readJsonBody } from '../json-body.ts';
import { refuseServer } from '../native/decide.ts';
import { readQuestion, toAsk } from '../native/read.ts';
import { DECIDE_NOTES, decideRequest } from '../native/schema.ts';
import { traceIdOf } from '../native/trace.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';

const ANSWERED = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** As OPA answers a query without input, whose document is then undefined: no result, hence no allow. */
const WITHOUT_INPUT = {
  warning: { code: 'api_usage_warning', message: "'input' key missing from the request" },
};

export function createData({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const { incoming } = request.env;
    const body = await readJsonBody(incoming, limits.body_bytes, {});
    if (!body.ok) return body.problem;
    if (!isJsonObject(body.value)) return illFormed([{ pointer: '', message: 'must be an object' }]).problem;
    const input = Object.hasOwn(body.value, 'input') ? body.value.input : undefined;
    // OPA takes null for none, too.
    if (input === undefined || input === null) return answerJson(WITHOUT_INPUT, 200, ANSWERED);

    const read = readQuestion(input, caller, decideRequest, DECIDE_NOTES);
    if (!read.ok) {
      const problems = read.problems.map(({ pointer, message }) => ({ pointer: `/input${pointer}`, message }));
      return illFormed(problems).problem;
    }
    const ask = { ...toAsk(read.request, traceIdOf(incoming.headers)), door: 'audgate/data' as const };
    const refusal = refuseServer(ask, caller, decider);
    if (refusal !== null) return refusal;
    const decision = await decider.decide(ask, caller);
    const { decision_id } = decision;
    return answerJson({ decision_id, result: { ...decision, allow: decision.decision === 'allow' } }, 200, ANSWERED);
  };
}
