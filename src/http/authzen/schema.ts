/**
 * The bodies of AuthZEN's Authorization API 1.0. Objects are open: a receiver must ignore fields that it does not know (JSON
 * Serialization). What a well-formed entity says is the decision's affair: here is only whether it is one.
 */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../json/value.ts';

/** Evaluations of one request. Each is a decision and a record of its own, so that a request is bounded by more than its bytes. */
export const MAX_EVALUATIONS = 256;

/** Taken as it is and not copied: the strict reader has read it already. */
const object = z
  .custom<JsonObject>(isJsonObject, { error: 'must be an object' })
  .meta({ type: 'object', additionalProperties: true });
const text = z.string();
const properties = object.exactOptional();

export const subject = z
  .looseObject({ type: text, id: text, properties })
  .describe(
    'Either type access_token with the token itself as id, or any type with the token as properties.access_token and its sub as id. properties.scheme: DPoP, with the values of the client’s DPoP header in properties.dpop; default Bearer. properties.client_certificate: the certificate of the client’s TLS connection in PEM, only from callers with client_certificates.',
  );
export const action = z
  .looseObject({ name: text, properties })
  .describe(
    'name: the MCP method. properties.arguments: of tools/call and prompts/get, for custom rules. properties.http_method: of the client’s request, which a DPoP proof names.',
  );
export const resource = z
  .looseObject({ type: text, id: text, properties })
  .describe(
    'tool, prompt or resource, with its name or URI as id and the server’s registered resource as properties.server; or mcp_server, with the registered resource as id.',
  );
export const context = object.describe(
  'For custom rules, as context.extra; client_ip, if a text, is the client’s address.',
);

export const evaluationRequest = z.looseObject({ subject, action, resource, context: context.exactOptional() });

/** Entities of one evaluation are judged after the defaults were put in: one that lacks an entity fails alone. */
export const evaluationsRequest = z.looseObject({
  subject: subject.exactOptional(),
  action: action.exactOptional(),
  resource: resource.exactOptional(),
  context: context.exactOptional(),
  evaluations: z
    .array(object)
    .max(MAX_EVALUATIONS, { error: `must hold at most ${MAX_EVALUATIONS} evaluations` })
    .exactOptional()
    .describe('Each an evaluation; an entity that it lacks is the one above, whole.'),
  options: z
    .looseObject({
      evaluations_semantic: z
        .enum(['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'], {
          error: 'must be execute_all, deny_on_first_deny or permit_on_first_permit',
        })
        .exactOptional()
        .describe('Default execute_all.'),
    })
    .exactOptional(),
});

export type Evaluation = z.output<typeof evaluationRequest>;
export type Evaluations = z.output<typeof evaluationsRequest>;
export type Semantic = NonNullable<NonNullable<Evaluations['options']>['evaluations_semantic']>;
