/** The shapes of AuthZEN's answers, for the OpenAPI document and for the tests that hold answers against them. */
import { z } from 'zod';
import { allow, deny, indeterminate } from '../native/answers.ts';

const text = z.string();

const withOutcome = z.union([
  allow.omit({ decision: true }).extend({ outcome: z.literal('allow') }),
  deny.omit({ decision: true }).extend({ outcome: z.literal('deny') }),
  indeterminate.omit({ decision: true }).extend({ outcome: z.literal('indeterminate') }),
]);
const failed = z
  .strictObject({ error: z.strictObject({ status: z.int(), message: text }) })
  .describe('One of a list that could not be decided: it is no evaluation, or about another caller’s server.');

export const evaluated = z.strictObject({
  decision: z.boolean().describe('True only for outcome allow.'),
  context: withOutcome.describe('All else that /v1/decide answers.'),
});
export const evaluatedList = z.strictObject({
  evaluations: z.array(z.union([evaluated, z.strictObject({ decision: z.literal(false), context: failed })])),
});
export const evaluatedEither = z.union([evaluated, evaluatedList]);

export const metadata = z.strictObject({
  policy_decision_point: text,
  access_evaluation_endpoint: text,
  access_evaluations_endpoint: text,
});
