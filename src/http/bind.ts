/** Takes a place to listen at, for any server over sockets. */
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import type { Listen } from '../config.ts';

/** @throws when the place cannot be had, as Node says it: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
export async function bind(server: Server, place: Listen): Promise<void> {
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

/** `HOST:PORT` with the port that the system chose, IPv6 in brackets, or `unix:PATH`. @param server that is bound */
export function authorityOf(server: Server, place: Listen): string {
  if (place.kind === 'unix') return `unix:${place.path}`;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server that listens has an address');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
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
