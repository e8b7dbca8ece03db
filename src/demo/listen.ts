/** Real servers on free loopback ports, and one end for all of them. */
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listeners {
  /** @returns its origin */
  start(app: Pick<Hono, 'fetch'>): Promise<string>;
  /** For a server that must know its own origin, as an issuer names itself in its tokens: it is made once it listens. */
  startKnowing<T extends { readonly app: Hono }>(make: (origin: string) => Promise<T>): Promise<T & { origin: string }>;
  stop(): Promise<void>;
}

export function openListeners(): Listeners {
  const servers: ServerType[] = [];
  const start: Listeners['start'] = (app) =>
    new Promise((resolve, reject) => {
      const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
      server.on('error', reject);
      servers.push(server);
    });
  return {
    start,
    async startKnowing(make) {
      let inner: Hono | undefined;
      const front: Pick<Hono, 'fetch'> = {
        fetch: (...request) => inner?.fetch(...request) ?? new Response(null, { status: 503 }),
      };
      const origin = await start(front);
      const made = await make(origin);
      inner = made.app;
      return { ...made, origin };
    },
    async stop() {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
