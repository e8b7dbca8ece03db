/** The members of an issuer. */
import { z } from 'zod';
import { PROFILE_NAMES, UNTYPED } from '../profile/profile.ts';
import { anyJson, audience, MAX_AUDIENCE } from './values.ts';

export const ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['EdDSA', 'Ed25519'],
] as const satisfies readonly string[];

const signedShape = {
  jwks_uri: z.string().meta({
    description: 'the https URL of the key set that answers are signed with',
    examples: ['https://login.example.com/jwks'],
  }),
};

const introspectionShape = {
  endpoint: z.string().meta({
    description: 'the https URL of the introspection endpoint',
    examples: ['https://login.example.com/introspect'],
  }),
  signed: z
    .strictObject(signedShape)
    .optional()
    .meta({ description: 'a mapping with jwks_uri: only signed answers are believed (RFC 9701)' }),
};

/** What is left of it once its faults are cut out. */
export const introspectionRemains = z
  .object({ endpoint: introspectionShape.endpoint, signed: z.object(signedShape).partial() })
  .partial();

export const issuerShape = {
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
  discovery: z
    .literal(true)
    .optional()
    .meta({ description: 'true: the issuer’s own metadata names its key set (RFC 8414, OpenID Connect Discovery)' }),
  introspection: z
    .strictObject(introspectionShape)
    .optional()
    .meta({
      description: 'a mapping with endpoint: the issuer is asked about each token (RFC 7662)',
      examples: [{ endpoint: 'https://login.example.com/introspect' }],
    }),
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
