/**
 * With what this service asks issuers about tokens (RFC 7662 §2.1): for each server the credentials of its own. The registry
 * says whom to ask; secrets stand in files, in neither of the two.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { JsonProblem } from '../json/locate.ts';
import { mismatches } from '../json/mismatch.ts';

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

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

const written = z.strictObject({
  client_id,
  method: z
    .enum(METHODS, { error: `must be one of ${METHODS.join(', ')}` })
    .describe('how it is shown: a secret in the Authorization header or in the form, or a signed assertion (RFC 7523)'),
  secret_file: path
    .exactOptional()
    .describe('client_secret_…: file that holds the secret, relative to this one; read again for each question'),
  key_file: path
    .exactOptional()
    .describe('private_key_jwt: PEM file with the private key, relative to this one; read again for each question'),
  algorithm: z
    .enum(ALGORITHMS, { error: `must be one of ${ALGORITHMS.join(', ')}` })
    .exactOptional()
    .describe('private_key_jwt: with which the key signs'),
  key_id: z.string().min(1).max(255).exactOptional().describe('private_key_jwt: kid by which the issuer knows the key'),
});
type Written = z.output<typeof written>;

export const introspection = z
  .strictObject({
    credentials: z
      .record(z.string().min(1), written)
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

type WrittenIntrospection = z.output<typeof introspection>;
/** As somebody writes it in a program of his own. */
export type IntrospectionOptions = z.input<typeof introspection>;

interface WithSecret {
  readonly client_id: string;
  readonly method: 'client_secret_basic' | 'client_secret_post';
  readonly secret_file: string;
}

interface WithKey {
  readonly client_id: string;
  readonly method: 'private_key_jwt';
  readonly key_file: string;
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly key_id?: string;
}

export type ClientCredentials = WithSecret | WithKey;

export interface IntrospectionConfig extends Omit<WrittenIntrospection, 'credentials'> {
  /** By registry key of the server. */
  readonly credentials: Readonly<Record<string, ClientCredentials>>;
}

/** Members that belong to each way of showing who asks: which must be there, and which may. */
const OF_SECRET = { needs: ['secret_file'], may: [] } as const;
const OF_KEY = { needs: ['key_file', 'algorithm'], may: ['key_id'] } as const;
const MEMBERS = ['secret_file', 'key_file', 'algorithm', 'key_id'] as const;

/** What no single member shows. */
export function introspectionProblems({ credentials }: WrittenIntrospection): readonly JsonProblem[] {
  return Object.entries(credentials).flatMap(([server, one]) => {
    const { needs, may } = one.method === 'private_key_jwt' ? OF_KEY : OF_SECRET;
    const pointer = `/introspection/credentials/${server.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const missing = needs.filter((name) => one[name] === undefined);
    const allowed: readonly string[] = [...needs, ...may];
    const strange = MEMBERS.filter((name) => one[name] !== undefined && !allowed.includes(name));
    return [
      ...missing.map((name) => ({ pointer, message: `method ${one.method} needs ${name} beside it` })),
      ...strange.map((name) => ({ pointer: `${pointer}/${name}`, message: `is not for method ${one.method}` })),
    ];
  });
}

/** @throws with all that is wrong with it */
export function readIntrospection(options: IntrospectionOptions): IntrospectionConfig {
  const parsed = introspection.safeParse(options);
  const problems = parsed.success
    ? introspectionProblems(parsed.data)
    : mismatches(introspection, options, parsed.error.issues).map(({ pointer, message }) => ({
        pointer: `/introspection${pointer}`,
        message,
      }));
  if (!parsed.success || problems.length > 0)
    throw new Error(
      `introspection cannot be used:\n${problems.map((one) => `${one.pointer} ${one.message}`).join('\n')}`,
    );
  return locateIntrospection(parsed.data, '.');
}

/** With its files resolved against the configuration's folder. @throws for what `introspectionProblems` tells */
export function locateIntrospection(from: WrittenIntrospection, folder: string): IntrospectionConfig {
  const credentials = Object.entries(from.credentials).map(([server, one]): [string, ClientCredentials] => [
    server,
    located(one, folder),
  ]);
  return { ...from, credentials: Object.fromEntries(credentials) };
}

function located({ client_id, method, secret_file, key_file, algorithm, key_id }: Written, folder: string) {
  if (method !== 'private_key_jwt' && secret_file !== undefined)
    return { client_id, method, secret_file: resolve(folder, secret_file) };
  if (method === 'private_key_jwt' && key_file !== undefined && algorithm !== undefined) {
    const key = { client_id, method, key_file: resolve(folder, key_file), algorithm };
    return key_id === undefined ? key : { ...key, key_id };
  }
  throw new Error(`credentials of method ${method} lack a member, and no problem was told`);
}

/** As where nothing is configured. */
export const INTROSPECTION_DEFAULTS: IntrospectionConfig = Object.freeze({
  ...introspection.parse({}),
  credentials: {},
});

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
