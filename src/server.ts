/** `audgate/server`: an MCP server in TypeScript checks the tokens of its own clients, with the registry and policy of the service. */
import { lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { type BundleConfig, type BundleOptions, readBundleOptions } from './config/bundle.ts';
import { type IntrospectionOptions, readIntrospection } from './config/introspection.ts';
import { type ProofsOptions, readProofs } from './config/proofs.ts';
import { type RevocationOptions, readRevocation } from './config/revocation.ts';
import { defaultConfig } from './config.ts';
import type { Ask } from './decide/ask.ts';
import { createNewId } from './decide/new-id.ts';
import { createGuard, type Guard, type GuardParts } from './mcp/guard.ts';
import { createIssuerFetch } from './network/issuer-fetch.ts';
import { createMetrics } from './record/metrics.ts';
import { createRecorder, type Recorder } from './record/write.ts';
import { createService, type Log, type Service } from './service.ts';
import { type OpenProofs, openProofs, type ProofsParts } from './sources/proofs.ts';
import { type OpenRevocations, openRevocations, type RevocationParts } from './sources/revocations.ts';
import { configuredSources } from './sources.ts';

export type { BundleOptions } from './config/bundle.ts';
export type { IntrospectionOptions } from './config/introspection.ts';
export type { ProofsOptions } from './config/proofs.ts';
export type { RevocationOptions } from './config/revocation.ts';
export type { Principal } from './decision/decision.ts';
export type { Admission, AuthInfo } from './mcp/admission.ts';
export type { Authorization, Refusal, SessionCall } from './mcp/authorization.ts';
export { type ExpressRequest, protectExpress } from './mcp/express.ts';
export { type ProtectedHandler, protect } from './mcp/fetch.ts';
export { type Credential, createGuard, type Guard, type GuardParts } from './mcp/guard.ts';
export { protectHono } from './mcp/hono.ts';
export { protectTool } from './mcp/tool.ts';

export interface OpenOptions {
  /** Registry file or directory. Absent: the bundle holds it. */
  readonly registry?: string;
  /**
   * Bundle (`audgate policy build`): its path, or an object as the configuration of `audgate serve` has it, with `file` or
   * `url`, and `signing` where it is signed. Paths are relative to the working folder.
   */
  readonly bundle?: BundleOptions;
  /** Reload when files of registry, bundle or public key change. Default: only `reload` does. A `url` is asked anyway. */
  readonly watch?: boolean;
  /** This server: its registered resource, byte for byte, or its registry key. */
  readonly server: Ask['server'];
  /** Lists of revoked tokens, as the configuration of `audgate serve` has them. Absent: none is revoked. */
  readonly revocation?: RevocationOptions;
  /** Largest request body, bytes. Default 262,144. */
  readonly body_bytes?: number;
  /**
   * Where the certificate of a client's TLS connection stands, for tokens that are bound to one (RFC 8705): `connection`, where
   * this process ends TLS itself and asks for it (`requestCert`), with `protectExpress`, or with `protectHono` on Node; `xfcc`,
   * `nginx` or `rfc9440`, where the proxy before it sets that header in place of its client's. Default `none`.
   */
  readonly client_certificates?: GuardParts['client_certificates'];
  /** Gets one JSON line a decision. Without it decisions are not recorded. */
  readonly records?: Writable;
  /** Default: warnings and errors on the console. */
  readonly log?: Log;
  /**
   * Asks issuers for their keys. Default: one that judges addresses when it connects, and reaches private networks only
   * where the registry says so. One that is given here has to do that itself.
   */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * DPoP proofs, as `proofs` of the configuration of `audgate serve`; paths are relative to the working folder. Default: which
   * ones were used is remembered in this process, so where several answer for one server, name a shared store.
   */
  readonly proofs?: ProofsOptions;
  /**
   * With what issuers are asked about opaque tokens, as `introspection` of the configuration of `audgate serve`; paths are
   * relative to the working folder. Default: nobody is asked, and such tokens are refused.
   */
  readonly introspection?: IntrospectionOptions;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

export interface OpenedGuard extends Guard {
  /** Reads registry and bundle anew, and swaps them in if all is right. */
  readonly reload: Service['reload'];
  /** Writes what waits of the records and ends what runs in the background. */
  close(): Promise<void>;
}

/**
 * Reads registry and bundle, checks them, and guards one server by them.
 * @throws with every problem of the files, or when the registry has no such server
 */
export async function openGuard(options: OpenOptions): Promise<OpenedGuard> {
  const { registry = null, watch = false, server, body_bytes, client_certificates, now = Date.now } = options;
  const fetch = options.fetch === undefined ? createIssuerFetch({ lookup }) : () => options.fetch ?? globalThis.fetch;
  const bundle = options.bundle === undefined ? null : bundleOf(options.bundle);
  const asking = readIntrospection(options.introspection ?? {});
  const log = options.log ?? CONSOLE;
  const newId = createNewId((bytes) => crypto.getRandomValues(bytes), now);
  const recorder = options.records === undefined ? NO_RECORDS : await recorderTo(options.records, newId(), log);
  const metrics = createMetrics();
  const ticks = () => BigInt(Math.round(performance.now() * 1e6));
  const revocations =
    options.revocation === undefined ? null : await listsOf(options.revocation, { now, ticks, log, metrics });
  const proofs = await provingOf(options.proofs ?? {}, { now, ticks, log, metrics }).catch((error: unknown) => {
    revocations?.close();
    throw error;
  });
  const started = await createService({
    sources: configuredSources({
      ...{ registry, bundle, watch, shadow: null, allow_modified_core: false, now },
      random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    }),
    keys: defaultConfig().keys,
    now,
    ticks,
    newId,
    fetch,
    log,
    metrics,
    recorder,
    proofs,
    introspection: { config: asking, readFile: (path) => readFile(path, 'utf8') },
    ...(revocations !== null && { revocations }),
  });
  if (!started.ok) {
    revocations?.close();
    proofs.close();
    const problems = started.problems.map((problem) =>
      'file' in problem ? `${problem.file}:${problem.line}: ${problem.message} ${problem.remedy}` : problem.message,
    );
    throw new Error(`the registry or bundle cannot be used:\n${problems.join('\n')}`);
  }
  const { service, warnings } = started;
  // A client's first proof must not be taken for one of before.
  await proofs.ready();
  revocations?.compare((key) => service.current().registry.issuers.has(key));
  if (warnings.length > 0) log.warn({ warnings }, 'the registry has warnings');
  const close = async () => {
    revocations?.close();
    proofs.close();
    service.close();
    await recorder.flush();
  };
  try {
    const guard = createGuard({
      ...{ decider: service, server, now, log },
      ...(body_bytes !== undefined && { body_bytes }),
      ...(client_certificates !== undefined && { client_certificates }),
    });
    return { ...guard, reload: () => service.reload(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws with all that is wrong with it */
function bundleOf(written: BundleOptions): BundleConfig {
  const read = readBundleOptions(written, '');
  if (read.ok) return read.bundle;
  const problems = read.problems.map(({ pointer, message }) => `bundle${pointer.replace(/^\/bundle/, '')} ${message}`);
  throw new Error(`the bundle cannot be used:\n${problems.join('\n')}`);
}

/** @throws with all that is wrong with it */
async function listsOf(written: RevocationOptions, parts: Omit<RevocationParts, 'config'>): Promise<OpenRevocations> {
  const opened = await openRevocations({ config: readRevocation(written), ...parts });
  if (opened.ok) return opened.revocations;
  throw new Error(`the list of revoked tokens cannot be used:\n${opened.problems.join('\n')}`);
}

/** @throws with all that is wrong with it */
async function provingOf(
  written: ProofsOptions,
  parts: Omit<ProofsParts, 'config' | 'readFile' | 'wait'>,
): Promise<OpenProofs> {
  const config = readProofs(written);
  const opened = await openProofs({ config, ...parts, readFile: (path) => readFile(path, 'utf8'), wait });
  if (opened.ok) return opened.proofs;
  throw new Error(`proofs cannot be verified:\n${opened.problems.join('\n')}`);
}

const NO_RECORDS: Recorder = { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 };

/** That keys were fetched is no news to somebody who runs a server of one's own. */
const CONSOLE: Log = {
  info: () => {},
  warn: (fields, message) => console.warn(`audgate: ${message}`, fields),
  error: (fields, message) => console.error(`audgate: ${message}`, fields),
};

async function recorderTo(destination: Writable, id: string, log: Log): Promise<Recorder> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return createRecorder({
    destination,
    labels: { id, version },
    arguments: false,
    onDropped: (message, dropped) => log.error({ dropped }, message),
  });
}
