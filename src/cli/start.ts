/** A whole audgate that listens: sources → service → HTTP, and an end in the right order. */
import { randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import type { Callers } from '../config/callers.ts';
import type { ServableConfig } from '../config.ts';
import type { ReloadProblem, ReloadReport } from '../decide/decider.ts';
import { createApp } from '../http/app.ts';
import { createIdentify } from '../http/callers/identify.ts';
import type { Lifecycle } from '../http/lifecycle.ts';
import { listen } from '../http/server.ts';
import type { TlsMaterial } from '../http/tls.ts';
import { createMetrics } from '../record/metrics.ts';
import { openFileSink, whyOf } from '../record/sinks/file.ts';
import type { Sink } from '../record/sinks/sink.ts';
import { warnOfWaivers } from '../record/waiver-warnings.ts';
import { createRecorder } from '../record/write.ts';
import { openMisuse } from '../service/misuse.ts';
import { createService, type Log, type SourcedSettings, type Sources } from '../service.ts';
import { unregisteredServers } from './check-callers.ts';
import { unregisteredTransmitters } from './check-transmitters.ts';
import type { Host } from './host.ts';
import { type Open, openAll } from './open-places.ts';
import { openStores } from './open-stores.ts';
import { tellRefusals } from './tell-refusals.ts';

/** What a reload reads of the configuration again, checked; the rest is fixed at the start. */
export type Reread =
  | {
      readonly ok: true;
      readonly callers: Callers;
      /** Null: none, which changes nothing for a service that was started with TLS. */
      readonly tls: TlsMaterial | null;
      /** The one bundle that is wanted; undefined: the newest. */
      readonly revision?: string | undefined;
      readonly warnings: readonly ReloadProblem[];
    }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface StartParts {
  readonly config: Omit<ServableConfig, 'registry' | 'bundle'>;
  /** What the files of `config.tls` hold; null: there are none. */
  readonly tls?: TlsMaterial | null;
  /** Absent: there is no configuration file, and callers stay. */
  readonly reread?: () => Promise<Reread>;
  readonly sources: Sources;
  /** Gets one JSON line a decision, where `config.record.destination` is stdout. */
  readonly records: Writable;
  readonly log: Log;
  readonly host: Host;
}

export interface Running {
  /** `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`. */
  readonly url: string;
  /** `HOST:PORT` or `unix:PATH`; absent where gRPC is not configured. */
  readonly grpc?: string;
  readonly revision: string;
  readonly warnings: readonly ReloadProblem[];
  /** Builds registry and policy anew, reads callers and certificates, and swaps all of it in if all is right. */
  reload(): Promise<ReloadReport>;
  /** Answers what was accepted, writes the records, and ends: within 10 s (contract 8). */
  stop(): Promise<void>;
}

export type Started =
  | { readonly ok: true; readonly running: Running }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

/** Milliseconds for requests under way; with the time for records it stays below the 10 s of contract 8. */
const REQUESTS_MS = 8000;
/** Milliseconds for records that a slow reader has not taken. */
const RECORDS_MS = 1000;
/** Steps of the random delay between two attempts to deliver an event. */
const RANGE = 2 ** 32;

export async function start({ config, tls = null, reread, sources, records, log, host }: StartParts): Promise<Started> {
  const { now, ticks, newId, fetchIssuer: fetch, version } = host;
  const metrics = tellRefusals(createMetrics(), log, now);
  const opened = await openDestination(config.record.destination, records, log);
  if (!opened.ok) return opened;
  const { destination } = opened;
  const recorder = createRecorder({
    destination,
    labels: { id: newId(), version },
    arguments: config.record.arguments,
    on_failure: config.record.on_failure,
    onLost: metrics.recordsLost,
    onDropped: (message, dropped) => log.error({ dropped }, message),
  });
  let { callers } = config;
  let open: Open | null = null;
  const settings = async (): Promise<SourcedSettings> => {
    const read: Reread = reread === undefined ? { ok: true, callers, tls: null, warnings: [] } : await reread();
    if (!read.ok) return read;
    if (isEmpty(read.callers) && !isEmpty(callers)) return NO_CALLERS;
    const apply = () => {
      ({ callers } = read);
      for (const warning of read.warnings) log.warn({}, warning.message);
      tellUnregistered();
      if (tls !== null && read.tls !== null) for (const one of [open?.http, open?.grpc]) one?.setTls(read.tls);
    };
    return { ok: true, warnings: read.warnings, apply };
  };
  const kept = await openStores(config, { now, ticks, log, metrics });
  if (!kept.ok) return kept;
  const { revocations, proofs, close } = kept.stores;
  const looking = await openMisuse({
    config: config.misuse,
    now,
    ticks,
    newId,
    randomBytes,
    random: () => randomInt(RANGE) / RANGE,
    fetch,
    readFile: (path) => readFile(path, 'utf8'),
    log,
    metrics,
  });
  if (!looking.ok) {
    close();
    return looking;
  }
  const { misuse } = looking;
  const started = await createService({
    misuse,
    sources: { ...sources, settings },
    proofs,
    ...(revocations !== null && { revocations }),
    ...(revocations !== null &&
      config.revocation?.events && {
        events: { transmitters: config.revocation.events.issuers, list: revocations },
      }),
    introspection: { config: config.introspection, readFile: (path) => readFile(path, 'utf8') },
    keys: config.keys,
    now,
    ticks,
    newId,
    fetch,
    log,
    metrics,
    recorder,
  });
  if (!started.ok) {
    close();
    return started;
  }
  const { service, warnings } = started;
  const tellUnregistered = () => {
    const keys = [...service.current().registry.servers.keys()];
    for (const line of unregisteredServers(callers, keys)) log.warn({}, line);
    const { issuers } = service.current().registry;
    for (const line of unregisteredTransmitters(config.revocation?.events, issuers)) log.warn({}, line);
  };
  tellUnregistered();
  revocations?.compare((key) => service.current().registry.issuers.has(key));
  const unwatch = warnOfWaivers({ registry: () => service.current().registry, now, warn: log.warn.bind(log) });

  const lifecycle: Lifecycle = { stopping: false };
  const app = createApp({
    decider: service,
    limits: config.limits,
    metrics,
    lifecycle,
    now,
    startedAt: now(),
    version,
    callers: () => callers,
    ...(config.public_url !== undefined && { public_url: config.public_url }),
    log,
  });
  const { limits, grpc } = config;
  const secured = tls === null ? {} : { tls };
  const shared = { lifecycle, log, ...secured };
  // Whoever is told that audgate listens may send a fresh proof at once.
  await proofs.ready();
  const places = await openAll(config.listen, grpc?.listen, {
    http: (place) => listen(app, { listen: place, limits, ...shared }),
    grpc: async (place) => {
      // Its libraries take 30 MB and a fifth of the time of any command (measured): only who wants gRPC has them.
      const { listenGrpc } = await import('../http/gateways/grpc/server.ts');
      return listenGrpc({
        listen: place,
        limits,
        identify: createIdentify(() => callers),
        decider: service,
        metrics,
        now,
        ...shared,
      });
    },
  });
  if (!places.ok) {
    unwatch();
    close();
    service.close();
    return places;
  }
  const all = places.open;
  open = all;
  return {
    ok: true,
    running: {
      url: all.http.url,
      ...(all.grpc && { grpc: all.grpc.address }),
      revision: service.current().revision,
      warnings,
      reload: () => service.reload(),
      async stop() {
        const began = ticks();
        unwatch();
        await Promise.all([all.http.stop(REQUESTS_MS), all.grpc?.stop(REQUESTS_MS)]);
        const told = misuse.stop(REQUESTS_MS + RECORDS_MS - Number(ticks() - began) / 1e6);
        if (!(await within(recorder.flush(), RECORDS_MS))) {
          log.error({}, 'the last decision records were not read in time and are lost');
        }
        if (!(destination instanceof Writable)) await within(destination.close(), RECORDS_MS);
        await told;
        close();
        service.close();
      },
    },
  };
}

/** A log that cannot even be opened is a mistake in the configuration, whatever is done about failures later. */
async function openDestination(
  wanted: ServableConfig['record']['destination'],
  stdout: Writable,
  log: Log,
): Promise<{ readonly ok: true; readonly destination: Writable | Sink } | Extract<Started, { ok: false }>> {
  if (wanted === 'stdout') return { ok: true, destination: stdout };
  try {
    return { ok: true, destination: await openFileSink({ ...wanted, onTrouble: (told) => log.error({}, told) }) };
  } catch (error) {
    const message = `record.destination: ${wanted.file} cannot be opened for appending (${whyOf(error)}); its folder must exist and let this user write`;
    return { ok: false, problems: [{ severity: 'error', message }] };
  }
}

const isEmpty = (callers: Callers) => Object.keys(callers).length === 0;

/** A file that is found half written may end before its callers; without any, everyone on this machine would be one. */
const NO_CALLERS: SourcedSettings = {
  ok: false,
  problems: [
    {
      severity: 'error',
      message:
        'no callers are left in the configuration, which opens the service to everyone on this machine: add one, or restart',
    },
  ],
};

/** Waits for the work, but not longer. @returns whether it was done in time */
async function within(work: Promise<void>, milliseconds: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), milliseconds);
  const inTime = await Promise.race([work.then(() => true as const), late.promise]);
  clearTimeout(timer);
  return inTime;
}
