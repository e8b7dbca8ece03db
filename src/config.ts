/** The configuration of `audgate serve` (contract 8): schema, defaults, flags. Reads no file and no environment. */
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { JsonProblem } from './json/locate.ts';
import { mismatches } from './json/mismatch.ts';
import { isJsonObject } from './json/value.ts';

/** What a caller may be allowed. `read`: `/v1/servers*` and `/v1/status`. */
export const PERMISSIONS = ['decide', 'explain', 'read', 'metrics'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** A place to listen at: port 0 lets the system choose one. */
export type Listen =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const whole = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};
const path = z.string().min(1, { error: 'must name a file or folder' });
const callerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error:
    'is no name for a caller: expected 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
});

const caller = z.strictObject({
  key_sha256: z
    .array(z.string().regex(/^[0-9a-fA-F]{64}$/, { error: 'must be the SHA-256 of the key, as 64 hex digits' }))
    .min(1, { error: 'must hold at least one digest' })
    .describe('SHA-256 of the caller’s key, 64 hex digits; a list, so that two keys work while one replaces the other'),
  servers: z
    .union(
      [
        z.literal('*'),
        z.array(z.string().regex(/^[^*]+$/, { error: 'must be a registry key; for all write servers: "*"' })),
      ],
      {
        error: 'must be a list of registry keys, or "*" for all',
      },
    )
    .describe('registry keys of the servers that it may ask about, or "*"'),
  may: z.array(z.enum(PERMISSIONS, { error: `must be one of ${PERMISSIONS.join(', ')}` })).describe('what it may ask'),
});

/** Every default stands here and nowhere else. */
const configuration = z.strictObject({
  listen: z
    .string()
    .refine((text) => parseListen(text) !== null, {
      error: 'must be HOST:PORT ([::1]:8181 for IPv6) with a port from 0 to 65535, or unix:PATH',
    })
    .default('127.0.0.1:8181')
    .describe('HOST:PORT, [IPV6]:PORT or unix:PATH; with no callers only loopback or a Unix socket'),
  registry: path.optional().describe('registry file or folder, relative to this file'),
  bundle: path.optional().describe('OPA bundle with custom rules, relative to this file'),
  allow_modified_core: z.boolean().default(false).describe('accept a core module whose digest is not the pinned one'),
  callers: z.record(callerName, caller).default({}).describe('who may ask; without any, everyone on this machine'),
  limits: z
    .strictObject({
      body_bytes: whole(1024, 16_777_216).default(262_144).describe('largest request body, bytes'),
      headers_timeout_ms: whole(100, 60_000).default(5000).describe('time for a request’s headers, milliseconds'),
      request_timeout_ms: whole(100, 60_000)
        .default(10_000)
        .describe('time for a whole request, milliseconds; not below headers_timeout_ms'),
    })
    .prefault({}),
  keys: z
    .strictObject({
      max_age_seconds: whole(1, 3600).default(300).describe('age at which a key set is fetched again'),
      cooldown_seconds: whole(1, 3600)
        .default(30)
        .describe('least time between fetches for unknown kids or after failures'),
      timeout_ms: whole(100, 30_000).default(2000).describe('time for one fetch, milliseconds'),
      outage_ceiling_seconds: whole(1, 86_400)
        .default(3600)
        .describe('how long the last good keys serve while none can be fetched'),
    })
    .prefault({}),
  record: z
    .strictObject({
      arguments: z.boolean().default(false).describe('write arguments into records; otherwise their SHA-256 and size'),
    })
    .prefault({}),
});

type Parsed = z.output<typeof configuration>;
export type CallerConfig = z.output<typeof caller>;
export type Limits = Parsed['limits'];
export type KeyLimits = Parsed['keys'];

export interface Config extends Omit<Parsed, 'listen' | 'registry' | 'bundle'> {
  readonly listen: Listen;
  /** Resolved against the configuration's folder. */
  readonly registry?: string;
  readonly bundle?: string;
}

/** A configuration that can be served: a registry is named. */
export type ServableConfig = Config & { readonly registry: string };

/** `--listen`, `--registry` and `--bundle`, as given; their paths are relative to the working folder. */
export interface Flags {
  readonly listen?: string | undefined;
  readonly registry?: string | undefined;
  readonly bundle?: string | undefined;
}

export type ConfigProblem = JsonProblem;
export type ConfigReading<T extends Config = Config> =
  | { readonly ok: true; readonly config: T }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * @param text YAML or JSON; nothing but comments means all defaults
 * @param file its path: paths in it are relative to its folder
 */
