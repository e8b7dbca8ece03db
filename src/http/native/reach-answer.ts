/** The answer of `/v1/reach`, for the OpenAPI document and the tests that hold answers against it. */
import { z } from 'zod';
import { NEEDS } from '../../decision/reach.ts';
import { reason } from './answers.ts';

const text = z.string();
const texts = z.array(text);
const time = z.iso.datetime();
const told = z.array(z.union([text, z.number()]));
const orNull = (of: z.ZodType) => z.union([of, z.null()]);

const waivers = z.array(
  z.strictObject({ what: z.enum(['audience', 'lifetime', 'observe']), owner: text, until: text }),
);

const operation = z.strictObject({
  kind: z.enum(['tool', 'unlisted', 'prompt', 'resource', 'method', 'named']),
  name: text.describe(
    'As registered; of unlisted *, behind the prefix of a hub’s backend; of named METHOD TARGET, as a waiver writes it.',
  ),
  needs: z
    .array(z.enum(NEEDS))
    .describe('What its holder must show besides. Empty: it is open to whoever holds the token.'),
  valid_until: time.describe('The earliest end of token and waivers.'),
  waivers,
  would_deny: texts,
  authentication: z
    .strictObject({ acr_values: texts.exactOptional(), max_age_seconds: z.int().exactOptional() })
    .exactOptional()
    .describe('With step_up: what the operation asks of the user’s authentication (RFC 9470).'),
});

const unreached = z.strictObject({
  codes: texts,
  count: z.int(),
  servers: texts.describe('Registry keys, at most 16 of them.'),
  reasons: z.array(reason).describe('Of the first of them.'),
});

const way = { from: text, to: text, hops: z.int().min(1).describe('1: with the token itself.') };

export const reach = z
  .strictObject({
    decision_id: z.uuid().describe('UUIDv7; its record has the path audgate/reach'),
    at: time,
    verified: z.boolean().describe('False: nobody knows whether an issuer ever signed these claims.'),
    token: orNull(
      z.strictObject({
        issuer: orNull(text).describe('Registry key'),
        audiences: told,
        scopes: told,
        subject: orNull(text),
        client_id: orNull(text),
        token_id: orNull(text).describe('jti'),
        issued_at: orNull(time),
        expires_at: orNull(time),
        bound: z
          .array(z.enum(['dpop', 'certificate', 'other']))
          .describe(
            'Empty: whoever has it can use it. other: to what nobody here can verify, so that it opens nothing.',
          ),
      }),
    ).describe('Null: it could not be read.'),
    asked: z.int().describe('Servers that were asked about: all that the caller may see.'),
    servers: z
      .array(
        z.strictObject({
          server: text.describe('Registry key'),
          resource: text,
          state: z.enum(['open', 'conditional']).describe('conditional: only with what the operations need.'),
          valid_until: time,
          waivers,
          operations: z.array(operation),
        }),
      )
      .describe('Those at which it opens something, or would.'),
    closed: z.array(unreached).describe('Servers at which it opens nothing, by why.'),
    unknown: z.array(unreached).describe('Servers of which nobody knows, by why. Empty: the answer is whole.'),
    ways: z
      .array(
        z.union([
          z.strictObject({ kind: z.literal('exchange'), ...way, client_id: text, scopes: texts, issuer: text }),
          z.strictObject({ kind: z.literal('hub'), ...way, prefix: text }),
        ]),
      )
      .describe('Exchanges and hubs through which it leads to other servers, with other tokens.'),
    leaked: orNull(
      z.strictObject({
        dangerous_until: orNull(time).describe('Null: it opens nothing any more.'),
        revoke: z.array(
          z.strictObject({
            by: z.enum(['jti', 'issued_before']),
            issuer: text,
            value: text,
            sub: text.exactOptional(),
            client_id: text.exactOptional(),
            until: time,
            why: text,
            command: text.describe('For a shell.'),
          }),
        ),
        beyond: texts.describe('What no list of revoked tokens can do.'),
        look_at: z.strictObject({ servers: texts, command: text }),
      }),
    ).describe('What to do if somebody else has the token.'),
    custom: z.enum(['none', 'not_judged']).describe('not_judged: custom rules may deny any of it when it is called.'),
    revision: text.describe('sha256:…'),
  })
  .describe('What the token opens. It lets no call through: each is decided when it comes.');
