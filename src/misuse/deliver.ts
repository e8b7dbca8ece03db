/**
 * Events to their receiver, one after the other, in a queue that cannot grow without end. Nobody waits for it: what finds the
 * queue full is dropped, and what the receiver does not take in so many attempts is given up; both are counted.
 */
import type { MisuseEvent } from '../decision/misuse.ts';
import type { DeliveryOutcome } from '../record/misuse-metrics.ts';
import type { Attempt, Post } from './webhook.ts';

export interface DeliveryParts {
  readonly post: Post;
  readonly max_queue: number;
  readonly max_attempts: number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Resolves after so many milliseconds, or at once when told to; never rejects, and keeps no process alive. */
  readonly wait: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly onOutcome: (outcome: DeliveryOutcome) => void;
  readonly onFailure: (detail: string) => void;
}

export interface Delivery {
  /** Takes one event. Never throws and never waits. */
  offer(event: MisuseEvent): void;
  /** Tries once more what waits, and then no more. @param ms it takes no longer @returns how many were not delivered */
  stop(ms: number): Promise<number>;
}

/** Milliseconds before the second attempt; each later one waits twice as long. */
const FIRST_WAIT_MS = 500;
/** However often, and whatever the receiver asks for. */
const MAX_WAIT_MS = 30_000;

export function createDelivery(parts: DeliveryParts): Delivery {
  const { post, max_queue, max_attempts, random, wait, onOutcome, onFailure } = parts;
  const queue: MisuseEvent[] = [];
  const hurry = new AbortController();
  const end = new AbortController();
  let working: Promise<void> | null = null;
  let failed = 0;

  async function deliver(event: MisuseEvent): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const last = hurry.signal.aborted;
      const outcome = await post(event, end.signal);
      if (outcome.ok) return true;
      onFailure(outcome.detail);
      if (last || !outcome.again || attempt >= max_attempts) return false;
      await wait(delayOf(outcome, attempt, random()), hurry.signal);
    }
  }

  async function work(): Promise<void> {
    for (let event = queue[0]; event !== undefined && !end.signal.aborted; event = queue[0]) {
      const ok = await deliver(event);
      if (!ok && end.signal.aborted) return;
      queue.shift();
      onOutcome(ok ? 'delivered' : 'failed');
      if (!ok) failed++;
    }
  }

  return {
    offer(event) {
      if (queue.length >= max_queue || end.signal.aborted) return onOutcome('dropped');
      queue.push(event);
      working ??= work().finally(() => {
        working = null;
      });
    },
    async stop(ms) {
      const before = failed;
      hurry.abort();
      const late = new AbortController();
      await Promise.race([working ?? Promise.resolve(), wait(ms, late.signal)]);
      late.abort();
      end.abort();
      for (const _ of queue) onOutcome('dropped');
      const lost = queue.length + failed - before;
      queue.length = 0;
      return lost;
    },
  };
}

/** Twice as long each time, and by chance up to half less, so that many senders do not come back at once. */
function delayOf({ after_ms = 0 }: Extract<Attempt, { ok: false }>, attempt: number, random: number): number {
  const backoff = FIRST_WAIT_MS * 2 ** (attempt - 1);
  return Math.min(Math.max(backoff * (1 - random / 2), after_ms), MAX_WAIT_MS);
}
