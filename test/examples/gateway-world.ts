/** A real gateway with the example's own configuration, the real audgate behind it, a real issuer, and two MCP servers. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import type { GatewayParts, RunningGateway, StartGateway } from '../../conformance/gateways/gateway.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { type Issuer, registryOf, startIssuer } from '../e2e/issue.ts';
import { type Started, scratch, start as startAudgate } from '../e2e/start.ts';

/** A request as it arrived at a server. */
export interface Arrival {
  readonly server: string;
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Name and value by turns, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Behind {
  readonly address: string;
  readonly arrivals: readonly Arrival[];
  /** Lets event streams that are open go on to their second event and end. */
  release(): void;
}

export interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string | null;
  /** Sent as they are, in this order, after those for token and body. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
  /** Sends the body in chunks, without its length. */
  readonly chunked?: boolean;
}

export interface World {
  readonly gateway: RunningGateway;
  readonly audgate: Started;
  readonly issuer: Issuer;
  /** Registered resources of the two servers, at the gateway's address. */
  readonly resources: { readonly files: string; readonly billing: string };
  readonly arrivals: readonly Arrival[];
  release(): void;
  ask(question?: Question): Promise<Answer>;
}

export const KEY = 'key-of-the-gateway-under-test';
export const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'read_file', arguments: { path: '/a' } },
});

/** A tool that needs a scope which the tokens of these tests lack. */
export const SERVER: JsonObject = {
  advertised_scopes: ['files:read'],
  tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
  methods: { 'http/get': { scopes: [] } },
};

export interface Options {
  /** Laid over each server's record. */
  readonly server?: JsonObject;
  /** What stands in audgate's place. */
  readonly instead?: string;
}

export async function openWorld(start: StartGateway, { server = {}, instead }: Options = {}): Promise<World> {
  const [port, grpc] = [await freePort(), await freePort()];
  const issuer = await startIssuer();
  const origin = `http://127.0.0.1:${port}`;
  const resources = { files: `${origin}/files/mcp`, billing: `${origin}/billing/mcp` };
  const audgate = await startAudgate({
    registry: registryOf(issuer, resources, { ...SERVER, ...server }),
    config: {
      grpc: { listen: `127.0.0.1:${grpc}` },
      callers: {
        gateway: {
          key_sha256: [createHash('sha256').update(KEY).digest('hex')],
          servers: ['files', 'billing'],
          may: ['decide'],
        },
      },
    },
  });
  const behind = await startServers();
  const gateway = await startGateway(start, {
    port,
    audgate: { address: instead ?? `127.0.0.1:${audgate.port}`, grpc: instead ?? `127.0.0.1:${grpc}`, key: KEY },
    servers: behind.servers,
  });
  return {
    gateway,
    audgate,
    issuer,
    resources,
    arrivals: behind.arrivals,
    release: behind.release,
    ask: (question = {}) => ask(port, question),
  };
}

/** Ended with the test. */
export async function startGateway(start: StartGateway, parts: Omit<GatewayParts, 'folder'>): Promise<RunningGateway> {
  const gateway = await start({ ...parts, folder: await scratch() });
  onTestFinished(() => gateway.stop());
  return gateway;
}

/** The two MCP servers: they record whatever arrives, and stream when asked for events. */
export async function startServers() {
  const arrivals: Arrival[] = [];
  const waiting: (() => void)[] = [];
  const servers = await Promise.all(
    ['files', 'billing'].map(async (key) => {
      const http = createServer(async (request, answer) => {
        const pieces: Buffer[] = [];
        for await (const piece of request) pieces.push(piece as Buffer);
        const { method = '', url = '', headers, rawHeaders } = request;
        arrivals.push({ server: key, method, target: url, headers, rawHeaders, body: Buffer.concat(pieces) });
        if (headers.accept !== 'text/event-stream') {
          answer.end(`${key} did it`);
          return;
        }
        answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
        waiting.push(() => answer.end('data: second\n\n'));
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        http.closeAllConnections();
        http.close();
      });
      return { key, path: `/${key}/mcp`, upstream: `127.0.0.1:${(http.address() as AddressInfo).port}` };
    }),
  );
  const release = () => {
    for (const go of waiting.splice(0)) go();
  };
  return { servers, arrivals, release };
}

/** One request on a connection of its own, its path exactly as given. */
export function ask(port: number, question: Question): Promise<Answer> {
  const { method = 'POST', path = '/files/mcp', token = null, headers = [], body = CALL, chunked = false } = question;
  const length = body.length > 0 && !chunked ? ['Content-Length', String(Buffer.byteLength(body))] : [];
  const type = body.length > 0 ? ['Content-Type', 'application/json'] : [];
  const credential = token === null ? [] : ['Authorization', `Bearer ${token}`];
  // As a flat list they are written as they stand, repeated ones too.
  const all = ['Host', `127.0.0.1:${port}`, ...credential, ...type, ...length, ...headers.flat()];
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, method, path, agent: false, headers: all });
    let answered = false;
    outgoing.on('response', (incoming) => {
      answered = true;
      const pieces: Buffer[] = [];
      // One that is cut short is what arrived of it.
      incoming.on('error', () => {});
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.once('close', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          rawHeaders: incoming.rawHeaders,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    // A gateway that refuses a body early may close before it has read it all.
    outgoing.on('error', (error) => {
      if (!answered) reject(error);
    });
    outgoing.end(body);
  });
}
