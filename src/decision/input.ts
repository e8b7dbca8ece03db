/**
 * The document that policy judges: facts, the records that they need, and nothing else (contract 6). Members that do not
 * apply are absent. Its JSON Schema (`schemas/input.schema.json`) is what `opa check --schema` reads and what authors'
 * editors show, so it says `anyOf` only: OPA silently ignores `oneOf`.
 */
import { z } from 'zod';

const text = z.string();
const texts = z.array(text);
const seconds = z.int();
const labels = z.record(text, z.any());

export const waiverInput = z.strictObject({
  what: z.enum(['audience', 'lifetime', 'observe']),
  /** Registry key, not the `iss`. */
  issuer: text,
  client_id: text,
  operations: texts,
  owner: text,
  reason: text,
  until: text.describe('RFC 3339, as the registry holds it'),
  until_seconds: seconds.describe('the same, in seconds since the epoch; the waiver holds while now < until_seconds'),
  audience: text.optional().describe('waiver of an audience: the one value that aud may be'),
  max_lifetime_seconds: seconds.optional().describe('waiver of a lifetime: the limit in place of the server’s'),
  codes: texts.optional().describe('waiver that observes: the codes that are told and do not deny'),
});

export const operationInput = z.strictObject({
  name: text.describe(
    'METHOD, or METHOD TARGET for methods by target; subscriptions/listen with its lists and targets',
  ),
  scopes: texts.describe('required scopes: the method’s, then the target’s'),
  implied_by: z.record(text, texts).describe('required scope → the scopes that imply it (scope_implies, transitive)'),
  authentication: z
    .strictObject({ acr_values: texts.optional(), max_age_seconds: seconds.optional() })
    .optional()
    .describe('what it asks of the user’s authentication (RFC 9470)'),
  labels: labels.describe(
    'custom rules judge a subscription, and *, once with the labels of each operation that it is; elsewhere, one on which ' +
      'they differ is the list of its values',
  ),
});

export const serverInput = z.strictObject({
  key: text,
  resource: text,
  audiences: texts.describe('accepted in this issuer’s tokens, the resource first'),
  issuers: texts,
  max_lifetime_seconds: seconds,
  sender_constraint: z.enum(['none', 'dpop', 'mtls', 'any']),
  actors: z.union([z.enum(['none', 'any']), texts]),
  authorization_details_types: texts.optional().describe('that this server knows (RFC 9396); absent: none'),
  labels,
});

export const issuerInput = z.strictObject({
  key: text,
  issuer: text,
  extra_audiences: texts,
  clock_tolerance_seconds: seconds,
});

export const hubInput = z.strictObject({
  /** Registry key. */
  key: text,
  audiences: texts.describe('that the hub accepts in this issuer’s tokens, its resource first'),
});

const refusedProof = z.strictObject({ refused: text.describe('the reason code of a proof that is no good') });

export const policyInput = z.strictObject({
  now: seconds.describe('seconds since the epoch, UTC'),
  time: z
    .strictObject({
      weekday: seconds.describe('1 Monday to 7 Sunday'),
      hour: seconds,
      minute: seconds,
      date: text.describe('YYYY-MM-DD'),
    })
    .describe('now, in UTC'),
  call: z.strictObject({
    method: text.describe(
      'of MCP; http/get, http/delete, rpc/response for requests without one; * where call_from is none',
    ),
    tool: text.optional(),
    prompt: text.optional(),
    uri: text.optional(),
    task: text.optional(),
    lists: texts
      .optional()
      .describe('subscriptions/listen only: lists whose changes are subscribed to, by method (tools/list)'),
    uris: texts.optional().describe('subscriptions/listen only: resources that are subscribed to'),
    tasks: texts.optional().describe('subscriptions/listen only: tasks that are subscribed to'),
    arguments: z.record(text, z.any()).optional().describe('custom rules only'),
  }),
  token: z.strictObject({
    type: text.describe(
      'of typ; untyped where it has none; introspection where its issuer was asked about it (RFC 7662)',
    ),
    algorithm: text.optional().describe('absent of a token that its issuer was asked about, as key_id'),
    key_id: text.optional(),
    audiences: texts,
    scopes: texts,
    subject: text.optional(),
    client_id: text.optional(),
    issued_at: seconds.optional(),
    expires_at: seconds.optional(),
    not_before: seconds.optional(),
    confirmation: z.record(text, z.any()).optional().describe('cnf (RFC 7800)'),
    actor: text.optional().describe('act.sub of the outermost actor (RFC 8693 §4.1)'),
    actors: texts.optional().describe('act.sub of all actors where there are several, the outermost first'),
    authentication_context: text.optional().describe('acr (RFC 9470)'),
    authenticated_at: seconds.optional().describe('auth_time'),
    authorization_details: z.array(z.record(text, z.any())).optional().describe('RFC 9396 §9.1'),
    claims: z.record(text, z.any()).optional().describe('custom rules only: all claims'),
  }),
  proof: z
    .strictObject({
      dpop: z
        .union([z.strictObject({ jkt: text, algorithm: text, issued_at: seconds }), refusedProof])
        .optional()
        .describe('a DPoP proof (RFC 9449), but for its single use'),
      mtls: z
        .union([z.strictObject({ 'x5t#S256': text }), refusedProof])
        .optional()
        .describe('the client certificate of the connection, as the gateway forwards it (RFC 8705)'),
    })
    .optional()
    .describe('what the client proved with this call; absent where it showed nothing'),
  registered: z.strictObject({
    server: serverInput,
    issuer: issuerInput,
    operation: operationInput.optional().describe('absent when the registry does not know it'),
    unlisted: z
      .strictObject({ uris: texts, tasks: texts })
      .optional()
      .describe('subscriptions/listen without operation: the targets that are not open at the server'),
    operations: z.array(operationInput).optional().describe('core, for /v1/allowed only: all that the registry lists'),
    hubs: z
      .array(hubInput)
      .optional()
      .describe('hubs in front of this server; a token for one of them is theirs, and never accepted here'),
    waivers: z.array(waiverInput).describe('of this server, for this issuer and client; ended ones too'),
    elsewhere: texts.describe(
      'aud values that are another server’s accepted audience or an issuer’s identifier, also in a spelling that only normalisation makes equal',
    ),
  }),
  context: z.strictObject({
    caller: text,
    client_ip: text.optional(),
    request_id: text.optional(),
    extra: z.record(text, z.any()).optional(),
  }),
});

export type PolicyInput = z.infer<typeof policyInput>;
export type ServerInput = z.infer<typeof serverInput>;
export type HubInput = z.infer<typeof hubInput>;
export type IssuerInput = z.infer<typeof issuerInput>;
export type OperationInput = z.infer<typeof operationInput>;
export type WaiverInput = z.infer<typeof waiverInput>;
