/** Where the bundle of custom rules comes from: how it is written, and what no single member of it shows. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { JsonProblem } from '../json/locate.ts';
import { mismatches } from '../json/mismatch.ts';

/** As OPA signs bundles; what a secret would verify is left out, for who verifies could then sign. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;

const whole = (least: number, most: number) => {
  const error = (issue: { code?: string }) =>
    issue.code === 'invalid_type' ? undefined : `must be from ${least} to ${most}`;
  return z.int().min(least, { error }).max(most, { error });
};
const path = z.string().min(1, { error: 'must name a file or folder' });
const day = 86_400;

export const bundleSource = z
  .union(
    [
      path,
      z.strictObject({
        file: path.exactOptional().describe('bundle, or folder that holds one unpacked, relative to this file'),
        url: z
          .string()
          .refine(isFetchable, {
            error: 'must be an https URL (http only on loopback) without user and fragment',
          })
          .exactOptional()
          .describe('bundle behind HTTPS, asked for by OPA’s protocol; exactly one of file and url'),
        polling: z
          .strictObject({
            min_delay_seconds: whole(1, day).default(60).describe('least time between two requests'),
            max_delay_seconds: whole(1, day).default(120).describe('most time between two requests, failures included'),
            long_polling_timeout_seconds: whole(1, 600)
              .exactOptional()
              .describe('how long the server may hold a request until there is a new bundle'),
          })
          .exactOptional(),
        timeout_ms: whole(100, 300_000)
          .exactOptional()
          .describe('time for one request, long polling not counted; 30000'),
        bearer_file: path.exactOptional().describe('file with the bearer token for url, read again for each request'),
        tls: z
          .strictObject({
            certificate: path.exactOptional().describe('PEM file with the client certificate; needs key'),
            key: path.exactOptional().describe('PEM file with its private key'),
            ca: path.exactOptional().describe('PEM file with the only authorities that are believed for url'),
          })
          .exactOptional(),
        signing: z
          .strictObject({
            algorithm: z
              .enum(ALGORITHMS, { error: `must be one of ${ALGORITHMS.join(', ')}` })
              .describe('algorithm of the signature, which no bundle chooses'),
            public_key: path.describe('PEM file with the public key that bundles must be signed with'),
            key_id: z.string().min(1).exactOptional().describe('id of the key, which the signature must then name'),
          })
          .exactOptional(),
        cache: path.exactOptional().describe('folder of its own for the last good bundles from url'),
        keep: whole(1, 100).exactOptional().describe('good bundles kept in cache; 5'),
        revision: z
          .string()
          .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be sha256: and the 64 hex digits of sha256sum' })
          .exactOptional()
          .describe('the one bundle from url or cache that is taken, by its SHA-256; read again at SIGHUP'),
        max_staleness_seconds: whole(1, 365 * day)
          .exactOptional()
          .describe('time after which a bundle that url has not confirmed is stale'),
        stop_when_stale: z
          .boolean()
          .exactOptional()
          .describe('answer policy_unavailable in place of allow while the bundle is stale; false'),
      }),
    ],
    { error: 'must be a path, or an object with file or url' },
  )
  .describe('bundle of custom rules: its path relative to this file, or an object');

/** A path, or an object, as the configuration's `bundle` is written. */
export type BundleOptions = z.input<typeof bundleSource>;
export type WrittenBundle = z.output<typeof bundleSource>;

export interface SigningConfig {
  readonly algorithm: string;
  /** Path. */
  readonly public_key: string;
  readonly key_id?: string;
}

export interface RemoteBundle {
  readonly url: string;
  readonly polling: {
    readonly min_delay_seconds: number;
    readonly max_delay_seconds: number;
    readonly long_polling_timeout_seconds?: number;
  };
  readonly timeout_ms: number;
  readonly bearer_file?: string;
  readonly tls?: { readonly certificate?: string; readonly key?: string; readonly ca?: string };
  readonly cache?: string;
  readonly keep: number;
  readonly revision?: string;
  readonly max_staleness_seconds?: number;
  readonly stop_when_stale: boolean;
}

