/** What is counted of misuse that was recognised, for Prometheus. */
import { Counter, type Registry } from 'prom-client';
import { MISUSE_KINDS, type MisuseKind } from '../decision/misuse.ts';

/** Of one event: taken by the receiver, given up after its attempts, or not even queued. */
export type DeliveryOutcome = 'delivered' | 'failed' | 'dropped';

export interface MisuseMetrics {
  /** @param repeated the same of one token or client again within a window, which is no event */
  recognised(kind: MisuseKind, repeated: boolean): void;
  delivered(outcome: DeliveryOutcome): void;
  /** One attempt that failed, and was or was not the last. */
  attemptFailed(): void;
}

export function createMisuseMetrics(register: Registry): MisuseMetrics {
  const registers = [register];
  const events = new Counter({
    name: 'audgate_misuse_total',
    help: 'Patterns of misuse that were recognised, each once a token or client and window.',
    labelNames: ['kind'],
    registers,
  });
  const repeats = new Counter({
    name: 'audgate_misuse_repeats_total',
    help: 'Decisions that showed again what was told of their token or client in the same window.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of MISUSE_KINDS) for (const counter of [events, repeats]) counter.inc({ kind }, 0);
  const deliveries = new Counter({
    name: 'audgate_misuse_deliveries_total',
    help: 'Events for the webhook: delivered, failed after all attempts, or dropped because too many waited.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['delivered', 'failed', 'dropped']) deliveries.inc({ outcome }, 0);
  const attempts = new Counter({
    name: 'audgate_misuse_failed_attempts_total',
    help: 'Attempts to deliver an event that failed.',
    registers,
  });
  return {
    recognised: (kind, repeated) => (repeated ? repeats : events).inc({ kind }),
    delivered: (outcome) => deliveries.inc({ outcome }),
    attemptFailed: () => attempts.inc(),
  };
}
