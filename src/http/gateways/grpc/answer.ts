/** A gateway's answer in Envoy's words. Whatever is decided is an answer: a gRPC error could let the call pass. */
import type { GatewayAnswer } from '../answer.ts';
import type { SentHeaders } from '../headers.ts';
import { type CheckResponse, CODE, type HeaderOption, OVERWRITE_IF_EXISTS_OR_ADD } from './messages.ts';

const OURS = 'x-audgate-';

/** @param sent by the client: of its own x-audgate-* none goes on to the server behind Envoy */
export function checkResponse({ status, headers, toClient, body }: GatewayAnswer, sent: SentHeaders): CheckResponse {
  if (status !== 200) {
    return {
      status: { code: status === 401 ? CODE.unauthenticated : CODE.permission_denied },
      denied_response: { status: { code: status }, headers: options(Object.entries(headers)), body },
    };
  }
  const identity = Object.entries(headers).filter(([name]) => name.startsWith(OURS));
  const set = new Set(identity.map(([name]) => name));
  return {
    status: { code: CODE.ok },
    ok_response: {
      headers: options(identity),
      headers_to_remove: [...sent.keys()].filter((name) => name.startsWith(OURS) && !set.has(name)),
      ...(toClient && { response_headers_to_add: options(Object.entries(toClient)) }),
    },
  };
}

/** Of several values the first takes the place of whatever stands there; Envoy joins the others to it by commas. */
function options(headers: readonly (readonly [string, readonly string[]])[]): readonly HeaderOption[] {
  return headers.flatMap(([key, values]) =>
    values.map((value, index) => ({
      header: { key, value },
      ...(index === 0 ? { append_action: OVERWRITE_IF_EXISTS_OR_ADD } : { append: { value: true } }),
    })),
  );
}
