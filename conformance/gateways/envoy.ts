/** Runs Envoy with one of the examples. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from './find.ts';
import type { GatewayParts, RunningGateway } from './gateway.ts';
import { launch } from './process.ts';
import { replaceEach } from './replace.ts';

/** Ports of the examples, by what listens there. */
const PORTS = { gateway: 8080, audgate: 8181, grpc: 8182, files: 9001, billing: 9002 } as const;

export interface EnvoyOptions {
  /** Of the configuration's text, addresses replaced: what a test wants to be otherwise than in the example. */
  readonly edit?: (configuration: string) => string;
  /** Worker threads. */
  readonly concurrency?: number;
  /** In front of the command: bench pins processes to cores. */
  readonly wrap?: readonly string[];
}

/** @param example the folder below `examples/` */
export async function startEnvoy(
  example: 'envoy-http' | 'envoy-grpc',
  { folder, port, audgate, servers }: GatewayParts,
  { edit = (text) => text, concurrency = 1, wrap = [] }: EnvoyOptions = {},
): Promise<RunningGateway> {
  const envoy = await findProgram('envoy');
  const text = await readFile(new URL(`../../examples/${example}/envoy.yaml`, import.meta.url), 'utf8');
  const behind = (key: string) => servers.find((server) => server.key === key)?.upstream;
  const places = {
    [PORTS.gateway]: `127.0.0.1:${port}`,
    [PORTS.audgate]: audgate.address,
    [PORTS.files]: behind('files'),
    [PORTS.billing]: behind('billing'),
    ...(example === 'envoy-grpc' && { [PORTS.grpc]: audgate.grpc }),
  };
  const replacements: Record<string, string> = { 'replace-with-the-key-of-this-gateway': audgate.key };
  for (const [from, to] of Object.entries(places)) {
    if (to === undefined) continue;
    const [address = '', itsPort = ''] = to.split(':');
    replacements[`address: 127.0.0.1, port_value: ${from}`] = `address: ${address}, port_value: ${itsPort}`;
  }
  const file = join(folder, 'envoy.yaml');
  await writeFile(file, edit(replaceEach(text, replacements)));
  // Without hot restart, several run side by side; warnings are what a test wants to read.
  const flags = ['-c', file, '--disable-hot-restart', '--concurrency', String(concurrency), '--log-level', 'warning'];
  const [program = envoy, ...args] = [...wrap, envoy, ...flags];
  return launch({ program, args, folder, port });
}
