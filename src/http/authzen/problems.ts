/** Problems as AuthZEN wants its errors: a status of the few that it knows, and a message as text (Authorization API 1.0, Error Responses). */
import type { IncomingMessage } from 'node:http';
import { PROBLEMS, type ProblemAnswer } from '../problems.ts';
import { echoOf } from './request-id.ts';

/** A wrong media type or encoding is a malformed request: AuthZEN has 400 for it, and no 415. */
export function answerAuthzenProblem(problem: ProblemAnswer, incoming: IncomingMessage): Response {
  const { name, detail, problems = [], headers = {} } = problem;
  const status = name === 'media_type_unsupported' ? 400 : PROBLEMS[name].status;
  const lines = problems.map(({ pointer, message }) => `${pointer === '' ? 'The body' : pointer} ${message}.`);
  return new Response([detail, ...lines].join('\n'), {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
      ...echoOf(incoming),
    },
  });
}
