/**
 * The body of `/v1/issuance/decide`. The same schema validates requests and makes the OpenAPI document. It judges what the
 * authorization server wrote; what its client sent (`resources`, `audiences`, `scope`, `requested_token_type`) is only typed.
 */
import { z } from 'zod';
import { GRANTS, TOKEN_EXCHANGE } from '../../decision/issuance.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { isJsonObject, type Json } from '../../json/value.ts';
import { texts } from './schema.ts';

const text = z.string();
const name = z.string().min(1, { error: 'must not be empty' });
/** Grants that come from nothing before them. */
const FIRST: readonly unknown[] = ['authorization_request', 'client_credentials'];

export const issuanceRequest = z
  .strictObject({
    issuer: name.describe('Exact issuer identifier of the authorization server that asks.'),
    grant: z.enum(GRANTS, { error: `must be one of ${GRANTS.join(', ')}` }),
    client_id: name,
    resources: texts
      .exactOptional()
      .describe('All resource parameters (RFC 8707) as they were sent, repeated ones too.'),
    audiences: texts.exactOptional().describe('All audience parameters (RFC 8693 §2.1).'),
    scope: text.exactOptional().describe('Space-separated, as requested.'),
    lifetime_seconds: z
      .int()
      .min(1, { error: 'must be at least 1' })
      .exactOptional()
      .describe('How long the token would live; absent: as long as the server allows.'),
    requested_token_type: text.exactOptional().describe('Token exchange only.'),
    bound: z
      .strictObject({
        resources: texts.describe('What the grant was made for; of a subject token its aud; [] if nothing.'),
        scope: text.exactOptional().describe('Space-separated; absent: none.'),
        client_id: text.exactOptional().describe('To whom it was issued.'),
        expires_at: z.int().min(0).exactOptional().describe('Seconds since the epoch.'),
      })
      .exactOptional()
      .describe(
        'What the code, refresh token, subject token or assertion holds. Needed for grants that come from one.',
      ),
    context: z.strictObject({ request_id: text.exactOptional() }).exactOptional(),
  })
  .describe('What an authorization server asks before it issues.');

/** What no single member shows. @param value the body as it was read; its members may be mistyped, which is said elsewhere */
export function issuanceContradictions(value: Json): readonly JsonProblem[] {
  if (!isJsonObject(value)) return [];
  const { grant, bound, requested_token_type } = value;
  const problems: JsonProblem[] = [];
  if (!GRANTS.some((known) => known === grant)) return problems;
  if (FIRST.includes(grant)) {
    if (bound !== undefined)
      problems.push({
        pointer: '/bound',
        message: 'does not go with this grant, which comes from no earlier one: leave it out',
      });
  } else if (bound === undefined) {
    problems.push({
      pointer: '/bound',
      message: 'is missing: state what the code, refresh token, subject token or assertion was bound to',
    });
  }
  if (requested_token_type !== undefined && grant !== TOKEN_EXCHANGE)
    problems.push({ pointer: '/requested_token_type', message: 'goes with token exchange only: leave it out' });
  return problems;
}
