/** The listening side: Node's server with every limit explicit, and an end that leaves no accepted request unanswered. */
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import { Server as SocketServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Limits, Listen } from '../config.ts';
import { type App, INTERNAL } from './app.ts';
import { authorityOf, bind } from './bind.ts';
import { setTargetAside } from './gateways/target.ts';
import { watchHandshakes } from './handshakes.ts';
import type { Lifecycle } from './lifecycle.ts';
import { answerProblem } from './problems.ts';
import { contextOf, serverOptions, type TlsMaterial } from './tls.ts';

export interface ServerParts {
  readonly listen: Listen;
  readonly limits: Omit<Limits, 'body_bytes'>;
  /** Absent: plain HTTP. */
  readonly tls?: TlsMaterial;
  /** The one that the app was created with. */
  readonly lifecycle: Lifecycle;
  readonly log: { error(what: { readonly err: unknown }, message: string): void };
}

export interface Listening {
  /** `http://HOST:PORT`, or `https:`, with the port that the system chose; or `unix:PATH`. */
  readonly url: string;
  /**
   * For connections from now on. Where `client_ca` changes, those of before end, with the answer under way if there is
   * one: what they showed was verified with the old one.
   * @throws when the server speaks no TLS, which is fixed at its start, or when nobody looked for `tlsDefects`
   */
  setTls(material: TlsMaterial): void;
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
  const outdated = new WeakSet<Duplex>();
  const server = createHttpServer(app, parts, outdated);
  await bind(server, parts.listen);
  server.on('error', (err) => parts.log.error({ err }, 'the server failed'));

  let ended: Promise<void> | undefined;
  const { listen: place } = parts;
  const authority = authorityOf(server, place);
  return {
    url: place.kind === 'unix' ? authority : `${parts.tls ? 'https' : 'http'}://${authority}`,
    setTls: replacesTls(server, parts.tls, outdated),
    stop(deadlineMs) {
      parts.lifecycle.stopping = true;
      ended ??= end(server, deadlineMs);
      return ended;
    },
  };
}

function createHttpServer(app: App, parts: ServerParts, outdated: WeakSet<Duplex>): Server | TlsServer {
  const { limits, lifecycle, log, tls } = parts;
  /** While the service ends, every answer says that its connection does (RFC 9112 §9.6). */
  class Answer extends ServerResponse<IncomingMessage> {
    override writeHead(status: number, reason?: string, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
    override writeHead(status: number, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this;
    override writeHead(
      status: number,
      reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
      headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
    ): this {
      if (lifecycle.stopping || (this.socket !== null && outdated.has(this.socket))) this.shouldKeepAlive = false;
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
  const options = {
    headersTimeout: limits.headers_timeout_ms,
    requestTimeout: limits.request_timeout_ms,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    requireHostHeader: true,
    ServerResponse: Answer,
  };
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse<IncomingMessage>) => {
    // Host is never trusted: the app judges the raw header, and URLs are completed with a constant.
    incoming.headers.host = URL_HOST;
    setTargetAside(incoming);
    return listener(incoming, outgoing);
  };
  const server =
    tls === undefined
      ? createServer(options, serve)
      : createTlsServer({ ...options, ...serverOptions(tls, limits.headers_timeout_ms) }, serve);
  server.maxRequestsPerSocket = 0;
  // By default Node drops what stands after 2,000 headers, perhaps a second Authorization; their bytes are bounded anyway.
  server.maxHeadersCount = 0;
  // By default Node hangs up without a word, which a gateway may take for an outage.
  server.on('connect', (_, socket) => {
    // Node has taken its own listeners off by now; an error that nobody hears would end the process.
    socket.on('error', () => socket.destroy());
    socket.end(NO_TUNNEL, () => socket.destroy());
  });
  return server;
}

const URL_HOST = 'localhost';
const NO_TUNNEL = 'HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const MALFORMED = { name: 'invalid_request', detail: 'The request target is not well-formed.' } as const;

/** @param outdated takes the connections that end with their next answer */
function replacesTls(server: Server | TlsServer, first: TlsMaterial | undefined, outdated: WeakSet<Duplex>) {
  if (!(server instanceof TlsServer) || first === undefined) {
    return () => {
      throw new Error('a server that was started without TLS cannot begin to speak it');
    };
  }
  const endHandshakes = watchHandshakes(server);
  const open = new Set<Duplex>();
  server.on('secureConnection', (socket: Duplex) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  let present = first;
  return (material: TlsMaterial) => {
    server.setSecureContext(contextOf(material));
    if (material.client_ca !== present.client_ca) {
      endHandshakes();
      for (const socket of open) outdated.add(socket);
      server.closeIdleConnections();
    }
    present = material;
  };
}

/**
 * Node's own `close` cuts idle connections at once, and with them requests that are already on the wire. So the listening
 * socket is closed first, requests on open connections are still answered, and idle ones end after a moment.
 */
function end(server: Server | TlsServer, deadlineMs: number): Promise<void> {
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
