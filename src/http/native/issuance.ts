/** `POST /v1/issuance/decide`: what an authorization server may issue (docs/issuance.md). */
import { mismatches } from '../../json/mismatch.ts';
import { illFormed, readJsonBody } from '../json-body.ts';
import { answerJson, type CallerRoute, type Parts } from '../route.ts';
import { RETRY_AFTER } from './decide.ts';
import { issuanceContradictions, issuanceRequest } from './issuance-schema.ts';
import { traceIdOf } from './trace.ts';

/** RFC 6749 §5.1 asks the same of whatever may be made from it. */
const DECIDED = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const UNDECIDED = { ...DECIDED, 'retry-after': RETRY_AFTER };

export function createIssuance({ decider, limits }: Parts): CallerRoute {
  return async (request, caller) => {
    const { incoming } = request.env;
    const body = await readJsonBody(incoming, limits.body_bytes);
    if (!body.ok) return body.problem;
    const parsed = issuanceRequest.safeParse(body.value);
    const crossed = issuanceContradictions(body.value);
    if (!parsed.success || crossed.length > 0)
      return illFormed([...mismatches(issuanceRequest, body.value, parsed.error?.issues ?? []), ...crossed]).problem;
    const decision = await decider.issue(parsed.data, caller, traceIdOf(incoming.headers));
    return decision.decision === 'indeterminate'
      ? answerJson(decision, 503, UNDECIDED)
      : answerJson(decision, 200, DECIDED);
  };
}
