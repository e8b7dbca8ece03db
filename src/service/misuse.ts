/** Misuse, put together: decisions in; log, metric and webhook out. */
import type { MisuseConfig } from '../config/misuse.ts';
import type { MisuseEvent } from '../decision/misuse.ts';
import { createMisuse, type Observer } from '../misuse/observe.ts';
import { createAlarmLog } from '../record/alarms.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';

export interface OpenMisuseParts {
  readonly config: MisuseConfig;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  readonly newId: () => string;
  /** Cryptographic randomness. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'misuse'>;
}

export interface OpenMisuse extends Observer {
  /** Tells what was only counted, and delivers what waits. @param ms it takes no longer */
  stop(ms: number): Promise<void>;
}

export function openMisuse({ config, now, ticks, newId, randomBytes, log, metrics }: OpenMisuseParts): OpenMisuse {
  const onEvent = (event: MisuseEvent) => {
    log.warn({ misuse: event }, `misuse: ${event.kind}`);
  };
  const tellBroken = createAlarmLog({
    now,
    write: (alarm) => log.error(alarm, 'looking for misuse broke; no decision was changed'),
  });
  const misuse = createMisuse({
    ...config,
    secret: randomBytes(32),
    now,
    ticks,
    newId,
    later,
    onEvent,
    onRecognised: metrics.misuse.recognised,
    onBroken: (error) => tellBroken('misuse', error instanceof Error ? error.message : 'unknown failure'),
  });
  return {
    observe: misuse.observe,
    observeIssuance: misuse.observeIssuance,
    async stop(_ms) {
      misuse.flush();
    },
  };
}

/** A timer that keeps no process alive. */
function later(act: () => void, ms: number): () => void {
  const timer = setTimeout(act, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
