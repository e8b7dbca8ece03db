/** The members of a server, but for its waivers. */
import { z } from 'zod';
import { authentication, operation } from './operation.ts';
import { audience, clean, issuerKey, labels, MAX_AUDIENCE, MAX_CLAIM, scope, scopes, serverKey } from './values.ts';

/** Seconds. */
const MAX_LIFETIME = 3600;

/** Characters. What is left of a name for the backend's own must be worth having. */
const MAX_PREFIX = 64;

const EXACT = /^[^\u0000-\u001f\u007f-\u009f*]+$/;

/** A wildcard in an exact name would look as if it matched; it never does. */
const exactName = (what: string) =>
  z
    .string()
    .max(MAX_CLAIM)
    .regex(EXACT)
    .meta({ description: `the exact name of a ${what}, 1 to 255 characters without control characters and *` });

const method = z
  .string()
  .max(MAX_CLAIM)
  .regex(/^[A-Za-z0-9_$.-]+(\/[A-Za-z0-9_$.-]+)*$/)
  .meta({ description: 'the exact name of an MCP method, like resources/list' });

const backends = z
  .record(
    z
      .string()
      .max(MAX_PREFIX)
      .regex(EXACT)
      .meta({
        description: `a prefix of tool names, 1 to ${MAX_PREFIX} characters without control characters and *, like files_`,
      }),
    serverKey,
  )
  .refine((written) => Object.keys(written).length > 0, { when: ({ issues }) => issues.length === 0 })
  .meta({
    description: 'a mapping of one or more prefixes of tool names to keys of servers',
    examples: [{ files_: 'files' }],
    minProperties: 1,
  });

export const hubShape = { backends };

export const foreignAudienceShape = { value: audience, issuer: issuerKey };
const spelling = z.string().min(1).max(MAX_AUDIENCE).meta({ description: 'another http(s) spelling of the resource' });
const AUDIENCE_LIST = 'a list of http(s) spellings of the resource, and of {value, issuer} for anything else';

export const serverShape = {
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
  hub: z
    .strictObject(hubShape)
    .exactOptional()
    .meta({
      description: 'a mapping with backends, of a gateway that calls other servers with tokens of its own',
      examples: [{ backends: { files_: 'files' } }],
    }),
  labels,
};
