/** Servers of a run: where they listen, and how they end. */
import type { AddressInfo, Server, Socket } from 'node:net';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Listening {
  readonly at: HostPort;
  /** Ends open connections too. */
  stop(): Promise<void>;
}

export const written = ({ host, port }: HostPort) => `${host}:${port}`;

/** @param at port 0: any free one. @throws when it is taken */
export async function listen(server: Server, at: HostPort): Promise<Listening> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    at: { host: at.host, port: (server.address() as AddressInfo).port },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
