/** What a handler learns of one call inside a session, and what it tells its client when it must not be made. */
import type { Decision, Principal } from '../decision/decision.ts';
import type { Evidence } from '../decision/reason.ts';
import { entryOf, type Wire } from '../decision/reasons.ts';

/** A call that a handler is about to make for its client: `{ method: 'tools/call', tool, arguments }`. */
export interface SessionCall {
  readonly method: string;
  readonly tool?: string;
  readonly prompt?: string;
  readonly uri?: string;
  readonly task?: string;
  /** As the handler is about to use them: plain JSON, where absent members may be undefined. */
  readonly arguments?: unknown;
}

/** A tool's result (MCP `CallToolResult`) that says why there is none. */
export interface Refusal {
  content: { type: 'text'; text: string }[];
  isError: true;
  /** Results of the SDK may carry more; this one does not. */
  [member: string]: unknown;
}

export type Authorization =
  | {
      readonly allowed: true;
      readonly principal: Principal;
      /** RFC 3339 */
      readonly valid_until: string;
      readonly decision_id: string;
    }
  | {
      readonly allowed: false;
      /** For the client and its model: an OAuth error code and constant words. */
      readonly message: string;
      /** The message as a tool's result. */
      readonly refusal: Refusal;
      /** Null when nothing could be decided; why stands in the log then. */
      readonly decision_id: string | null;
    };

/** Inside a session there is no HTTP answer to put a challenge on: its error code is told in words. */
const TOLD: Readonly<Record<Wire, string>> = {
  forbidden: 'access_denied: this server does not open this call',
  invalid_request: 'invalid_request: the call is malformed',
  unauthenticated: 'invalid_token: the call needs an access token',
  invalid_token: 'invalid_token: the access token is not valid for this server',
  invalid_dpop_proof: 'invalid_dpop_proof: the call needs a fresh proof of the key that the access token is bound to',
  use_dpop_nonce: 'use_dpop_nonce: the proof must hold a nonce of this server',
  insufficient_user_authentication:
    'insufficient_user_authentication: this call needs another, or a more recent, authentication of the user',
  insufficient_scope: 'insufficient_scope: the access token lacks a scope that this call needs',
  // Of a request for a token: no call at a server is refused so.
  invalid_target: 'access_denied: this server does not open this call',
  invalid_scope: 'access_denied: this server does not open this call',
  unavailable: 'temporarily_unavailable: the access token cannot be checked now',
};

/** @param decision null: nothing could be decided */
export function authorizationOf(decision: Decision | null): Authorization {
  if (decision === null) return refused(TOLD.unavailable, null);
  const { decision_id } = decision;
  if (decision.decision === 'allow') {
    const { principal, valid_until } = decision;
    return { allowed: true, principal, valid_until, decision_id };
  }
  const [first] = decision.reasons;
  const wire = first === undefined ? 'forbidden' : entryOf(first.code).wire;
  return refused(`${TOLD[wire]}${neededFor(wire, first?.expected)} (decision ${decision_id})`, decision_id);
}

/** As the challenge of the same refusal says it openly; the registry's own words. */
function neededFor(wire: Wire, expected: Evidence = []): string {
  if (wire === 'insufficient_scope') return expected.length === 0 ? '' : `: ${expected.join(' ')}`;
  if (wire !== 'insufficient_user_authentication') return '';
  // Texts are acr values, the number is seconds.
  const ways = expected.filter((one) => typeof one === 'string').join(' ');
  const age = expected.find((one) => typeof one === 'number');
  const told = [...(ways === '' ? [] : [`acr_values=${ways}`]), ...(age === undefined ? [] : [`max_age=${age}`])];
  return told.length === 0 ? '' : `: ${told.join(', ')}`;
}

function refused(message: string, decision_id: string | null): Authorization {
  const refusal: Refusal = { content: [{ type: 'text', text: message }], isError: true };
  return { allowed: false, message, refusal, decision_id };
}
