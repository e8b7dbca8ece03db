/** Problems in the form of OPA's errors, `{code, message, errors}`, for clients that know no other (OPA REST API, Errors). */
import { PROBLEMS, type ProblemAnswer, type ProblemName } from '../problems.ts';

/** OPA's own codes. Its server knows no other for what a request may be wrong in. */
const CODES: Readonly<
  Record<ProblemName, 'invalid_parameter' | 'unauthorized' | 'undefined_document' | 'internal_error'>
> = {
  invalid_request: 'invalid_parameter',
  body_too_large: 'invalid_parameter',
  media_type_unsupported: 'invalid_parameter',
  host_not_served: 'invalid_parameter',
  method_not_allowed: 'invalid_parameter',
  caller_unknown: 'unauthorized',
  caller_not_allowed: 'unauthorized',
  not_found: 'undefined_document',
  internal: 'internal_error',
  unavailable: 'internal_error',
};

/** What is 415 elsewhere is 400 here: OPA's clients read the error's body only then. */
export function answerOpaProblem({ name, detail, problems = [], headers = {} }: ProblemAnswer): Response {
  const code = CODES[name];
  const status = name === 'media_type_unsupported' ? 400 : PROBLEMS[name].status;
  const errors = problems.map(({ pointer, message }) => ({
    code,
    message: `${pointer === '' ? 'the body' : pointer} ${message}`,
  }));
  return new Response(JSON.stringify({ code, message: detail, ...(errors.length > 0 && { errors }) }), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}
