/** What requests and answers are made of: the very schemas that validate. */
import { z } from 'zod';
import * as authzen from '../authzen/answers.ts';
import { evaluationRequest, evaluationsRequest } from '../authzen/schema.ts';
import * as answers from '../native/answers.ts';
import { issuanceDecided, issuanceIndeterminate } from '../native/issuance-answers.ts';
import { issuanceRequest } from '../native/issuance-schema.ts';
import { reach } from '../native/reach-answer.ts';
import { reachRequest } from '../native/reach-schema.ts';
import { allowedRequest, decideRequest, explainRequest } from '../native/schema.ts';
import * as opa from '../opa/answers.ts';

const SCHEMAS = {
  DecideRequest: decideRequest,
  AllowedRequest: allowedRequest,
  ExplainRequest: explainRequest,
  ReachRequest: reachRequest,
  IssuanceRequest: issuanceRequest,
  IssuanceDecided: issuanceDecided,
  IssuanceIndeterminate: issuanceIndeterminate,
  EvaluationRequest: evaluationRequest,
  EvaluationsRequest: evaluationsRequest,
  DataRequest: opa.dataRequest,
  Decided: answers.decided,
  Indeterminate: answers.indeterminate,
  Allowed: answers.allowed,
  AllowedIndeterminate: answers.allowedIndeterminate,
  Explanation: answers.explanation,
  Reach: reach,
  Evaluated: authzen.evaluated,
  EvaluatedEither: authzen.evaluatedEither,
  AuthzenMetadata: authzen.metadata,
  DataAnswer: opa.dataAnswer,
  OpaError: opa.opaError,
  Problem: answers.problem,
  Servers: answers.servers,
  Server: answers.server,
  ProtectedResourceMetadata: answers.metadata,
  Status: answers.status,
  Live: answers.live,
  Ready: answers.ready,
  Stopping: answers.stopping,
};
export type SchemaName = keyof typeof SCHEMAS;

export function schemas(): Record<string, unknown> {
  return Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)]));
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return rest;
}
