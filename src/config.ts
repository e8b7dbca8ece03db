/** The configuration of `audgate serve` (contract 8): schema, defaults, flags. Reads no file and no environment. */
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type BundleConfig, bundleProblems, bundleSource, locateBundle } from './config/bundle.ts';
import { callerProblems, callers } from './config/callers.ts';
import {
  type IntrospectionConfig,
  introspection,
  introspectionProblems,
  locateIntrospection,
} from './config/introspection.ts';
import { locateMisuse, misuse } from './config/misuse.ts';
import { locateProofs, proofs, proofsProblems } from './config/proofs.ts';
import { locateDestination, recordDestination } from './config/record.ts';
import { locateRevocation, revocation, revocationProblems } from './config/revocation.ts';
import type { JsonProblem } from './json/locate.ts';
import { mismatches } from './json/mismatch.ts';
import { isJsonObject } from './json/value.ts';

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
const publicUrl = z.string().refine(isPublicUrl, {
  error:
    'must be an https URL (http only on loopback) in its normal form, without user, query, fragment or final slash',
});
const place = z.string().refine((text) => parseListen(text) !== null, {
  error: 'must be HOST:PORT ([::1]:8181 for IPv6) with a port from 0 to 65535, or unix:PATH',
});

/** Every default stands here and nowhere else. */
const configuration = z.strictObject({
  listen: place
    .default('127.0.0.1:8181')
    .describe('HOST:PORT, [IPV6]:PORT or unix:PATH; with no callers only loopback or a Unix socket'),
  registry: path.optional().describe('registry file or folder, relative to this file'),
  bundle: bundleSource.optional(),
  watch: z.boolean().default(false).describe('reload when files of registry and bundle change'),
  shadow: z
    .strictObject({
      bundle: path.describe(
        'bundle that is judged beside the live one; only what differs is told; read again at SIGHUP',
      ),
    })
    .exactOptional()
    .describe('rules that decide nothing yet'),
  allow_modified_core: z.boolean().default(false).describe('accept a core module whose digest is not the pinned one'),
  callers: callers.default({}).describe('who may ask; without any, everyone on this machine'),
  tls: z
    .strictObject({
      certificate: path.describe('PEM file with this service’s certificate chain'),
      key: path.describe('PEM file with its private key'),
      client_ca: path.exactOptional().describe('PEM file; certificates of clients are asked for and verified with it'),
    })
    .exactOptional()
    .describe('TLS for every place to listen at; files relative to this one, read again at SIGHUP'),
  grpc: z
    .strictObject({ listen: place.describe('HOST:PORT, [IPV6]:PORT or unix:PATH; as for listen') })
    .exactOptional()
    .describe('Envoy’s external authorization over gRPC; without it there is none'),
  public_url: publicUrl.exactOptional().describe('where clients of AuthZEN reach this service; its metadata needs it'),
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
  introspection: introspection.prefault({}),
  revocation: revocation.exactOptional(),
  proofs: proofs.prefault({}),
  misuse: misuse.prefault({}),
  record: z
    .strictObject({
      arguments: z.boolean().default(false).describe('write arguments into records; otherwise their SHA-256 and size'),
      destination: recordDestination.default('stdout'),
      on_failure: z
        .enum(['drop', 'deny'], { error: 'must be drop or deny' })
        .default('drop')
        .describe('records that cannot be written: drop counts them, deny answers allows with log_unavailable'),
    })
    .prefault({}),
});

type Parsed = z.output<typeof configuration>;
export type Limits = Parsed['limits'];
export type KeyLimits = Parsed['keys'];

export interface Config extends Omit<Parsed, 'listen' | 'registry' | 'bundle' | 'grpc' | 'introspection'> {
  readonly introspection: IntrospectionConfig;
  readonly listen: Listen;
  readonly grpc?: { readonly listen: Listen };
  /** Resolved against the configuration's folder. */
  readonly registry?: string;
  readonly bundle?: BundleConfig;
}

/** A configuration that can be served: a registry is named, or a bundle that may hold one. */
export type ServableConfig = Config;

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