/** With defaults; all paths are resolved. */
export interface BundleConfig {
  /** File or folder: exactly one of it and `remote`. */
  readonly path?: string;
  readonly remote?: RemoteBundle;
  readonly signing?: SigningConfig;
}

export function locateBundle(written: WrittenBundle, folder: string): BundleConfig {
  const at = (text: string) => resolve(folder, text);
  if (typeof written === 'string') return { path: at(written) };
  const { file, url, signing, bearer_file, tls, cache, polling, timeout_ms, keep, ...rest } = written;
  const signed = signing && { signing: { ...signing, public_key: at(signing.public_key) } };
  if (url === undefined) return { path: at(file ?? ''), ...signed };
  const { revision, max_staleness_seconds, stop_when_stale = false } = rest;
  return {
    ...signed,
    remote: {
      url,
      polling: polling ?? { min_delay_seconds: 60, max_delay_seconds: 120 },
      timeout_ms: timeout_ms ?? 30_000,
      keep: keep ?? 5,
      stop_when_stale,
      ...(revision !== undefined && { revision }),
      ...(max_staleness_seconds !== undefined && { max_staleness_seconds }),
      ...(bearer_file !== undefined && { bearer_file: at(bearer_file) }),
      ...(tls && { tls: Object.fromEntries(Object.entries(tls).map(([name, text]) => [name, at(text)])) }),
      ...(cache !== undefined && { cache: at(cache) }),
    },
  };
}

/** The same where there is no configuration file: what TypeScript's compiler has not seen may be anything. */
export function readBundleOptions(
  written: unknown,
  folder: string,
):
  | { readonly ok: true; readonly bundle: BundleConfig }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] } {
  const parsed = bundleSource.safeParse(written);
  if (!parsed.success) return { ok: false, problems: mismatches(bundleSource, written, parsed.error.issues) };
  const problems = bundleProblems(parsed.data);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, bundle: locateBundle(parsed.data, folder) };
}

/** Members that say something only of a bundle that is fetched. */
const REMOTE = [
  ...(['polling', 'timeout_ms', 'bearer_file', 'tls', 'cache', 'keep', 'revision'] as const),
  ...(['max_staleness_seconds', 'stop_when_stale'] as const),
];

export function bundleProblems(written: WrittenBundle | undefined): readonly JsonProblem[] {
  if (written === undefined || typeof written === 'string') return [];
  const problems: JsonProblem[] = [];
  const told = (pointer: string, message: string) => problems.push({ pointer: `/bundle${pointer}`, message });
  const { file, url, polling, tls, cache, keep, bearer_file } = written;
  if ((file === undefined) === (url === undefined)) told('', 'must have exactly one of file and url');
  if (url === undefined) {
    for (const name of REMOTE) if (written[name] !== undefined) told(`/${name}`, 'belongs to url, and there is none');
  }
  if (polling !== undefined && polling.max_delay_seconds < polling.min_delay_seconds)
    told('/polling/max_delay_seconds', 'must not be below min_delay_seconds');
  if (tls !== undefined && (tls.certificate === undefined) !== (tls.key === undefined))
    told('/tls', 'must have both certificate and key, or neither');
  if (tls?.certificate !== undefined && bearer_file !== undefined)
    told('/bearer_file', 'must not stand beside a client certificate: one of the two says who asks');
  if (keep !== undefined && cache === undefined) told('/keep', 'belongs to cache, and there is none');
  if (written.stop_when_stale === true && written.max_staleness_seconds === undefined)
    told('/stop_when_stale', 'needs max_staleness_seconds, which says when');
  return problems;
}

function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '' || text.includes('#')) return false;
  return protocol === 'https:' || (protocol === 'http:' && isLocal(hostname.replace(/^\[(.*)\]$/, '$1')));
}

/** The loopback name or an address of it, in the form that a parsed URL has. */
const isLocal = (host: string) => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
