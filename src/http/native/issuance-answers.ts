/** The shapes of answers about issuance, for the OpenAPI document and for the tests that hold answers against them. */
import { z } from 'zod';
import { reason } from './answers.ts';

const text = z.string();
const common = {
  decision_id: z.uuid().describe('UUIDv7'),
  server: z.union([text, z.null()]).describe('Registry key; null when the request names none, or several.'),
  revision: text.describe('sha256:…'),
};

const allowed = z.strictObject({
  decision: z.literal('allow'),
  ...common,
  reasons: z.array(reason).max(0),
  issue: z
    .strictObject({
      aud: text.describe('The only value of aud.'),
      resource: text.describe('The server’s registered resource; equals aud but for an ID-JAG.'),
      scope: text.describe('Ceiling, space-separated; may be empty.'),
      expires_in: z.int().min(1).describe('Ceiling, seconds.'),
      sender_constraint: z.enum(['none', 'dpop', 'mtls', 'any']),
    })
    .describe('What may be issued: no other audience, no more scope, no longer.'),
});

const denied = z.strictObject({
  decision: z.literal('deny'),
  ...common,
  reasons: z.array(reason).min(1),
  error: z.enum(['invalid_target', 'invalid_scope']).describe('For the client (RFC 8707 §2, RFC 6749 §5.2).'),
  error_description: text,
});

export const issuanceDecided = z.union([allowed, denied]).describe('What may be issued, or why nothing may.');

export const issuanceIndeterminate = z
  .strictObject({ decision: z.literal('indeterminate'), ...common, reasons: z.array(reason).min(1) })
  .describe('Nobody knows: issue nothing.');
