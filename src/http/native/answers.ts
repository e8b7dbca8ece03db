/** The shapes of answers (contract 2 and 3), for the OpenAPI document and for the tests that hold answers against them. */
import { z } from 'zod';
import { FRAMEWORKS } from '../../decision/frameworks.ts';
import { policyInput } from '../../decision/input.ts';
import { CUSTOM_CODE, REASONS } from '../../decision/reasons.ts';

const text = z.string();
const texts = z.array(text);
const time = z.iso.datetime();
const digest = text.describe('sha256:…');
const evidence = z.array(z.union([text, z.number()]));

const reasonCode = z.union([
  z.enum(REASONS.flatMap(({ code }) => (code === 'custom' ? [] : [code]))),
  text.regex(CUSTOM_CODE).describe('a custom rule’s denial'),
]);

export const reason = z
  .strictObject({
    code: reasonCode,
    message: text.describe('For people: what is wrong and what to do next.'),
    expected: evidence.exactOptional(),
    actual: evidence.exactOptional(),
    verified: z.literal(false).exactOptional().describe('The evidence was read from a token that nobody has verified.'),
    rule: text.exactOptional(),
  })
  .describe('Why a call was refused.');

const common = {
  decision_id: z.uuid().describe('UUIDv7'),
  server: z.union([text, z.null()]).describe('Registry key; null if unknown.'),
  revision: digest,
};

export const challenge = z
  .strictObject({
    status: z.int(),
    headers: z.record(text, texts),
    body: z.unknown().exactOptional(),
  })
  .describe('What the gateway sends its client.');

export const allow = z.strictObject({
  decision: z.literal('allow'),
  ...common,
  reasons: z.array(reason).max(0),
  principal: z.strictObject({
    issuer: text,
    subject: z.union([text, z.null()]),
    client_id: z.union([text, z.null()]),
    scopes: texts,
    actor: z.union([text, z.null()]),
  }),
  valid_until: time.describe('Close streams then. Never cache an allow.'),
  advice: z.strictObject({
    waivers: z
      .array(z.strictObject({ what: z.enum(['audience', 'lifetime', 'observe']), owner: text, until: text }))
      .exactOptional(),
    would_deny: texts
      .exactOptional()
      .describe('Codes that would have denied, but that a waiver observes or a rule only reports.'),
    call_from: z
      .literal('none')
      .exactOptional()
      .describe('Nobody looked at the call: token and server are all that was decided.'),
    hop: z
      .strictObject({ server: text, tool: text.exactOptional(), prompt: text.exactOptional() })
      .exactOptional()
      .describe(
        'At a hub: the call at the server behind it. Get a token for that server, and ask about this call with it; never pass on the client’s.',
      ),
  }),
});

export const deny = z.strictObject({
  decision: z.literal('deny'),
  ...common,
  reasons: z.array(reason).min(1),
  challenge,
});

export const indeterminate = z
  .strictObject({ decision: z.literal('indeterminate'), ...common, reasons: z.array(reason).min(1) })
  .describe('A dependency failed: nobody knows, so everyone must refuse.');

export const decided = z.union([allow, deny]);
export const decision = z.union([allow, deny, indeterminate]);

const lists = {
  tools: texts.describe('Registered tools that tools/call is open for.'),
  unlisted_tools: z.boolean().describe('Whether it is open for tools that the registry does not list, too.'),
  unlisted_prefixes: texts
    .exactOptional()
    .describe('At a hub: prefixes of servers behind it that are open for tools which the registry does not list.'),
  prompts: texts.describe('Registered prompts that prompts/get is open for.'),
  resources: texts.describe('Registered URIs, and prefixes ending in *, that resources/read is open for.'),
  methods: texts.describe('Open methods without target, and those of tasks.'),
  custom: z.enum(['none', 'not_judged']).describe('not_judged: custom rules may deny any of it when it is called.'),
};
export const allowed = z.union([allow.extend(lists), deny.extend(lists)]);
export const allowedIndeterminate = indeterminate.extend(lists);

const side = z.enum(['client', 'authorization_server', 'operator']);

const referenceId = text.describe('Identifier of an entry of a framework, as docs/frameworks.md lists them.');

export const explanation = z.strictObject({
  would_decide: decision,
  checks: z.array(
    z.strictObject({
      rule: text,
      outcome: z.enum(['satisfied', 'denied', 'not_satisfied', 'not_evaluated']),
      expected: evidence,
      actual: evidence,
      registry: z.union([text, z.null()]).describe('file:line of the member of the registry that made it so'),
      rule_file: text.describe('A custom rule’s with the line of its denial, where that can be told.'),
      references: z.array(referenceId).describe('What the rule is against, whatever came of it.'),
    }),
  ),
  references: z
    .array(
      z.strictObject({
        id: referenceId,
        framework: z.enum(FRAMEWORKS.map(({ key }) => key)),
        title: text,
        reasons: z.array(reasonCode).describe('Codes of this decision that stand against it.'),
      }),
    )
    .describe('Risks of published frameworks that the reasons stand against. Empty for an allow.'),
  changes: z
    .array(
      z.strictObject({
        side,
        change: text.describe('What to do.'),
        why: text,
        where: text.exactOptional().describe('file:line of the registry to change or to look at'),
        cures: z.array(reasonCode).describe('Codes of the reasons that it takes away.'),
        verified: z
          .boolean()
          .describe(
            'Decided again with this change and those of with, the call is allowed. False: nobody could try it.',
          ),
        with: z
          .array(z.int())
          .exactOptional()
          .describe('Places in this list of what must be changed together with it.'),
      }),
    )
    .describe('The smallest changes that would allow the call. Empty for an allow.'),
  no_safe_change: z
    .array(z.strictObject({ side, why: text }))
    .describe('Sides that have nothing to change that is safe.'),
  input: z.union([policyInput, z.null()]).describe('What policy judged; null where the decision ended before it.'),
  digests: z.strictObject({ registry: digest, core: digest, custom: z.union([digest, z.null()]) }),
});

