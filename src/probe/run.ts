/** Probes many servers, so many at a time, in the order of their keys. */
import type { IssuerFetch } from '../network/issuer-fetch.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { type CredentialParts, createCredentials } from './credentials.ts';
import type { ServerReport } from './report.ts';
import { probeServer } from './server.ts';

export interface RunParts extends CredentialParts {
  readonly servers: readonly ServerRecord[];
  /** Servers that are probed at once; at one server requests come one after the other. */
  readonly concurrency: number;
  /** Whether servers may stand in private networks. */
  readonly allow_private_network: boolean;
  /** Told when a server is done. */
  readonly progress: (report: ServerReport) => void;
}

export async function probeServers(parts: RunParts): Promise<readonly ServerReport[]> {
  const { servers, concurrency, allow_private_network, fetchIssuer, registry, timeout_ms, stop, now, progress } = parts;
  const credentials = createCredentials(parts);
  const fetch = fetchOf(fetchIssuer, allow_private_network);
  const reports: ServerReport[] = [];
  const queue = servers.entries();
  const worker = async () => {
    for (const [at, server] of queue) {
      const report = await probeServer(server, { registry, credentials, fetch, timeout_ms, stop, now });
      reports[at] = report;
      progress(report);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, servers.length) }, worker));
  return reports;
}

/** The same guard as for issuers: the address is judged when connecting. */
const fetchOf = (fetchIssuer: IssuerFetch, allow_private_network: boolean) => fetchIssuer({ allow_private_network });
