/** What is counted of used proofs, for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ProofGauges {
  readonly available: boolean;
  /** Null: they are not held here. */
  readonly entries: number | null;
}

/** `retried`: the gateway's own second try of one request; `forgotten`: older than the store's memory. */
export type ProofUseOutcome = 'fresh' | 'retried' | 'replayed' | 'forgotten' | 'unavailable';

const OUTCOMES: readonly ProofUseOutcome[] = ['fresh', 'retried', 'replayed', 'forgotten', 'unavailable'];

export function createProofMetrics(register: Registry) {
  const registers = [register];
  const uses = new Counter({
    name: 'audgate_proof_uses_total',
    help: 'DPoP proofs that were to be marked as used, by what the store said; unavailable: it failed or is full.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of OUTCOMES) uses.inc({ outcome }, 0);
  const entries = new Gauge({
    name: 'audgate_proof_entries',
    help: 'Used DPoP proofs that this process holds; 0 where they stand in a shared store.',
    registers,
  });
  const available = new Gauge({
    name: 'audgate_proof_store_available',
    help: '0 while the store of used DPoP proofs cannot be had, so that no call with a proof is allowed.',
    registers,
  });
  return {
    used: (outcome: ProofUseOutcome) => uses.inc({ outcome }),
    gauges(found: ProofGauges | null): void {
      entries.set(found?.entries ?? 0);
      available.set(found?.available === false ? 0 : 1);
    },
  };
}
