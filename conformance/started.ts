/** Starts everything that a run through one of the project's own gateways needs, and ends it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallFrom, GatewayName } from './cases/case.ts';
import { freePort } from './gateways/free-port.ts';
import type { RunningGateway, StartGateway } from './gateways/gateway.ts';
import type { Stage } from './suite.ts';
import { startAudgate } from './world/audgate.ts';
import { startIssuer } from './world/issuer.ts';
import { written } from './world/listen.ts';
import { configOf, placesAt, registryOf } from './world/registry.ts';
import { startUpstream } from './world/upstream.ts';

export interface Own {
  /** Whether it hands on the body. */
  readonly call_from: CallFrom;
  readonly start: StartGateway;
}

/** Loaded when asked for: each looks for its own program. */
export const OWN: Readonly<Record<GatewayName, () => Promise<Own>>> = {
  nginx: async () => ({ call_from: 'headers', ...(await import('./gateways/nginx.ts')) }),
  'nginx-njs': async () => ({ call_from: 'body', ...(await import('./gateways/nginx-njs.ts')) }),
  'envoy-http': async () => ({ call_from: 'body', ...(await import('./gateways/envoy-http.ts')) }),
  'envoy-grpc': async () => ({ call_from: 'body', ...(await import('./gateways/envoy-grpc.ts')) }),
  caddy: async () => ({ call_from: 'body', ...(await import('./gateways/caddy.ts')) }),
  haproxy: async () => ({ call_from: 'body', ...(await import('./gateways/haproxy.ts')) }),
};

export interface StartedStage extends Stage {
  /** What gateway and audgate have written. */
  log(): string;
  stop(): Promise<void>;
}

/** No secret: it opens an audgate on loopback that knows test tokens only. */
export const KEY = 'conformance-only-3f0e6a1c9d5b47e8a2c4f6081b3d5e7f';
const ANY_PORT = { host: '127.0.0.1', port: 0 };

/**
 * @param gateway null: not one whose departures are stated
 * @param more of audgate's configuration
 */
export async function startStage(gateway: GatewayName | null, own: Own, more: object = {}): Promise<StartedStage> {
  const { call_from: callFrom } = own;
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.toReversed()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'audgate-conformance-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const issuer = await startIssuer(ANY_PORT);
    ends.push(issuer.stop);
    const [files, billing] = [
      await startUpstream('files', ANY_PORT, callFrom),
      await startUpstream('billing', ANY_PORT, callFrom),
    ];
    ends.push(files.stop, billing.stop);
    const port = await freePort();
    const grpc = gateway === 'envoy-grpc' ? `127.0.0.1:${await freePort()}` : null;
    const url = `http://127.0.0.1:${port}`;
    const registry = registryOf(placesAt(url), issuer.jwks, callFrom);
    const config = { ...configOf('127.0.0.1:0', grpc, KEY), ...more };
    const audgate = await startAudgate(join(folder, 'audgate'), registry, config);
    ends.push(audgate.stop);
    const running: RunningGateway = await own.start({
      folder: await mkdtemp(join(folder, 'gateway-')),
      port,
      audgate: { address: written(audgate.at), ...(grpc !== null && { grpc }), key: KEY },
      servers: [
        { key: 'files', path: '/files/mcp', upstream: written(files.at) },
        { key: 'billing', path: '/billing/mcp', upstream: written(billing.at) },
      ],
    });
    ends.push(running.stop);
    return {
      gateway,
      url: running.url,
      callFrom,
      issuer,
      upstreams: [files, billing],
      audgate: { at: audgate.at, key: KEY },
      log: () => `${running.log()}\n${audgate.log()}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
