/**
 * The form of registry files. One schema checks them, names near misses and generates `schemas/registry.schema.json`; each
 * `description` is written so that "Write …" before it is the remedy that a problem shows. What one value alone cannot
 * tell (who else has this audience, whether a URI is canonical) is the lint's.
 */
import { z } from 'zod';
import { OBSERVABLE_CODES } from '../decision/observe.ts';
import type { Json } from '../json/value.ts';
import { PROFILE_NAMES, UNTYPED } from './profile/profile.ts';

/** RFC 6749 §3.3: visible ASCII without space, `"` and `\`. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** No control characters (C0, DEL, C1): these values are compared with claims, which have none (contract 5). */
const CLEAN = /^[^\u0000-\u001f\u007f-\u009f]+$/;
/** As tokens have them (contract 5). */
const MAX_CLAIM = 255;
const MAX_AUDIENCE = 2048;
/** Seconds. Where the contract allows an hour, a waiver may allow a day. */
const MAX_LIFETIME = 3600;
const MAX_WAIVED_LIFETIME = 86_400;
/** A year: whoever means longer asks nothing. */
const MAX_AUTHENTICATION_AGE = 31_536_000;

export const ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['EdDSA', 'Ed25519'],
] as const satisfies readonly string[];

const clean = (description: string, max: number, ...examples: string[]) =>
  z.string().max(max).regex(CLEAN).meta({ description, examples });

/** `checkPlain` has seen to it that the value is one. */
const anyJson: z.ZodType<Json> = z.any();

/** Stands in `/v1/servers/{key}`, in file names and logs. */
const key = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .meta({ description: 'a key of letters, digits, ".", "_" and "-", at most 64, that starts with a letter or digit' });

const issuerKey = z
  .string()
  .min(1)
  .meta({ description: 'the key of an issuer of this registry', examples: ['corp'] });
const audience = clean('an audience value of 1 to 2,048 characters', MAX_AUDIENCE, 'api://default');
const scope = z
  .string()
  .max(MAX_CLAIM)
  .regex(SCOPE)
  .meta({ description: 'a scope of 1 to 255 visible ASCII characters without space, " and \\ (RFC 6749 §3.3)' });
const scopes = z.array(scope).meta({ description: 'a list of scopes', examples: [['files:read']] });
const labels = z
  .record(z.string(), anyJson)
  .default({})
  .meta({ description: 'a mapping of attributes for custom rules', examples: [{ risk: 'low' }] });
/** RFC 9470 §3 lists them with spaces between, inside a quoted text. */
const acrValue = z
  .string()
  .max(MAX_CLAIM)
  .regex(SCOPE)
  .meta({ description: 'an acr value of 1 to 255 visible ASCII characters without space, " and \\' });
const authentication = z
  .strictObject({
    acr_values: z
      .array(acrValue)
      .min(1)
      .exactOptional()
      .meta({ description: 'a list of one or more acr values, of which the token must hold one' }),
    max_age_seconds: z
      .int()
      .min(0)
      .max(MAX_AUTHENTICATION_AGE)
      .exactOptional()
      .meta({ description: `a whole number of seconds, 0 to ${MAX_AUTHENTICATION_AGE}` }),
  })
  .refine(({ acr_values, max_age_seconds }) => acr_values !== undefined || max_age_seconds !== undefined, {
    // A misspelt member is told by itself.
    when: ({ issues }) => issues.length === 0,
  })
  .exactOptional()
  .meta({
    description: 'a mapping with acr_values, max_age_seconds or both (RFC 9470)',
    examples: [{ acr_values: ['mfa'], max_age_seconds: 300 }],
    minProperties: 1,
  });
const operation = z
  .strictObject({ scopes: scopes.default([]), authentication, labels })
  .meta({ description: 'a mapping with scopes, authentication and labels', examples: [{ scopes: ['files:read'] }] });

/** A wildcard in an exact name would look as if it matched; it never does. */
const exactName = (what: string) =>
  z
    .string()
    .max(MAX_CLAIM)
    .regex(/^[^\u0000-\u001f\u007f-\u009f*]+$/)
    .meta({ description: `the exact name of a ${what}, 1 to 255 characters without control characters and *` });

const method = z
  .string()
  .max(MAX_CLAIM)
  .regex(/^[A-Za-z0-9_$.-]+(\/[A-Za-z0-9_$.-]+)*$/)
  .meta({ description: 'the exact name of an MCP method, like resources/list' });

