/** Misuse, put together: decisions in; log, metric and webhook out. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MisuseConfig } from '../config/misuse.ts';
import type { ReloadProblem } from '../decide/decider.ts';
import type { MisuseEvent } from '../decision/misuse.ts';
import { createDelivery, type Delivery } from '../misuse/deliver.ts';
import { createMisuse, type Observer } from '../misuse/observe.ts';
import { createPost, readSecrets } from '../misuse/webhook.ts';
import type { IssuerFetch } from '../network/issuer-fetch.ts';
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
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly fetch: IssuerFetch;
  /** Text of a file. @throws when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'misuse'>;
}

export interface OpenMisuse extends Observer {
  /** Tells what was only counted, and delivers what waits. @param ms it takes no longer */
  stop(ms: number): Promise<void>;
}

export type OpenedMisuse =
  | { readonly ok: true; readonly misuse: OpenMisuse }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export async function openMisuse(parts: OpenMisuseParts): Promise<OpenedMisuse> {
  const { config, now, ticks, newId, randomBytes, log, metrics } = parts;
  const { webhook } = config;
  if (webhook !== undefined) {
    const secrets = await readSecrets(webhook, parts.readFile);
    if (!secrets.ok)
      return { ok: false, problems: secrets.problems.map((message) => ({ severity: 'error', message })) };
  }
  const delivery = openDelivery(parts);
  const onEvent = (event: MisuseEvent) => {
    log.warn({ misuse: event }, `misuse: ${event.kind}`);
    delivery?.offer(event);
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
    ok: true,
    misuse: {
      observe: misuse.observe,
      observeIssuance: misuse.observeIssuance,
      async stop(ms) {
        misuse.flush();
        const lost = (await delivery?.stop(ms)) ?? 0;
        if (lost > 0) log.error({ lost }, 'events of misuse could not be delivered before the end; the log has them');
      },
    },
  };
}

function openDelivery({ config, now, random, fetch, readFile, log, metrics }: OpenMisuseParts): Delivery | null {
  const { webhook } = config;
  if (webhook === undefined) return null;
  const { allow_private_network, max_queue, max_attempts } = webhook;
  const tell = createAlarmLog({
    now,
    write: ({ detail, untold }) => log.warn({ detail, untold }, 'an event of misuse could not be delivered'),
  });
  return createDelivery({
    post: createPost({ config: webhook, fetch: fetch({ allow_private_network }), readFile, now }),
    max_queue,
    max_attempts,
    random,
    wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => {}),
    onOutcome: metrics.misuse.delivered,
    onFailure(detail) {
      metrics.misuse.attemptFailed();
      tell('misuse_webhook', detail);
    },
  });
}

/** A timer that keeps no process alive. */
function later(act: () => void, ms: number): () => void {
  const timer = setTimeout(act, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
