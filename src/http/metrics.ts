/** `GET /metrics`, in the text format of Prometheus. */
import type { BundleStatus } from '../decide/decider.ts';
import type { BundleAge } from '../record/bundle-metrics.ts';
import type { CallerRoute, Parts } from './route.ts';

export function createMetricsRoute({ decider, metrics, version, now }: Parts): CallerRoute {
  return async () => {
    const keys = Object.entries(decider.issuerStatus()).map(([issuer, status]) => [issuer, status.keys] as const);
    const { revision, registry } = decider.current();
    const text = await metrics.render({
      version,
      revision,
      waivers: { registry, now: Math.floor(now() / 1000) },
      issuerKeys: Object.fromEntries(keys),
      bundle: ageOf(decider.bundleStatus(), now()),
      revocation: decider.revocationStatus(),
    });
    return new Response(text, { headers: { 'content-type': metrics.contentType } });
  };
}

/** Of a file there is none: it is what it is. */
function ageOf(status: BundleStatus | null, now: number): BundleAge | null {
  if (status?.source !== 'url') return null;
  const { confirmed_at, stale } = status;
  return { seconds: confirmed_at === null ? null : Math.max(0, (now - Date.parse(confirmed_at)) / 1000), stale };
}
