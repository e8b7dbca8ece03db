/** `GET /metrics`, in the text format of Prometheus. */
import type { CallerRoute, Parts } from './route.ts';

export function createMetricsRoute({ decider, metrics, version }: Parts): CallerRoute {
  return async () => {
    const keys = Object.entries(decider.issuerStatus()).map(([issuer, status]) => [issuer, status.keys] as const);
    const text = await metrics.render({
      version,
      revision: decider.current().revision,
      issuerKeys: Object.fromEntries(keys),
    });
    return new Response(text, { headers: { 'content-type': metrics.contentType } });
  };
}
