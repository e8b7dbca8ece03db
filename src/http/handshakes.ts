/** Handshakes under way while `client_ca` changes: they began with the old one, and would be verified with it. */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';

/**
 * Node gives a connection its TLS context when it is accepted, so one that is opened before a change and shakes hands after
 * it would go on with a certificate that no longer opens anything. NOT covered: a Unix socket, whose connections have no
 * address by which the one that shook hands is known.
 * @returns to be called at the change: those now under way end once their handshake does
 */
export function watchHandshakes(server: Server): () => void {
  const underway = new Set<string>();
  const outdated = new Set<string>();
  const forget = (end: string) => {
    underway.delete(end);
    return outdated.delete(end);
  };
  server.on('connection', (socket: Socket) => {
    const end = endOf(socket);
    if (end === null) return;
    underway.add(end);
    socket.once('close', () => forget(end));
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const end = endOf(socket);
    if (end !== null && forget(end)) socket.destroy();
  });
  return () => {
    for (const end of underway) outdated.add(end);
  };
}

/** Address and port of the other end, of which there is no other connection here at the same time. */
const endOf = ({ remoteAddress, remotePort }: Socket) =>
  remotePort === undefined ? null : `${remoteAddress} ${remotePort}`;
