/** `GET /metrics`, in the text format of Prometheus. */
import type { BundleStatus } from '../decide/decider.ts';
import type { BundleAge } from '../record/bundle-metrics.ts';
import type { Registry } from '../registry/registry.ts';
import type { CallerRoute, Parts } from './route.ts';

export function createMetricsRoute({ decider, metrics, version, now }: Parts): CallerRoute {
  return async () => {
    const { revision, registry } = decider.current();
    const keys = Object.entries(decider.issuerStatus())
      // An issuer that is asked about its tokens, and signs nothing, has none: 0 would call for help.
      .filter(([issuer]) => !isAsked(registry, issuer))
      .map(([issuer, status]) => [issuer, status.keys] as const);
    const text = await metrics.render({
      version,
      revision,
      waivers: { registry, now: Math.floor(now() / 1000) },
      issuerKeys: Object.fromEntries(keys),
      bundle: ageOf(decider.bundleStatus(), now()),
      revocation: decider.revocationStatus(),
      proofs: decider.proofsStatus(),
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

function isAsked({ issuers }: Registry, key: string): boolean {
  const source = issuers.get(key)?.key_source;
  return source?.kind === 'introspection' && source.signed === null;
}