export const problem = z
  .strictObject({
    type: text.describe('urn:audgate:problem:NAME'),
    title: text,
    status: z.int(),
    detail: text,
    problems: z.array(
      z.strictObject({ pointer: text.describe('JSON pointer into the body (RFC 6901)'), message: text }),
    ),
  })
  .describe('RFC 9457. Never repeats a value of the request.');

export const servers = z.strictObject({
  servers: z.array(
    z.strictObject({
      key: text,
      resource: text,
      issuers: texts,
      max_lifetime_seconds: z.int(),
      protected_resource_metadata: text.describe('URL of the server’s metadata (RFC 9728 §3.1)'),
    }),
  ),
});

export const server = z
  .looseObject({
    key: text,
    resource: text,
    issuers: texts,
    max_lifetime_seconds: z.int(),
    source: text.describe('file:line'),
  })
  .describe('The record with its defaults.');

export const metadata = z
  .strictObject({
    resource: text,
    authorization_servers: texts,
    scopes_supported: texts,
    bearer_methods_supported: z.array(z.literal('header')),
    dpop_bound_access_tokens_required: z.literal(true).exactOptional(),
    dpop_signing_alg_values_supported: texts.exactOptional(),
    tls_client_certificate_bound_access_tokens: z.literal(true).exactOptional(),
  })
  .describe('RFC 9728 §2');

export const status = z.strictObject({
  version: text,
  started_at: time,
  revision: digest,
  registry: z.strictObject({ digest, servers: z.int(), issuers: z.int(), loaded_at: time }),
  policy: z.strictObject({
    core: z.strictObject({ digest, modified: z.boolean() }),
    custom: z.union([z.strictObject({ digest, rules: texts }), z.null()]),
  }),
  bundle: z.union([
    z.strictObject({
      source: z.enum(['file', 'url']),
      location: text.describe('Path, or URL without its query.'),
      digest: z.union([digest, z.null()]).describe('SHA-256 of the bundle’s bytes; null for a file.'),
      revision: z.union([text, z.null()]).describe('What its manifest calls it.'),
      registry: z.boolean().describe('The registry in force came with it.'),
      signed: z.boolean(),
      from_cache: z.boolean(),
      checked_at: z.union([time, z.null()]),
      confirmed_at: z.union([time, z.null()]).describe('When the source last had what is in force.'),
      stale: z.boolean(),
      pinned: z.union([digest, z.null()]),
      kept: z.array(digest).describe('In the cache, the last used first.'),
      last_error: z.union([z.strictObject({ at: time, problems: texts }), z.null()]),
    }),
    z.null(),
  ]),
  shadow: z
    .union([z.strictObject({ revision: digest, rules: texts }), z.null()])
    .describe('Rules that are judged beside those in force, and decide nothing.'),
  last_reload: z.union([
    z.strictObject({ at: time, ok: z.boolean(), problems: z.array(z.looseObject({ message: text })) }),
    z.null(),
  ]),
  issuers: z.record(
    text,
    z.strictObject({
      keys: z.int(),
      fetched_at: z.union([time, z.null()]),
      last_error: z.union([text, z.null()]),
    }),
  ),
  waivers: z.strictObject({ active: z.int(), expired: z.int() }),
  revocation: z
    .union([
      z.strictObject({
        entries: z.int().describe('Held now, of all sources.'),
        available: z.boolean().describe('False: a list cannot be had, and nothing is allowed.'),
        sources: z.array(
          z.strictObject({
            source: z.enum(['file', 'valkey']),
            location: text,
            entries: z.int(),
            confirmed_at: z.union([time, z.null()]).describe('When what is held was last known to be the whole list.'),
            last_error: z.union([z.strictObject({ at: time, problems: texts }), z.null()]),
          }),
        ),
      }),
      z.null(),
    ])
    .describe('Lists of revoked tokens; null: none is configured.'),
  proofs: z
    .union([
      z.strictObject({
        store: z.enum(['memory', 'valkey']),
        location: z.union([text, z.null()]).describe('URL of a shared store.'),
        available: z.boolean().describe('False: calls with proofs get replay_store_unavailable.'),
        accepted_since: z.union([time, z.null()]).describe('Proofs made before are refused; null: nothing was lost.'),
        entries: z
          .union([z.int(), z.null()])
          .describe('Used proofs that this process holds; null: they are elsewhere.'),
        max_entries: z.union([z.int(), z.null()]),
        last_error: z.union([z.strictObject({ at: time, problem: text }), z.null()]),
      }),
      z.null(),
    ])
    .describe('The store of used proofs; null: there is none.'),
});

export const live = z.strictObject({ status: z.literal('ok') });
export const ready = z.strictObject({ status: z.literal('ready'), revision: digest });
export const stopping = z.strictObject({ status: z.literal('stopping') });