const issuerShape = {
  // RFC 7519 §4.1.1 lets it be any string; RFC 8414 §2 asks for an https URL, which the lint warns about.
  issuer: z
    .string()
    .max(MAX_AUDIENCE)
    .regex(/^[\x21-\x7e]+$/)
    .meta({
      description: 'the exact iss of this issuer’s tokens, 1 to 2,048 visible ASCII characters',
      examples: ['https://login.example.com'],
    }),
  jwks_uri: z
    .string()
    .optional()
    .meta({ description: 'the https URL of the key set', examples: ['https://login.example.com/jwks'] }),
  jwks: z
    .strictObject({
      keys: z
        .array(z.record(z.string(), anyJson).meta({ description: 'a public key as a mapping (RFC 7517 §4)' }))
        .min(1)
        .meta({ description: 'a list of one or more public keys (RFC 7517 §4)' }),
    })
    .optional()
    .meta({ description: 'a key set (RFC 7517 §5) of public asymmetric keys, {keys: […]}' }),
  algorithms: z
    .array(z.enum(ALGORITHMS).meta({ description: `one of ${ALGORITHMS.join(', ')}` }))
    .min(1)
    .meta({ description: 'the list of algorithms that this issuer signs with', examples: [['ES256']] }),
  profile: z
    .enum(PROFILE_NAMES)
    .default('rfc9068')
    .meta({ description: `one of ${PROFILE_NAMES.join(', ')}` }),
  token_types: z
    .array(
      z
        .string()
        .max(127)
        .regex(/^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*(\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*)?$/)
        .meta({ description: 'a media type as typ has it, like at+jwt (RFC 7515 §4.1.9)' }),
    )
    .min(1)
    .optional()
    .meta({ description: `the list of values of typ (${UNTYPED}: it has none)`, examples: [['at+jwt']] }),
  extra_audiences: z
    .array(audience)
    .default([])
    .meta({ description: 'the list of values that this issuer adds to every aud', examples: [['account']] }),
  clock_tolerance_seconds: z
    .int()
    .min(0)
    .max(60)
    .default(5)
    .meta({ description: 'a whole number of seconds, 0 to 60' }),
  allow_private_network: z.boolean().default(false).meta({ description: 'true or false' }),
  disabled: z.boolean().default(false).meta({ description: 'true, to deny all its tokens at once, or false' }),
};

const waiverShape = {
  issuer: issuerKey,
  client_id: clean('the exact client_id, 1 to 255 characters', MAX_CLAIM, 'client-1'),
  operations: z
    .array(clean('METHOD, or METHOD TARGET for methods by target', 4096, 'tools/call read_file'))
    .min(1)
    .meta({
      description: 'the list of operations, each METHOD or METHOD TARGET',
      examples: [['tools/call read_file']],
    }),
  owner: clean('who answers for this waiver', MAX_CLAIM, 'team-files@example.com'),
  reason: clean('why the waiver is needed', 2000, 'corp cannot issue audience-bound tokens before December'),
  until: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/)
    .meta({ description: 'the end in UTC (RFC 3339 with Z)', examples: ['2026-12-31T00:00:00Z'] }),
};
const audienceWaiverShape = { what: z.literal('audience'), ...waiverShape, audience };
const lifetimeWaiverShape = {
  what: z.literal('lifetime'),
  ...waiverShape,
  max_lifetime_seconds: z
    .int()
    .min(1)
    .max(MAX_WAIVED_LIFETIME)
    .meta({ description: 'a whole number of seconds, 1 to 86400' }),
};

const observeWaiverShape = {
  what: z.literal('observe'),
  ...waiverShape,
  codes: z
    .array(
      z.enum(OBSERVABLE_CODES).meta({ description: `a code that can be observed: ${OBSERVABLE_CODES.join(', ')}` }),
    )
    .min(1)
    .meta({
      description: 'the list of codes that are told in advice.would_deny, and do not deny',
      examples: [['scope_insufficient']],
    }),
};

const foreignAudienceShape = { value: audience, issuer: issuerKey };
const spelling = z.string().min(1).max(MAX_AUDIENCE).meta({ description: 'another http(s) spelling of the resource' });
const AUDIENCE_LIST = 'a list of http(s) spellings of the resource, and of {value, issuer} for anything else';

