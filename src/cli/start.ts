/** A whole audgate that listens: sources → service → HTTP, and an end in the right order. */
import type { Writable } from 'node:stream';
import type { ServableConfig } from '../config.ts';
import type { ReloadProblem, ReloadReport } from '../decide/decider.ts';
import { createApp } from '../http/app.ts';
import type { Lifecycle } from '../http/lifecycle.ts';
import { type Listening, listen } from '../http/server.ts';
import { createMetrics } from '../record/metrics.ts';
import { createRecorder } from '../record/write.ts';
import { createService, type Log, type Sources } from '../service.ts';
import type { Host } from './host.ts';

export interface StartParts {
  readonly config: Omit<ServableConfig, 'registry' | 'bundle'>;
  readonly sources: Sources;
  /** Gets one JSON line a decision. */
  readonly records: Writable;
  readonly log: Log;
  readonly host: Host;
}

export interface Running {
  /** `http://HOST:PORT` or `unix:PATH`. */
  readonly url: string;
  readonly revision: string;
  readonly warnings: readonly ReloadProblem[];
  /** Builds registry and policy anew and swaps them in if all is right. */
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

export async function start({ config, sources, records, log, host }: StartParts): Promise<Started> {
  const { now, ticks, newId, fetch, version } = host;
  const metrics = createMetrics();
  const recorder = createRecorder({
    destination: records,
    labels: { id: newId(), version },
    arguments: config.record.arguments,
    onDropped: (message, dropped) => log.error({ dropped }, message),
  });
  const started = await createService({
    sources,
    keys: config.keys,
    now,
    ticks,
    newId,
    fetch,
    log,
    metrics,
    recorder,
  });
  if (!started.ok) return started;
  const { service, warnings } = started;

  const lifecycle: Lifecycle = { stopping: false };
  const app = createApp({
    decider: service,
    limits: config.limits,
    metrics,
    lifecycle,
    now,
    startedAt: now(),
    version,
    callers: () => config.callers,
    ...(config.public_url !== undefined && { public_url: config.public_url }),
    log,
  });
  let listening: Listening;
  try {
    listening = await listen(app, { listen: config.listen, limits: config.limits, lifecycle, log });
  } catch (error) {
    service.close();
    return { ok: false, problems: [{ severity: 'error', message: whyNot(error, config.listen) }] };
  }
  return {
    ok: true,
    running: {
      url: listening.url,
      revision: service.current().revision,
      warnings,
      reload: () => service.reload(),
      async stop() {
        await listening.stop(REQUESTS_MS);
        if (!(await within(recorder.flush(), RECORDS_MS))) {
          log.error({}, 'the last decision records were not read in time and are lost');
        }
        service.close();
      },
    },
  };
}

function whyNot(error: unknown, place: ServableConfig['listen']): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = place.kind === 'unix' ? `unix:${place.path}` : `${place.host}:${place.port}`;
  if (code === 'EADDRINUSE') return `${where} is taken by another process; end it, or choose another with --listen`;
  if (code === 'EACCES') return `${where} may not be used by this user; choose another with --listen`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${where} is no address of this machine; choose another with --listen`;
  return `cannot listen at ${where} (${error instanceof Error ? error.message : 'unknown failure'})`;
}

/** Waits for the work, but not longer. @returns whether it was done in time */
async function within(work: Promise<void>, milliseconds: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), milliseconds);
  const inTime = await Promise.race([work.then(() => true as const), late.promise]);
  clearTimeout(timer);
  return inTime;
}
