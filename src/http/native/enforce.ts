/** `POST /v1/enforce` (contract 2): the same question as `/v1/decide`, for gateways that look only at the status. */
import { respond } from '../gateways/answer.ts';
import { type DecidingParts, decideForGateway } from '../gateways/decide.ts';
import type { CallerRoute, Parts } from '../route.ts';
import { refuseServer } from './decide.ts';
import { readRequest, toAsk } from './read.ts';
import { DECIDE_NOTES, decideRequest } from './schema.ts';
import { traceIdOf } from './trace.ts';

export function createEnforce(parts: Parts & DecidingParts): CallerRoute {
  const { decider, limits } = parts;
  return async (request, caller) => {
    const { incoming } = request.env;
    const read = await readRequest(incoming, caller, limits.body_bytes, decideRequest, DECIDE_NOTES);
    if (!read.ok) return read.problem;
    const ask = { ...toAsk(read.request, traceIdOf(incoming.headers)), door: 'audgate/enforce' as const };
    return refuseServer(ask, caller, decider) ?? respond(await decideForGateway(parts, ask, caller));
  };
}
