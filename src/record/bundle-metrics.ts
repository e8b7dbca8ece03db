/** What is counted of a bundle that comes over the network, for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface BundleAge {
  /** Since the source last had what is in force; null: nobody knows. */
  readonly seconds: number | null;
  readonly stale: boolean;
}

export function createBundleMetrics(register: Registry) {
  const registers = [register];
  const checks = new Counter({
    name: 'audgate_bundle_checks_total',
    help: 'Questions to the server of bundles: changed, unchanged, or failed.',
    labelNames: ['outcome'],
    registers,
  });
  const age = new Gauge({
    name: 'audgate_bundle_age_seconds',
    help: 'Time since the server of bundles last confirmed the bundle in force; +Inf when it never did.',
    registers,
  });
  const stale = new Gauge({
    name: 'audgate_bundle_stale',
    help: '1 while nobody has confirmed the bundle in force for bundle.max_staleness_seconds.',
    registers,
  });
  for (const outcome of ['changed', 'unchanged', 'failed']) checks.inc({ outcome }, 0);
  return {
    checked: (outcome: 'changed' | 'unchanged' | 'failed') => checks.inc({ outcome }),
    age(found: BundleAge | null): void {
      age.set(found === null ? 0 : (found.seconds ?? Number.POSITIVE_INFINITY));
      stale.set(found?.stale === true ? 1 : 0);
    },
  };
}
