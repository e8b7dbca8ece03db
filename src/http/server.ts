/** The listening side: Node's server with every limit explicit, and an end that leaves no accepted request unanswered. */

import { lstat, unlink } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http';
import { connect, Server as SocketServer } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Limits, Listen } from '../config.ts';
import { type App, INTERNAL } from './app.ts';
import { setTargetAside } from './gateways/target.ts';
import type { Lifecycle } from './lifecycle.ts';
import { answerProblem } from './problems.ts';

export interface ServerParts {
  readonly listen: Listen;
  readonly limits: Omit<Limits, 'body_bytes'>;
  /** The one that the app was created with. */
  readonly lifecycle: Lifecycle;
  readonly log: { error(what: { readonly err: unknown }, message: string): void };
}

export interface Listening {
  /** `http://HOST:PORT` with the port that the system chose, or `unix:PATH`. */
  readonly url: string;
  /**
   * Takes no more connections, answers what was accepted, and ends. Calling it again waits for the same end.
   * @param deadlineMs milliseconds after which open connections are cut
   */
  stop(deadlineMs: number): Promise<void>;
}

/** Bytes of a request's line and headers together; Node's own default, said here so that no flag changes it. */
const MAX_HEADER_BYTES = 16_384;
/** Gateways commonly keep idle upstream connections for 60 s: whoever closes first should be the one that sends. */
const KEEP_ALIVE_MS = 75_000;
/** How often Node looks for requests that are over their time. Its default of 30 s would be a limit of its own. */
const TIMEOUT_CHECK_MS = 500;
/** After the end began: time for requests that were on their way on idle connections, which are closed then. */
const IDLE_GRACE_MS = 250;
const IDLE_CHECK_MS = 25;

/** @throws when the place cannot be had, as Node says it: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
export async function listen(app: App, parts: ServerParts): Promise<Listening> {
  const server = createHttpServer(app, parts);
  await bind(server, parts.listen);
  server.on('error', (err) => parts.log.error({ err }, 'the server failed'));

  let ended: Promise<void> | undefined;
  return {
    url: urlOf(server, parts.listen),
    stop(deadlineMs) {
      parts.lifecycle.stopping = true;
      ended ??= end(server, deadlineMs);
      return ended;
    },
  };
}

function createHttpServer(app: App, { limits, lifecycle, log }: ServerParts): Server {
  /** While the service ends, every answer says that its connection does (RFC 9112 §9.6). */
  class Answer extends ServerResponse<IncomingMessage> {
    override writeHead(status: number, reason?: string, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
    override writeHead(status: number, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
    override writeHead(
      status: number,
      reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
      headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
    ): this {
      if (lifecycle.stopping) this.shouldKeepAlive = false;
      return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason);
    }
  }
  const listener = getRequestListener(app.fetch, {
    errorHandler: (err) => {
      if (err instanceof Error && err.name === 'RequestError') return answerProblem(MALFORMED);
      log.error({ err }, 'a request could not be answered');
      return answerProblem(INTERNAL);
    },
  });
  const server = createServer(
    {
      headersTimeout: limits.headers_timeout_ms,
      requestTimeout: limits.request_timeout_ms,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: true,
      ServerResponse: Answer,
    },
    (incoming, outgoing) => {
      // Host is never trusted: the app judges the raw header, and URLs are completed with a constant.
      incoming.headers.host = URL_HOST;
      setTargetAside(incoming);
      return listener(incoming, outgoing);
    },
  );
  server.maxRequestsPerSocket = 0;
  // By default Node drops what stands after 2,000 headers, perhaps a second Authorization; their bytes are bounded anyway.
  server.maxHeadersCount = 0;
  return server;
}

const URL_HOST = 'localhost';
const MALFORMED = { name: 'invalid_request', detail: 'The request target is not well-formed.' } as const;

async function bind(server: Server, place: Listen): Promise<void> {
  if (place.kind === 'tcp') return bound(server, { host: place.host, port: place.port });
  try {
    await bound(server, { path: place.path });
  } catch (error) {
    // A killed service leaves its socket file behind. Only one that nobody answers at is taken away.
    if (!isTaken(error) || !(await isLeftover(place.path))) throw error;
    await unlink(place.path);
    await bound(server, { path: place.path });
  }
}

function bound(server: Server, options: { host?: string; port?: number; path?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const isTaken = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** Whether this is a socket that nobody listens at. A plain file refuses connections too, and must stay. */
async function isLeftover(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  });
}

function urlOf(server: Server, place: Listen): string {
  if (place.kind === 'unix') return `unix:${place.path}`;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server that listens has an address');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/**
 * Node's own `close` cuts idle connections at once, and with them requests that are already on the wire. So the listening
 * socket is closed first, requests on open connections are still answered, and idle ones end after a moment.
 */
function end(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const closeIdle = () => server.closeIdleConnections();
    let idle: NodeJS.Timeout | undefined;
    const grace = setTimeout(
      () => {
        closeIdle();
        idle = setInterval(closeIdle, IDLE_CHECK_MS);
      },
      Math.min(IDLE_GRACE_MS, deadlineMs),
    );
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    SocketServer.prototype.close.call(server, () => {
      clearTimeout(grace);
      clearInterval(idle);
      clearTimeout(deadline);
      // Ends the check of timeouts, which the socket server knows nothing of.
      server.close();
      resolve();
    });
  });
}
