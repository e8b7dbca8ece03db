/**
 * The bodies of `/v1/decide` and `/v1/explain` (contract 2). The same schemas validate requests and make the OpenAPI
 * document. They judge what the gateway wrote; what its client wrote (token, message, body, header values) is only typed
 * here, and a decision judges it.
 */
import { z } from 'zod';
import { MAX_PROBLEMS } from '../../json/locate.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';

/** RFC 9110 §5.6.2 token, and the contract's limit. */
const SCHEME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
/** A field name (RFC 9110 §5.1) without capitals. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** An object of any members. The strict reader has read it already, so it is taken as it is and not copied. */
const object = z
  .custom<JsonObject>(isJsonObject, { error: 'must be an object' })
  .meta({ type: 'object', additionalProperties: true });
const text = z.string();

/**
 * Judged here rather than by a record of lists, which finds as many issues as there are names and values: what a client
 * sent stands here, and finding 100,000 of them takes long.
 */
const headers = z
  .custom<Readonly<Record<string, readonly string[]>>>(isJsonObject, { error: 'must be an object', abort: true })
  .superRefine((value, context) => {
    let found = 0;
    for (const fault of headerFaults(value)) {
      context.addIssue(fault);
      if (++found >= MAX_PROBLEMS) return;
    }
  })
  .meta({
    type: 'object',
    propertyNames: { type: 'string', pattern: HEADER_NAME.source },
    additionalProperties: { type: 'array', items: { type: 'string' } },
  });

function* headerFaults(value: Readonly<Record<string, unknown>>): Generator<z.core.$ZodSuperRefineIssue> {
  for (const name of Object.keys(value)) {
    const list = value[name];
    if (!HEADER_NAME.test(name)) {
      yield {
        code: 'custom',
        path: [name],
        message: 'has a header name that is no lower-case field name',
        input: name,
      };
    } else if (!Array.isArray(list)) {
      yield { code: 'invalid_type', expected: 'array', path: [name], input: list };
    } else {
      for (const [at, item] of list.entries()) {
        if (typeof item !== 'string') yield { code: 'invalid_type', expected: 'string', path: [name, at], input: item };
      }
    }
  }
}

/** As `headers`: a client may have chosen how many targets there are. */
export const texts = z
  .custom<readonly string[]>(Array.isArray, { error: 'must be a list', abort: true })
  .superRefine((value, context) => {
    let found = 0;
    for (const [at, item] of value.entries()) {
      if (typeof item === 'string') continue;
      context.addIssue({ code: 'invalid_type', expected: 'string', path: [at], input: item });
      if (++found >= MAX_PROBLEMS) return;
    }
  })
  .meta({ type: 'array', items: { type: 'string' } });

const call = z
  .strictObject({
    method: text,
    tool: text.exactOptional(),
    prompt: text.exactOptional(),
    uri: text.exactOptional(),
    task: text.exactOptional(),
    lists: texts.exactOptional().describe('subscriptions/listen: the lists, each by its method, like tools/list'),
    uris: texts.exactOptional().describe('subscriptions/listen: the resources'),
    tasks: texts.exactOptional().describe('subscriptions/listen: the tasks'),
    arguments: object.exactOptional(),
  })
  .describe(
    'The MCP call in the gateway’s own words. tools/call takes tool, prompts/get prompt, resources/read, ' +
      'resources/subscribe and resources/unsubscribe uri, completion/complete prompt or uri, tasks/get, tasks/result, ' +
      'tasks/update and tasks/cancel task, and subscriptions/listen lists, uris and tasks. A request without a message ' +
      'is http/get, http/delete or rpc/response.',
  );

const bytes = z.strictObject({
  base64: z
    .string()
    .refine((value) => Buffer.from(value, 'base64').toString('base64') === value, {
      error: 'must be canonical base64 with padding (RFC 4648 §4)',
    })
    .meta({ contentEncoding: 'base64' }),
});

