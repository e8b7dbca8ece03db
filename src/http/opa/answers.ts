/** The shapes of the Data API, for the OpenAPI document and for the tests that hold answers against them. */
import { z } from 'zod';
import { allow, deny, indeterminate } from '../native/answers.ts';
import { decideRequest } from '../native/schema.ts';

const text = z.string();

export const dataRequest = z.looseObject({
  input: z.union([decideRequest, z.null()]).exactOptional().describe('Without it there is no result, as OPA has it.'),
});

const result = z.union([
  allow.extend({ allow: z.literal(true) }),
  deny.extend({ allow: z.literal(false) }),
  indeterminate.extend({ allow: z.literal(false) }),
]);
export const dataAnswer = z.union([
  z.strictObject({ decision_id: z.uuid(), result }),
  z.strictObject({ warning: z.strictObject({ code: z.literal('api_usage_warning'), message: text }) }),
]);

export const opaError = z
  .strictObject({
    code: z.enum(['invalid_parameter', 'unauthorized', 'undefined_document', 'internal_error']),
    message: text,
    errors: z.array(z.strictObject({ code: text, message: text })).exactOptional(),
  })
  .describe('An error in the form of OPA’s.');