export function readConfig(text: string, file: string): ConfigReading {
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, prettyErrors: true });
  const defects = [...document.errors, ...document.warnings];
  // The parser's message shows the line itself, which may hold a key: only its first line is told.
  if (defects.length > 0) return refused(defects.map(({ message }) => problem('', message.split('\n')[0] ?? message)));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch {
    return refused([problem('', 'has more aliases than a configuration needs: write the values out')]);
  }
  const parsed = configuration.safeParse(value);
  const problems = parsed.success ? crossProblems(parsed.data) : mismatches(configuration, value, parsed.error.issues);
  // A record drops this name without a word, and with it a caller that someone meant.
  const hidden = isJsonObject(value) && isJsonObject(value.callers) && Object.hasOwn(value.callers, '__proto__');
  if (hidden)
    return refused([...problems, problem('/callers', 'has a caller __proto__, which is no name for a caller')]);
  if (!parsed.success || problems.length > 0) return refused(problems);
  return { ok: true, config: located(parsed.data, dirname(file)) };
}

/** The configuration when none is given. */
export function defaultConfig(): Config {
  return located(configuration.parse({}), '');
}

/** Flags win over the configuration. Afterwards a registry must be named. */
export function mergeFlags(config: Config, flags: Flags): ConfigReading<ServableConfig> {
  const listen = flags.listen === undefined ? config.listen : parseListen(flags.listen);
  const registry = flags.registry ?? config.registry;
  const bundle = flags.bundle ?? config.bundle;
  const problems = [
    ...(listen === null ? [problem('/listen', '--listen must be HOST:PORT ([::1]:8181 for IPv6) or unix:PATH')] : []),
    ...(registry === undefined
      ? [problem('/registry', 'no registry: give --registry FILE|DIR, or registry: in --config')]
      : []),
  ];
  if (listen === null || registry === undefined) return refused(problems);
  return { ok: true, config: { ...config, listen, registry, ...(bundle !== undefined && { bundle }) } };
}

/**
 * Without callers everyone who can connect may ask, so only this machine may connect (contract 3).
 * @returns what is wrong, or null
 */
export function checkListen(config: Pick<Config, 'listen' | 'callers'>): ConfigProblem | null {
  const { listen, callers } = config;
  if (Object.keys(callers).length > 0 || listen.kind === 'unix' || isLoopback(listen.host)) return null;
  return problem(
    '/listen',
    `${listen.host} is not a loopback address and no callers are configured: add callers, or listen on 127.0.0.1 or unix:PATH`,
  );
}

/** The configuration's JSON Schema, as its authors write it: members with defaults may be left out. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configuration, { io: 'input' });
}

/** @returns null when the text is neither HOST:PORT, [IPV6]:PORT nor unix:PATH */
export function parseListen(text: string): Listen | null {
  if (text.startsWith('unix:')) return text.length > 5 ? { kind: 'unix', path: text.slice(5) } : null;
  const [, host6, host4, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = host6 ?? host4;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? null : { kind: 'tcp', host, port };
}

/** The loopback name or an address of it: 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1 (RFC 4291 §2.5.3). Without brackets. */
export function isLoopback(host: string): boolean {
  if (host === '::1' || host.toLowerCase() === 'localhost') return true;
  return /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/.test(host);
}

const problem = (pointer: string, message: string): ConfigProblem => ({ pointer, message });
const refused = (problems: readonly ConfigProblem[]) => ({ ok: false, problems }) as const;

/** What no single member shows. */
function crossProblems({ callers, limits, keys }: Parsed): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (limits.request_timeout_ms < limits.headers_timeout_ms) {
    problems.push(problem('/limits/request_timeout_ms', 'must not be below headers_timeout_ms, which is a part of it'));
  }
  if (keys.outage_ceiling_seconds < keys.max_age_seconds) {
    problems.push(problem('/keys/outage_ceiling_seconds', 'must not be below max_age_seconds'));
  }
  const owners = new Map<string, string>();
  for (const [name, { key_sha256 }] of Object.entries(callers)) {
    for (const [at, digest] of key_sha256.entries()) {
      const owner = owners.get(digest.toLowerCase());
      if (owner !== undefined) {
        problems.push(
          problem(`/callers/${name}/key_sha256/${at}`, `is also a key of caller ${owner}: give each caller its own`),
        );
      }
      owners.set(digest.toLowerCase(), name);
    }
  }
  return problems;
}

function located({ listen, registry, bundle, ...rest }: Parsed, folder: string): Config {
  const place = parseListen(listen);
  if (place === null) throw new Error('the schema let a place to listen at through that cannot be read');
  return {
    ...rest,
    listen: place.kind === 'unix' ? { kind: 'unix', path: resolve(folder, place.path) } : place,
    ...(registry !== undefined && { registry: resolve(folder, registry) }),
    ...(bundle !== undefined && { bundle: resolve(folder, bundle) }),
  };
}
