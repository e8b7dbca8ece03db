/**
 * `envoy.service.auth.v3.Authorization/Check`. Envoy may be told to let calls pass while audgate cannot be asked
 * (`failure_mode_allow`), and takes every gRPC error for that; so each check that arrives is answered with a decision or a
 * refusal, whoever asks and whatever breaks.
 */
import type { Identify, KnownCaller, Presented } from '../../callers/identify.ts';
import { refuseServer } from '../../native/decide.ts';
import { traceIdOf } from '../../native/trace.ts';
import type { ProblemName } from '../../problems.ts';
import { type GatewayAnswer, UNDECIDED } from '../answer.ts';
import { type DecidingParts, decideForGateway, undecided } from '../decide.ts';
import type { SentHeaders } from '../headers.ts';
import { checkResponse } from './answer.ts';
import { clientHeaders, readCheck, serverOfRoute } from './ask.ts';
import type { CheckRequest, CheckResponse, Codecs } from './messages.ts';

export interface CheckParts extends DecidingParts {
  readonly identify: Identify;
  /** Bytes of the client's body. */
  readonly limits: { readonly body_bytes: number };
  readonly codec: Codecs['check'];
}

/** What came with the call, before its message is read. */
export interface CheckCall {
  readonly presented: Presented;
  /** `x-audgate-server`; undefined: none. */
  readonly server: string | undefined;
  /** `traceparent`, joined by commas where there are several. */
  readonly traceparent: string | undefined;
  /** Milliseconds that the caller waits; what is answered later is no answer. `Infinity`: as long as it takes. */
  readonly patience: number;
  /** Reads the message; null: it did not come, or not in time. Not called for an unknown caller. */
  readonly message: () => Promise<Buffer | null>;
}

const NO_HEADERS: SentHeaders = new Map();
/** The part of a caller's patience after which a refusal is better than an answer that comes too late. */
const IN_TIME = 0.8;

/** Never rejects. */
export function createCheck(parts: CheckParts): (call: CheckCall) => Promise<CheckResponse> {
  return async (call) => {
    try {
      return await inTime(check(parts, call), call.patience * IN_TIME);
    } catch (err) {
      return checkResponse(undecided(parts, err), NO_HEADERS);
    }
  };
}

async function check(parts: CheckParts, call: CheckCall): Promise<CheckResponse> {
  const refused = (name: ProblemName) => {
    parts.metrics.refused(name);
    return checkResponse(REFUSED, NO_HEADERS);
  };
  const caller = parts.identify(call.presented);
  if (caller === null) return refused('caller_unknown');
  if (!caller.may.has('decide')) return refused('caller_not_allowed');
  const bytes = await call.message();
  const request = bytes === null ? null : read(parts, bytes);
  if (request === null) return refused('invalid_request');
  return decide(parts, call, caller, request) ?? refused('caller_not_allowed');
}

/** @returns null when the caller may not ask about this server, or names two */
function decide(
  parts: CheckParts,
  call: CheckCall,
  caller: KnownCaller,
  request: CheckRequest,
): Promise<CheckResponse> | null {
  const ofRoute = serverOfRoute(request);
  if (ofRoute !== undefined && call.server !== undefined && ofRoute !== call.server) return null;
  // Who names none asks about a server that nobody has registered.
  const server = ofRoute ?? call.server ?? '';
  if (refuseServer({ server: { key: server } }, caller, parts.decider) !== null) return null;
  const sent = clientHeaders(request.attributes?.request?.http ?? {});
  const ask = readCheck(request, server, caller, sent, parts.limits.body_bytes);
  const trace_id = call.traceparent && traceIdOf({ traceparent: call.traceparent });
  return decideForGateway(parts, trace_id ? { ...ask, trace_id } : ask, caller).then((answer) =>
    checkResponse(answer, sent),
  );
}

function read({ codec }: CheckParts, bytes: Buffer): CheckRequest | null {
  try {
    return codec.decode(bytes);
  } catch {
    return null;
  }
}

/** What ends before a decision: a matter between the gateway and audgate, which no client can mend. */
const REFUSED: GatewayAnswer = {
  status: 403,
  headers: { 'cache-control': ['no-store'], 'content-type': ['text/plain'] },
  body: 'refused\n',
};

/** The decision goes on and is recorded; its caller, who would not wait for it, has its refusal. */
async function inTime(answer: Promise<CheckResponse>, milliseconds: number): Promise<CheckResponse> {
  if (milliseconds === Number.POSITIVE_INFINITY) return answer;
  const late = Promise.withResolvers<CheckResponse>();
  const timer = setTimeout(() => late.resolve(checkResponse(UNDECIDED, NO_HEADERS)), Math.max(milliseconds, 0));
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