/** Flags win over the configuration. Afterwards a registry must be named, or a bundle, which may hold one. */
export function mergeFlags(config: Config, flags: Flags): ConfigReading<ServableConfig> {
  const listen = flags.listen === undefined ? config.listen : parseListen(flags.listen);
  const registry = flags.registry ?? config.registry;
  // What a bundle must be signed with holds for the flag's bundle too.
  const { signing } = config.bundle ?? {};
  const bundle = flags.bundle === undefined ? config.bundle : { path: flags.bundle, ...(signing && { signing }) };
  const problems = [
    ...(listen === null ? [problem('/listen', '--listen must be HOST:PORT ([::1]:8181 for IPv6) or unix:PATH')] : []),
    ...(registry === undefined && bundle === undefined
      ? [problem('/registry', 'no registry: give --registry FILE|DIR, or registry: in --config')]
      : []),
  ];
  if (listen === null || problems.length > 0) return refused(problems);
  return {
    ok: true,
    config: { ...config, listen, ...(registry !== undefined && { registry }), ...(bundle !== undefined && { bundle }) },
  };
}

/**
 * Without callers everyone who can connect may ask, so only this machine may connect (contract 3).
 * @returns what is wrong, or null
 */
export function checkListen({
  listen,
  grpc,
  callers,
}: Pick<Config, 'listen' | 'grpc' | 'callers'>): ConfigProblem | null {
  if (Object.keys(callers).length > 0) return null;
  for (const [pointer, at] of [
    ['/listen', listen],
    ['/grpc/listen', grpc?.listen],
  ] as const) {
    if (at === undefined || at.kind === 'unix' || isLoopback(at.host)) continue;
    return problem(
      pointer,
      `${at.host} is not a loopback address and no callers are configured: add callers, or listen on 127.0.0.1 or unix:PATH`,
    );
  }
  return null;
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
function crossProblems({
  bundle,
  callers,
  tls,
  limits,
  keys,
  revocation: lists,
  introspection: asking,
  proofs: proving,
}: Parsed): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (limits.request_timeout_ms < limits.headers_timeout_ms) {
    problems.push(problem('/limits/request_timeout_ms', 'must not be below headers_timeout_ms, which is a part of it'));
  }
  if (keys.outage_ceiling_seconds < keys.max_age_seconds) {
    problems.push(problem('/keys/outage_ceiling_seconds', 'must not be below max_age_seconds'));
  }
  return [
    ...problems,
    ...bundleProblems(bundle),
    ...revocationProblems(lists),
    ...introspectionProblems(asking),
    ...proofsProblems(proving),
    ...callerProblems(callers, tls?.client_ca !== undefined),
  ];
}

/** A URL that others can put paths behind, as it stands. */
function isPublicUrl(text: string): boolean {
  if (!/^https?:\/\/[^/]/.test(text) || /[/?#@]$|[?#@]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, href } = new URL(text);
  const local = isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
  return (href === text || href === `${text}/`) && (protocol === 'https:' || local);
}

function located(parsed: Parsed, folder: string): Config {
  const { listen, registry, bundle, shadow, tls, grpc, record, revocation: lists, ...rest } = parsed;
  const at = (text: string) => resolve(folder, text);
  return {
    ...rest,
    listen: placed(listen, folder),
    introspection: locateIntrospection(rest.introspection, folder),
    proofs: locateProofs(rest.proofs, folder),
    misuse: locateMisuse(rest.misuse, folder),
    record: { ...record, destination: locateDestination(record.destination, folder) },
    ...(registry !== undefined && { registry: at(registry) }),
    ...(bundle !== undefined && { bundle: locateBundle(bundle, folder) }),
    ...(shadow && { shadow: { bundle: at(shadow.bundle) } }),
    ...(lists && { revocation: locateRevocation(lists, folder) }),
    ...(tls && {
      tls: {
        certificate: at(tls.certificate),
        key: at(tls.key),
        ...(tls.client_ca !== undefined && { client_ca: at(tls.client_ca) }),
      },
    }),
    ...(grpc && { grpc: { listen: placed(grpc.listen, folder) } }),
  };
}

function placed(text: string, folder: string): Listen {
  const parsed = parseListen(text);
  if (parsed === null) throw new Error('the schema let a place to listen at through that cannot be read');
  return parsed.kind === 'unix' ? { kind: 'unix', path: resolve(folder, parsed.path) } : parsed;
}
