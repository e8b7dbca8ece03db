/** Everything that the demonstration starts on loopback: two authorization servers, two MCP servers, one reverse proxy. */
import type { Decision } from '../decision/decision.ts';
import { type AuthorizationServer, createAuthorizationServer, type DemoClient } from './authorization-server.ts';
import { openListeners } from './listen.ts';
import { createMcpServer } from './mcp-server.ts';
import { createProxy, type Route } from './proxy.ts';

export interface WorldParts {
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly newId: () => string;
}

export interface World {
  /** Origin of the reverse proxy, and so of both resources. */
  readonly proxy: string;
  readonly files: string;
  readonly billing: string;
  /** The registered issuer and its token endpoint. */
  readonly login: AuthorizationServer & { readonly issuer: string };
  /** Another authorization server, which the registry does not know. */
  readonly stranger: AuthorizationServer & { readonly issuer: string };
  /** From now on the proxy asks audgate there; null: it asks nobody. */
  protect(audgate: string | null): void;
  /** The last decision that the proxy got. */
  lastDecision(): Decision | undefined;
  stop(): Promise<void>;
}

const AGENT: DemoClient = { secret: 'demo', scopes: ['files:read', 'billing:read', 'openid'], lifetime_seconds: 300 };

const CLIENTS: ReadonlyMap<string, DemoClient> = new Map([
  ['agent', AGENT],
  ['writer', { ...AGENT, scopes: ['files:read', 'files:write'] }],
  ['night-batch', { ...AGENT, lifetime_seconds: 86_400 }],
  ['stale-cache', { ...AGENT, age_seconds: 3600 }],
]);

const FILES: ReadonlyMap<string, string> = new Map([['report.txt', 'Q3: revenue up 4 %']]);

export async function createWorld({ fetch, now, newId }: WorldParts): Promise<World> {
  const { start, startKnowing, stop } = openListeners();
  const issue = async () => {
    const { origin: issuer, ...server } = await startKnowing((origin) =>
      createAuthorizationServer({ issuer: origin, clients: CLIENTS, now, newId }),
    );
    return { ...server, issuer };
  };
  const [login, stranger] = [await issue(), await issue()];

  const mcp = { issuer: login.issuer, jwks_uri: `${login.issuer}/jwks` };
  const filesUpstream = await start(
    createMcpServer({
      ...mcp,
      name: 'files',
      tools: {
        read_file: { description: 'Reads a file', run: ({ path }) => FILES.get(String(path)) ?? 'no such file' },
        write_file: { description: 'Writes a file', run: () => 'written' },
      },
    }),
  );
  const billingUpstream = await start(
    createMcpServer({
      ...mcp,
      name: 'billing',
      tools: { list_invoices: { description: 'Lists invoices', run: () => 'INV-1' } },
    }),
  );

  const routes = new Map<string, Route>();
  let audgate: string | null = null;
  let last: Decision | undefined;
  const proxy = await start(
    createProxy({
      routes,
      fetch,
      audgate: () => audgate,
      onDecision: (decision) => {
        last = decision;
      },
    }),
  );
  const files = `${proxy}/files/mcp`;
  const billing = `${proxy}/billing/mcp`;
  routes.set('files', { resource: files, upstream: `${filesUpstream}/mcp` });
  routes.set('billing', { resource: billing, upstream: `${billingUpstream}/mcp` });

  return {
    proxy,
    files,
    billing,
    login,
    stranger,
    protect: (url) => {
      audgate = url;
    },
    lastDecision: () => last,
    stop,
  };
}