const serverShape = {
  resource: z
    .string()
    .min(1)
    .max(MAX_AUDIENCE)
    .meta({ description: 'the absolute http(s) URI of the server', examples: ['https://files.example.com/mcp'] }),
  audiences: z
    .array(
      z
        .union([spelling, z.strictObject(foreignAudienceShape)])
        .meta({ description: 'an http(s) spelling of the resource, or {value, issuer}' }),
    )
    .default([])
    .meta({ description: AUDIENCE_LIST }),
  issuers: z
    .array(issuerKey)
    .min(1)
    .meta({ description: 'a list of one or more issuer keys', examples: [['corp']] }),
  max_lifetime_seconds: z
    .int()
    .min(1)
    .max(MAX_LIFETIME)
    .meta({ description: 'a whole number of seconds, 1 to 3600', examples: [900] }),
  advertised_scopes: scopes
    .default([])
    .meta({ description: 'the minimal list of scopes, for metadata and challenges' }),
  sender_constraint: z
    .enum(['none', 'dpop', 'mtls', 'any'])
    .default('none')
    .meta({ description: 'none, dpop, mtls or any' }),
  actors: z
    .union([z.enum(['none', 'any']), z.array(clean('an act.sub of 1 to 255 characters', MAX_CLAIM))])
    .default('none')
    .meta({ description: 'none, any, or a list of act.sub values' }),
  authorization_details_types: z
    .array(clean('a type of authorization details, 1 to 255 characters', MAX_CLAIM))
    .default([])
    .meta({
      description: 'a list of types of authorization details (RFC 9396)',
      examples: [['payment_initiation']],
    }),
  call_from: z.enum(['body', 'headers', 'none']).default('body').meta({ description: 'body, headers or none' }),
  base_scopes: scopes.optional().meta({
    description: 'the list of scopes that any call needs where call_from is none',
    examples: [['files:read']],
  }),
  scope_implies: z
    .record(scope, scopes)
    .default({})
    .meta({ description: 'a mapping of scopes to the lists of scopes that they imply' }),
  methods: z.record(method, operation).default({}).meta({ description: 'a mapping of method names to {scopes: […]}' }),
  tools: z
    .record(exactName('tool'), operation)
    .default({})
    .meta({ description: 'a mapping of tool names to {scopes: […]}' }),
  prompts: z
    .record(exactName('prompt'), operation)
    .default({})
    .meta({ description: 'a mapping of prompt names to {scopes: […]}' }),
  resources: z
    .record(clean('a resource URI, exact or a prefix that ends in *', MAX_AUDIENCE), operation)
    .default({})
    .meta({ description: 'a mapping of resource URIs, exact or prefixes that end in *, to {scopes: […]}' }),
  unlisted_tools: z
    .union([z.literal('deny'), z.strictObject({ scopes, authentication })])
    .default('deny')
    .meta({ description: 'deny, or {scopes: […]} to open every unlisted tool with these scopes' }),
  labels,
};

const waiver = z
  .union([z.strictObject(audienceWaiverShape), z.strictObject(lifetimeWaiverShape), z.strictObject(observeWaiverShape)])
  .meta({ description: 'a waiver, a mapping with what, issuer, client_id, operations, owner, reason and until' });
const waivers = z.array(waiver).default([]).meta({ description: 'a list of waivers' });

export const issuerSchema = z
  .strictObject(issuerShape)
  .meta({ description: 'a mapping with issuer, one key source, and algorithms' });
export const serverSchema = z
  .strictObject({ ...serverShape, waivers })
  .meta({ description: 'a mapping with resource, issuers and max_lifetime_seconds' });
export const FILE = 'a mapping with issuers and servers';
export const fileSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'the address of this schema, for editors' }),
    issuers: z.record(key, issuerSchema).default({}).meta({ description: 'a mapping of keys to issuers' }),
    servers: z.record(key, serverSchema).default({}).meta({ description: 'a mapping of keys to servers' }),
  })
  .meta({ description: FILE });
export const keySchema = key;

const gaps = <T extends z.ZodType>(item: T) => z.array(item.optional()).optional();

/**
 * What is left of a record once its faults are cut out, so that the lint can say everything at once: every member may be
 * absent, and a cut item of a list is undefined. Never used to decide anything.
 */
export const issuerRemains = z.object({
  ...z.object(issuerShape).partial().shape,
  jwks: z.object({ keys: gaps(z.record(z.string(), anyJson)) }).optional(),
  algorithms: gaps(z.enum(ALGORITHMS)),
  extra_audiences: gaps(audience),
});
export const serverRemains = z.object({
  ...z.object(serverShape).partial().shape,
  audiences: gaps(z.union([z.string(), z.object(foreignAudienceShape).partial()])),
  issuers: gaps(issuerKey),
  waivers: gaps(
    z
      .object({
        ...lifetimeWaiverShape,
        ...audienceWaiverShape,
        what: z.string(),
        operations: gaps(z.string()),
        codes: gaps(z.string()),
      })
      .partial(),
  ),
});

export type WrittenIssuer = z.infer<typeof issuerSchema>;
export type WrittenServer = z.infer<typeof serverSchema>;
export type WrittenWaiver = z.infer<typeof waiver>;
export type WrittenOperation = z.infer<typeof operation>;
export type IssuerRemains = z.infer<typeof issuerRemains>;
export type ServerRemains = z.infer<typeof serverRemains>;
export type WaiverRemains = NonNullable<NonNullable<ServerRemains['waivers']>[number]>;

/** JSON Schema (2020-12) of a registry file, for editors. */
export function registryJsonSchema(): Record<string, unknown> {
  return { title: 'audgate registry', ...z.toJSONSchema(fileSchema, { io: 'input' }) };
}
