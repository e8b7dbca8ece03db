/** Operations of the OpenAPI document, each with the problems that its path can answer. */
import { PROBLEMS, type ProblemName } from '../problems.ts';
import type { SchemaName } from './schemas.ts';

export type Node = Record<string, unknown>;

/** What any request may get, and what any request of a caller may get besides. */
const ANY: readonly ProblemName[] = ['invalid_request', 'host_not_served', 'internal'];
const OF_CALLERS: readonly ProblemName[] = ['caller_unknown', 'caller_not_allowed'];
const OF_BODIES: readonly ProblemName[] = ['body_too_large', 'media_type_unsupported'];

export const KEY = { name: 'key', in: 'path', required: true, description: 'Registry key', schema: { type: 'string' } };
export const RETRY_AFTER = { 'Retry-After': { description: 'Seconds', required: true, schema: { type: 'integer' } } };

/** How an API writes its problems. */
export interface Form {
  readonly content: Node;
  /** In place of 415. */
  readonly unsupported: number;
}

export const reference = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });
export const body = (name: SchemaName) => ({ 'application/json': { schema: reference(name) } });
export const json = (name: SchemaName, description: string): Node => ({ description, content: body(name) });

const NATIVE: Form = { content: { 'application/problem+json': { schema: reference('Problem') } }, unsupported: 415 };
/** AuthZEN: a message. */
export const MESSAGE: Form = { content: { 'text/plain': { schema: { type: 'string' } } }, unsupported: 400 };
export const OPA: Form = { content: body('OpaError'), unsupported: 400 };

export function asked(
  operationId: string,
  summary: string,
  question: SchemaName,
  responses: Node,
  form: Form = NATIVE,
): Node {
  return {
    operationId,
    summary,
    requestBody: { required: true, content: body(question) },
    responses: { ...responses, ...problems([...ANY, ...OF_CALLERS, ...OF_BODIES], form) },
  };
}

export function read(
  operationId: string,
  summary: string,
  answer: Node,
  parameters: readonly Node[] = [],
  also: readonly ProblemName[] = [],
): Node {
  return {
    operationId,
    summary,
    parameters,
    responses: { 200: answer, ...problems([...ANY, ...OF_CALLERS, ...also], NATIVE) },
  };
}

export function open(
  operationId: string,
  summary: string,
  responses: Node,
  parameters: readonly Node[] = [],
  also: readonly ProblemName[] = [],
): Node {
  const all = { ...responses, ...problems([...ANY, ...also], NATIVE) };
  return { operationId, summary, security: [], parameters, responses: all };
}

export function problems(names: readonly ProblemName[], form: Form = NATIVE): Node {
  const statusOf = (name: ProblemName) =>
    name === 'media_type_unsupported' ? form.unsupported : PROBLEMS[name].status;
  const answers = names.map((name) => [statusOf(name), { description: PROBLEMS[name].title, content: form.content }]);
  // The first of several that share a status says what it is in most cases.
  return Object.fromEntries(answers.toReversed());
}
