/**
 * With what this service asks issuers about tokens (RFC 7662 §2.1): for each server the credentials of its own. The registry
 * says whom to ask; secrets stand in files, in neither of the two.
 */
import { resolve } from 'node:path';
import { z } from 'zod';

const whole = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};
const path = z.string().min(1, { error: 'must name a file' });

/** With which a client may sign (RFC 7523 §3); those that audgate verifies tokens with. */
const ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['EdDSA', 'Ed25519'],
] as const satisfies readonly string[];

/** RFC 6749 appendix A.1: visible ASCII and space. */
const client_id = z
  .string()
  .max(255)
  .regex(/^[\x20-\x7e]+$/, { error: 'must be 1 to 255 visible ASCII characters' })
  .describe('as which the server is registered at the issuer');

const withSecret = z.strictObject({
  client_id,
  method: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .describe('how the secret is sent: in the Authorization header, or in the form'),
  secret_file: path.describe('file that holds the secret, relative to this one; read again for each question'),
});

const withKey = z.strictObject({
  client_id,
  method: z.literal('private_key_jwt').describe('with an assertion that is signed for each question (RFC 7523)'),
  key_file: path.describe('PEM file with the private key, relative to this one; read again for each question'),
  algorithm: z
    .enum(ALGORITHMS, { error: `must be one of ${ALGORITHMS.join(', ')}` })
    .describe('with which the key signs'),
  key_id: z.string().min(1).max(255).exactOptional().describe('kid by which the issuer knows the key'),
});

export const introspection = z
  .strictObject({
    credentials: z
      .record(z.string().min(1), z.discriminatedUnion('method', [withSecret, withKey]))
      .default({})
      .describe('by registry key of the server: what it shows its issuer with introspection'),
    cache_seconds: whole(0, 10)
      .default(10)
      .describe(
        'how long an answer serves; a token that was withdrawn opens the server as long. 0: each call is asked',
      ),
    timeout_ms: whole(100, 30_000).default(2000).describe('time for one question, milliseconds'),
  })
  .describe('with what issuers that the registry lists with introspection are asked about tokens');

export type IntrospectionConfig = z.output<typeof introspection>;
export type ClientCredentials = IntrospectionConfig['credentials'][string];

/** As where nothing is configured. */
export const INTROSPECTION_DEFAULTS: IntrospectionConfig = Object.freeze(introspection.parse({}));

/** The same with its files resolved against the configuration's folder. */
export function locateIntrospection(written: IntrospectionConfig, folder: string): IntrospectionConfig {
  const credentials = Object.entries(written.credentials).map(([server, one]) => [
    server,
    one.method === 'private_key_jwt'
      ? { ...one, key_file: resolve(folder, one.key_file) }
      : { ...one, secret_file: resolve(folder, one.secret_file) },
  ]);
  return { ...written, credentials: Object.fromEntries(credentials) };
}

/** Files that must be there. */
export function introspectionFiles({ credentials }: IntrospectionConfig): readonly { path: string; as: string }[] {
  return Object.entries(credentials).map(([server, one]) => {
    const [member, path] =
      one.method === 'private_key_jwt'
        ? (['key_file', one.key_file] as const)
        : (['secret_file', one.secret_file] as const);
    return { path, as: `introspection.credentials.${server}.${member}` };
  });
}
