/** A run through the user's own gateway, with the user's own audgate: issuer and servers are this run's. */
import { connect } from 'node:net';
import type { OwnGateway } from './options.ts';
import type { Stage } from './suite.ts';
import { startIssuer } from './world/issuer.ts';
import { type HostPort, written } from './world/listen.ts';
import { placesAt } from './world/registry.ts';
import { startUpstream } from './world/upstream.ts';

/** Milliseconds for each look at what must be there. */
const LOOK_MS = 3_000;

/** Why nothing can be run: something that the user starts is not there, or is not what the setup says. */
export class NotReady extends Error {}

export interface OwnStage extends Stage {
  stop(): Promise<void>;
}

/** @throws {NotReady} */
export async function openStage(options: OwnGateway): Promise<OwnStage> {
  const { url, callFrom, audgate, key, jwks, upstreams } = options;
  await checkAudgate(options);
  const { hostname, port, protocol } = new URL(url);
  const gateway = { host: hostname, port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port) };
  if (!(await listens(gateway))) throw new NotReady(`Nobody listens at ${written(gateway)}. Start your gateway there.`);
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const each of started) await each.stop();
  };
  const start = async <T extends { stop(): Promise<void> }>(what: string, at: HostPort, starting: Promise<T>) => {
    const one = await starting.catch(async (error: unknown) => {
      await stop();
      throw new NotReady(`Cannot serve ${what} at ${written(at)}: ${String(error)}. Choose another place.`);
    });
    started.push(one);
    return one;
  };
  const [files, billing] = upstreams;
  return {
    gateway: null,
    url,
    callFrom,
    issuer: await start("the issuer's keys (--jwks)", jwks, startIssuer(jwks)),
    upstreams: [
      await start('files (--upstreams)', files, startUpstream('files', files, callFrom)),
      await start('billing (--upstreams)', billing, startUpstream('billing', billing, callFrom)),
    ],
    audgate: { at: audgate, key },
    stop,
  };
}

/** @throws {NotReady} when it does not know the servers of this suite, as this run means them */
async function checkAudgate({ audgate, key, url, callFrom }: OwnGateway): Promise<void> {
  const remedy = 'Start one with what --print-setup prints for the same options.';
  const asked = await fetch(`http://${written(audgate)}/v1/servers/files`, {
    headers: { 'x-audgate-key': key },
    signal: AbortSignal.timeout(LOOK_MS),
  }).catch((error: unknown) => {
    throw new NotReady(`audgate does not answer at ${written(audgate)} (${String(error)}). ${remedy}`);
  });
  const body = await asked.text();
  if (asked.status !== 200)
    throw new NotReady(`audgate at ${written(audgate)} answers ${asked.status} when asked about files. ${remedy}`);
  const { resource, call_from } = JSON.parse(body) as { resource?: unknown; call_from?: unknown };
  const { files } = placesAt(url);
  if (resource !== files) throw new NotReady(`audgate knows files as ${String(resource)}, not as ${files}. ${remedy}`);
  if (call_from !== callFrom)
    throw new NotReady(`audgate reads calls to files from ${String(call_from)}, not from ${callFrom}. ${remedy}`);
}

function listens(at: HostPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(LOOK_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
