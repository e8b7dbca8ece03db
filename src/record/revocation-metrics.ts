/** What is counted of lists of revoked tokens, and of the events that feed them, for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface RevocationGauges {
  readonly entries: number;
  readonly available: boolean;
}

/** `applied`: it revokes; `known`: it came before; `ignored`: it revokes nothing here; `failed`: it may come again. */
export type EventOutcome = 'applied' | 'known' | 'ignored' | 'refused' | 'failed';

export function createRevocationMetrics(register: Registry) {
  const registers = [register];
  const reads = new Counter({
    name: 'audgate_revocation_reads_total',
    help: 'Looks at lists of revoked tokens; failed: it could not be read, or something in it is wrong.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const entries = new Gauge({
    name: 'audgate_revocation_entries',
    help: 'Entries of revoked tokens that are held, of all sources.',
    registers,
  });
  const available = new Gauge({
    name: 'audgate_revocation_available',
    help: '0 while a configured list of revoked tokens cannot be had, so that nothing is allowed.',
    registers,
  });
  const events = new Counter({
    name: 'audgate_events_total',
    help: 'Security events that were received, by what became of them.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    read: (source: 'file' | 'valkey', ok: boolean) => reads.inc({ source, outcome: ok ? 'ok' : 'failed' }),
    event: (outcome: EventOutcome) => events.inc({ outcome }),
    gauges(found: RevocationGauges | null): void {
      entries.set(found?.entries ?? 0);
      available.set(found?.available === false ? 0 : 1);
    },
  };
}
