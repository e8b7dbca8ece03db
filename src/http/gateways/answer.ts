/** A decision as the answer of a door that is read by its status: 200, or what the gateway sends its client. */
import { identityHeaders } from '../../decide/identity.ts';
import type { Decision } from '../../decision/decision.ts';
import { isJsonObject, type Json } from '../../json/value.ts';

export interface GatewayAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Of an allow: what the gateway adds to the response of the server behind it. */
  readonly toClient?: Readonly<Record<string, readonly string[]>>;
  /** Constant: reasons stay in the log. */
  readonly body: string;
}

const TEXT = ['text/plain'];
const REFUSED = 'refused\n';
const NO_STORE = { 'cache-control': ['no-store'] };
/** Seconds after which asking again makes sense. */
const RETRY = { 'retry-after': ['5'] };

/** Allow is exactly 200. Never 5xx: a gateway may be told to let those through, and nobody may provoke that. */
export function answerOf(decision: Decision): GatewayAnswer {
  const headers = { ...NO_STORE, 'content-type': TEXT, 'x-audgate-decision-id': [decision.decision_id] };
  if (decision.decision === 'allow') {
    const identity = Object.entries(identityHeaders(decision)).map(([name, value]) => [name, [value]]);
    const { response_headers: toClient } = decision;
    return {
      status: 200,
      headers: { ...headers, ...Object.fromEntries(identity) },
      ...(toClient && { toClient }),
      body: 'allowed\n',
    };
  }
  if (decision.decision === 'indeterminate') return { status: 403, headers: { ...headers, ...RETRY }, body: REFUSED };
  const { challenge } = decision;
  return {
    status: challenge.status,
    headers: { ...headers, ...challenge.headers },
    body: challenge.body === undefined ? REFUSED : `${JSON.stringify(withoutId(challenge.body))}\n`,
  };
}

/** A bug or an outage inside, after which nobody knows. */
export const UNDECIDED: GatewayAnswer = {
  status: 403,
  headers: { ...NO_STORE, ...RETRY, 'content-type': TEXT },
  body: REFUSED,
};

/** The client's own id would make the body the client's to choose. */
function withoutId(body: Json): Json {
  return isJsonObject(body) ? { ...body, id: null } : body;
}

/** @param statuses that the gateway knows; null: any */
export function respond(answer: GatewayAnswer, statuses: readonly number[] | null = null): Response {
  const headers = new Headers();
  for (const [name, values] of Object.entries({ ...answer.headers, ...answer.toClient }))
    for (const value of values) headers.append(name, value);
  return new Response(answer.body, { status: known(answer.status, statuses), headers });
}

/** Statuses that a gateway does not know become 403; headers and body stay. */
export function narrowed(response: Response, statuses: readonly number[] | null): Response {
  const status = known(response.status, statuses);
  return status === response.status ? response : new Response(response.body, { status, headers: response.headers });
}

const known = (status: number, statuses: readonly number[] | null) =>
  statuses === null || statuses.includes(status) ? status : 403;
