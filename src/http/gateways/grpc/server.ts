/** The listening side of gRPC: grpc-js behind sockets of our own, so that places, TLS and its renewal are as for HTTP. */
import { createServer, type Socket, type Server as SocketServer } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import type { Limits, Listen } from '../../../config.ts';
import { authorityOf, bind } from '../../bind.ts';
import { watchHandshakes } from '../../handshakes.ts';
import type { Lifecycle } from '../../lifecycle.ts';
import { contextOf, serverOptions, type TlsMaterial } from '../../tls.ts';
import type { CheckParts } from './check.ts';
import { createCodecs } from './messages.ts';
import { checkService, healthService } from './methods.ts';

export interface GrpcParts extends Omit<CheckParts, 'codec' | 'limits'> {
  readonly listen: Listen;
  readonly limits: Limits;
  /** Absent: cleartext. */
  readonly tls?: TlsMaterial;
  /** The one of the HTTP side. */
  readonly lifecycle: Lifecycle;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface GrpcListening {
  /** `HOST:PORT` with the port that the system chose, or `unix:PATH`. */
  readonly address: string;
  /** For connections from now on; where `client_ca` changes, those of before end. See `Listening` of HTTP. */
  setTls(material: TlsMaterial): void;
  /** @param deadlineMs milliseconds after which open connections are cut */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Bytes of one check. A larger one ends in a gRPC error, which is an open door behind `failure_mode_allow`; so this is four
 * times the largest `limits.body_bytes` that can be configured, and whatever is below it and above that limit is decided:
 * a denial. Envoy's `max_request_bytes` must stay below. Only a known caller's check is read at all.
 */
const MAX_MESSAGE_BYTES = 67_108_864;
/** A connection that nobody is at any more, or that never spoke, is found by a ping and ended. */
const PING_MS = 60_000;
const PING_ANSWER_MS = 20_000;
/** Milliseconds between a new `client_ca` and the end of checks still under way on connections of before. */
const DRAIN_MS = 10_000;

/** @throws when the place cannot be had, as Node says it */
export async function listenGrpc(parts: GrpcParts): Promise<GrpcListening> {
  const { tls, limits, log } = parts;
  // The library would write metadata that it cannot read, a key perhaps, to the console.
  setLogVerbosity(logVerbosity.NONE);
  const grpc = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.enable_channelz': 0,
    'grpc.keepalive_time_ms': PING_MS,
    'grpc.keepalive_timeout_ms': PING_ANSWER_MS,
  });
  letClientsGoAway(grpc);
  const codecs = createCodecs();
  grpc.addService(...checkService({ ...parts, codec: codecs.check }));
  grpc.addService(...healthService(parts.lifecycle, codecs.health));

  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const open = new Set<Socket>();
  const accept = (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    injector.injectConnection(socket);
  };
  const sockets: SocketServer | TlsServer =
    tls === undefined
      ? createServer(accept)
      : createTlsServer({ ...serverOptions(tls, limits.headers_timeout_ms), ALPNProtocols: ['h2'] }, accept);
  const endHandshakes = sockets instanceof TlsServer ? watchHandshakes(sockets) : () => {};
  await bind(sockets, parts.listen);
  sockets.on('error', (err: unknown) => log.error({ err }, 'the gRPC server failed'));

  let present = tls;
  let ended: Promise<void> | undefined;
  return {
    address: authorityOf(sockets, parts.listen),
    setTls(material) {
      if (!(sockets instanceof TlsServer)) throw new Error('a server that was started without TLS cannot begin it');
      sockets.setSecureContext(contextOf(material));
      if (material.client_ca !== present?.client_ca) {
        endHandshakes();
        injector.drain(DRAIN_MS);
      }
      present = material;
    },
    stop(deadlineMs) {
      ended ??= end(sockets, grpc, open, deadlineMs);
      return ended;
    },
  };
}

/**
 * Streams that may be reset at once, and each second, before the connection ends: without end. Node's own 1,000 and 33
 * protect from clients that hide behind resets (CVE-2023-44487), but here the client is Envoy, which resets a check when its
 * own client goes away: 1,000 of those would end the checks of all others, and each of them in a gRPC error.
 */
const RESETS = { streamResetBurst: 2 ** 31 - 1, streamResetRate: 2 ** 31 - 1 };

/** @throws when the library keeps the options of its HTTP/2 servers elsewhere: it has no option of its own for these */
function letClientsGoAway(grpc: Server): void {
  const options: unknown = Reflect.get(grpc, 'commonServerOptions');
  if (typeof options !== 'object' || options === null) throw new Error('grpc-js has no options for HTTP/2 any more');
  Object.assign(options, RESETS);
}

/** Connections that Envoy keeps open end once what was accepted on them is answered, or at the deadline. */
function end(sockets: SocketServer, grpc: Server, open: ReadonlySet<Socket>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    // The library's own forced end leaves sessions alone whose clients are in no hurry (measured).
    const deadline = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, deadlineMs);
    sockets.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    grpc.tryShutdown(() => {});
  });
}
