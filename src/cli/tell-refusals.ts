/**
 * Tells the operator of callers that are refused: their gateway shows its clients a 401 or 403 that looks like any other, and
 * over gRPC the reason goes nowhere else.
 */
import { createAlarmLog } from '../record/alarms.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';

/** By name of the problem: what to look at. */
const ADVICE: Readonly<Record<string, string>> = {
  caller_unknown:
    'a request came without the key or certificate of a caller: compare what the gateway sends in X-Audgate-Key with ' +
    'key_sha256 (printf %s KEY | sha256sum)',
  caller_not_allowed: 'a caller asked for what its servers and may do not open: see callers in the configuration',
};

/** @returns metrics that also write such a refusal to the log: the first at once, then at most one line in ten seconds */
export function tellRefusals(metrics: Metrics, log: Log, now: () => number): Metrics {
  const tell = createAlarmLog({ now, write: ({ kind, detail, untold }) => log.warn({ kind, untold }, detail) });
  return {
    ...metrics,
    refused(name) {
      metrics.refused(name);
      const advice = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined;
      if (advice !== undefined) tell(name, advice);
    },
  };
}