/** What is right among them, a decision judges: a client sent it. */
const proof = z
  .strictObject({
    dpop: texts
      .exactOptional()
      .describe('All values of the client’s DPoP header, each as it was sent; looked at with scheme DPoP only.'),
    client_certificate: text
      .exactOptional()
      .describe(
        'The certificate of the client’s TLS connection in PEM, one without its chain; only from callers with client_certificates.',
      ),
  })
  .describe('What the client proved possession of its token’s key with.');

export const decideRequest = z
  .strictObject({
    server: text.describe(
      'The registered resource, byte for byte, of the server that the gateway is about to call; from its own route, never from the client.',
    ),
    token: z
      .union([z.string(), z.null()], { error: 'must be a string or null' })
      .exactOptional()
      .describe('The access token that the client sent.'),
    scheme: z
      .string()
      .regex(SCHEME, { error: 'must be an RFC 9110 token of at most 32 characters' })
      .exactOptional()
      .describe('Authentication scheme of the token, in any case. Default Bearer.'),
    call: call.exactOptional(),
    // Any JSON value is well typed, null too: a client wrote it, so a decision refuses it.
    message: z
      .custom<Json>((value) => value !== undefined)
      .exactOptional()
      .describe('The JSON-RPC message, for a gateway that forwards its own serialisation of it.'),
    body: z
      .union([z.string(), bytes], { error: 'must be a string or {"base64": "…"}' })
      .exactOptional()
      .describe('The message’s exact bytes.'),
    http: z
      .strictObject({
        method: text
          .exactOptional()
          .describe('Method of the client’s request; needed with scheme DPoP, whose proof names it (htm).'),
        url: text.exactOptional(),
        headers: headers
          .exactOptional()
          .describe(
            'Lower-case names, arrays of values. mcp-method, mcp-name, mcp-param-* and mcp-protocol-version are compared with the call.',
          ),
      })
      .exactOptional()
      .describe('The client’s request.'),
    proof: proof.exactOptional(),
    context: z
      .strictObject({
        client_ip: text.exactOptional(),
        request_id: text.exactOptional(),
        extra: object.exactOptional().describe('For custom rules.'),
      })
      .exactOptional(),
  })
  .describe('Exactly one of call, message and body; none is answered with a deny.');

export const explainRequest = decideRequest
  .extend({
    at: z.iso
      .datetime({ offset: true, error: 'must be a time of RFC 3339, such as 2026-11-23T12:00:00Z' })
      .refine(hasFourDigitYear, { error: 'must be in the years 0000 to 9999 in UTC' })
      .exactOptional()
      .describe('The time to decide for. Default now.'),
  })
  .describe('As /v1/decide, for any time.');

export const allowedRequest = decideRequest
  .omit({ call: true, message: true, body: true })
  .describe('Whose token, at which server: asked is all that it opens there.');

/** Else the date that policy sees is not YYYY-MM-DD (contract 6). True of what is no time: that was said already. */
function hasFourDigitYear(at: string): boolean {
  const milliseconds = Date.parse(at);
  return Number.isNaN(milliseconds) || /^\d{4}-/.test(new Date(milliseconds).toISOString());
}

export type DecideRequest = z.output<typeof decideRequest>;
export type ExplainRequest = z.output<typeof explainRequest>;
export type AllowedRequest = z.output<typeof allowedRequest>;

/** What to say of members that are unknown to a schema, but not to the reader. */
export const DECIDE_NOTES = {
  '/at': 'is not for /v1/decide, which decides for now: ask /v1/explain about another time',
};
export const EXPLAIN_NOTES = {};
const ALL_CALLS = 'is not for /v1/allowed, which is about all calls: ask /v1/decide about one';
export const ALLOWED_NOTES = { '/call': ALL_CALLS, '/message': ALL_CALLS, '/body': ALL_CALLS };
