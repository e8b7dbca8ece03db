/** What a client is told that is not let through. Constant words: reasons stay in the decision's record. */
import type { Decision } from '../decision/decision.ts';

export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/** Seconds after which to ask again when a dependency failed (contract 2). */
const RETRY_AFTER = '5';

/** In process there is no gateway that could take a 503 for an open door, so an outage is told as one. */
export function refusalOf(decision: Exclude<Decision, { decision: 'allow' }>): Answer {
  const id = { 'x-audgate-decision-id': [decision.decision_id] };
  if (decision.decision === 'indeterminate')
    return text(503, 'The access token cannot be checked now.', { ...id, 'retry-after': [RETRY_AFTER] });
  const { status, headers, body } = decision.challenge;
  const told = { ...headers, ...id };
  return body === undefined
    ? text(status, status === 401 ? 'The request was not authenticated.' : 'The request was refused.', told)
    : { status, headers: { ...told, 'cache-control': ['no-store'] }, body: JSON.stringify(body) };
}

/** A bug or an outage inside. What it was stands in the log. */
export const INTERNAL = text(500, 'The access token could not be checked.');
/** The decision needed no body, but the handler does, and what there is of it is not what the client sent. */
export const INCOMPLETE = text(413, 'The request body is too large, or was not sent whole.');

function text(status: number, body: string, headers: Answer['headers'] = {}): Answer {
  const fixed = { 'cache-control': ['no-store'], 'content-type': ['text/plain;charset=UTF-8'] };
  return { status, headers: { ...headers, ...fixed }, body: `${body}\n` };
}
