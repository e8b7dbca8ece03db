/**
 * Problems (RFC 9457): what is answered when a request ends before a decision. One writer, so that all look alike and
 * none repeats a value of the request.
 */
import type { JsonProblem } from '../json/locate.ts';

export type ProblemName = keyof typeof PROBLEMS;

export interface ProblemAnswer {
  readonly name: ProblemName;
  readonly detail: string;
  readonly problems?: readonly JsonProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

const URN = 'urn:audgate:problem:';

/** Every problem that is ever answered, with its status; OpenAPI lists the same. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not well-formed' },
  caller_unknown: { status: 401, title: 'The caller is unknown' },
  caller_not_allowed: { status: 403, title: 'The caller may not ask this' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  media_type_unsupported: { status: 415, title: 'The media type or encoding is not supported' },
  host_not_served: { status: 421, title: 'The host is not served here' },
  // Bugs and outages. Never an allow, and never says what went wrong: that is in the log.
  internal: { status: 500, title: 'The request could not be answered' },
  unavailable: { status: 503, title: 'The request cannot be answered now' },
} as const;

export const problemType = (name: ProblemName) => `${URN}${name}`;

export function answerProblem({ name, detail, problems = [], headers = {} }: ProblemAnswer): Response {
  const { status, title } = PROBLEMS[name];
  return new Response(JSON.stringify({ type: problemType(name), title, status, detail, problems }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });
}
