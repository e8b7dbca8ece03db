/**
 * The document that policy judges when an authorization server asks what it may issue: facts, the records that they need,
 * and nothing else. Members that do not apply are absent. `anyOf` only, as in `input.ts`. Servers are named by registry key.
 */
import { z } from 'zod';
import { GRANTS } from './issuance.ts';

const text = z.string();
const texts = z.array(text);
const count = z.int().min(0);
const seconds = z.int();

const issuer = z.strictObject({ key: text, issuer: text, disabled: z.boolean() });

export const exchangeInput = z.strictObject({ from: text, to: text, client: text, issuer: text, scopes: texts });

export const targetInput = z.strictObject({
  value: text,
  sent_as: z.enum(['resource', 'audience']),
  stands_for: z
    .enum(['server', 'issuer', 'platform', 'nothing'])
    .describe('issuer: of an ID-JAG’s audience only; elsewhere an issuer is a platform'),
  server: text.optional(),
  issuer: text.optional(),
});

export const issuanceInput = z.strictObject({
  now: seconds.describe('seconds since the epoch'),
  request: z.strictObject({
    grant: z.enum(GRANTS),
    client_id: text,
    resources: count.describe('how many were sent'),
    audiences: count,
    scopes: texts.optional().describe('distinct; absent: none was requested'),
    lifetime_seconds: seconds.optional(),
    requested_token_type: text.optional(),
  }),
  targets: z.array(targetInput).describe('what was sent, resources first; of very many the first of each'),
  bound: z
    .strictObject({
      servers: texts.describe('whose values it names, each once'),
      others: count.describe('values that are no server’s, but for the issuer’s extra audiences'),
      repeated: z.boolean().describe('every value that is asked for is one of its own'),
      to_client: z.boolean().describe('its one value is the client itself: an ID token’s audience'),
      client_id: text.optional(),
      scopes: texts,
      expires_at: seconds.optional(),
    })
    .optional(),
  registered: z.strictObject({
    issuer: issuer.optional().describe('who asks'),
    server: z
      .strictObject({
        key: text,
        resource: text,
        issuers: texts,
        max_lifetime_seconds: seconds,
        advertised_scopes: texts,
        known_scopes: texts,
        sender_constraint: z.enum(['none', 'dpop', 'mtls', 'any']),
      })
      .optional()
      .describe('the first server that was asked for'),
    recipient: issuer.optional().describe('who is to take the ID-JAG'),
    exchanges: z.array(exchangeInput).describe('edges from the bound server to this one for this client'),
  }),
  context: z.strictObject({ caller: text, request_id: text.optional() }),
});

export type IssuanceInput = z.infer<typeof issuanceInput>;
export type TargetInput = z.infer<typeof targetInput>;
