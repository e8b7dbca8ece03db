/**
 * What is attacked, on loopback: an authorization server with keys, a gateway that all servers share, and behind it `files`
 * and `billing-backup`, which never look at `aud`, `billing`, which does, and a hub that calls `files`.
 */
import type { Decision } from '../../decision/decision.ts';
import type { IssuanceDecision } from '../../decision/issuance.ts';
import { TOKEN_EXCHANGE } from '../../decision/issuance.ts';
import type { DemoClient } from '../authorization-server.ts';
import { openListeners } from '../listen.ts';
import { createMcpServer } from '../mcp-server.ts';
import { createProxy, type Route } from '../proxy.ts';
import type { WorldParts } from '../world.ts';
import { createExchangingServer } from './authorization-server.ts';
import { createHub } from './hub.ts';

export type ServerName = 'files' | 'billing' | 'backup' | 'hub';
export type Resources = Readonly<Record<ServerName, string>>;

export interface Called {
  readonly status: number;
  /** What the tool gave; null where it was not called. */
  readonly result: string | null;
}

export interface AttackWorld {
  readonly issuer: string;
  readonly resources: Resources;
  /** From now on gateway and authorization server ask audgate there; null: they ask nobody. */
  protect(audgate: string | null): void;
  /** Whether the hub gets tokens of its own for what is behind it, or passes on what it was given. */
  hubExchanges(whether: boolean): void;
  /** All decisions since the last call of this. */
  takeDecisions(): readonly (Decision | IssuanceDecision)[];
  /** Client credentials. @throws where it is refused: tokens for their own server are right */
  token(client_id: string, server: ServerName, scope: string): Promise<string>;
  /** @returns null where it is refused */
  exchange(client_id: string, subject: string, server: ServerName, scope: string): Promise<string | null>;
  /** Through the gateway. */
  call(server: ServerName, tool: string, token: string): Promise<Called>;
  stop(): Promise<void>;
}

const client = (...scopes: readonly string[]): DemoClient => ({ secret: 'demo', scopes, lifetime_seconds: 300 });

/** One for each attack, so that what is remembered of one tells nothing of another. */
const CLIENTS: ReadonlyMap<string, DemoClient> = new Map([
  ['shopper', client('billing:read', 'files:read')],
  ['archiver', client('files:read', 'billing:read')],
  ['reporter', client('files:read', 'billing:read')],
  ['assistant', client('files:read')],
  ['crawler', client('files:read', 'billing:read')],
  ['laptop', client('files:read')],
  ['hub', client('files:read')],
]);

const TOOLS = {
  read_file: { description: 'Reads a file', run: () => 'Q3: revenue up 4 %' },
  list_invoices: { description: 'Lists invoices', run: () => 'INV-1: 1,200 EUR' },
};

export async function createAttackWorld(parts: WorldParts): Promise<AttackWorld> {
  const { fetch } = parts;
  const listeners = openListeners();
  const routes = new Map<string, Route>();
  let audgate: string | null = null;
  let exchanges = false;
  const decisions: (Decision | IssuanceDecision)[] = [];
  const asked = () => audgate;
  const onDecision = (decision: Decision | IssuanceDecision) => {
    decisions.push(decision);
  };

  const { origin: issuer } = await listeners.startKnowing((origin) =>
    createExchangingServer({ ...parts, issuer: origin, clients: CLIENTS, audgate: asked, onDecision }),
  );
  const gateway = await listeners.start(createProxy({ routes, fetch, audgate: asked, onDecision }));
  const resources: Resources = {
    files: `${gateway}/files/mcp`,
    billing: `${gateway}/billing/mcp`,
    backup: `${gateway}/backup/mcp`,
    hub: `${gateway}/hub/mcp`,
  };

  const form = async (members: Readonly<Record<string, string>>) => {
    const body = new URLSearchParams({ client_secret: 'demo', ...members });
    const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
    const { access_token } = (await answer.json()) as { readonly access_token?: string };
    return answer.ok && access_token !== undefined ? access_token : null;
  };
  const exchange: AttackWorld['exchange'] = (client_id, subject_token, server, scope) =>
    form({ grant_type: TOKEN_EXCHANGE, client_id, subject_token, resource: resources[server], scope });

  const trusted = { issuer, jwks_uri: `${issuer}/jwks` };
  const { read_file, list_invoices } = TOOLS;
  const upstreams = {
    files: createMcpServer({ ...trusted, name: 'files', tools: { read_file } }),
    billing: createMcpServer({ ...trusted, name: 'billing', audience: resources.billing, tools: { list_invoices } }),
    backup: createMcpServer({ ...trusted, name: 'billing-backup', tools: { list_invoices } }),
    hub: createHub({
      backends: { files_: resources.files },
      fetch,
      exchange: () =>
        exchanges ? async (inbound) => (await exchange('hub', inbound, 'files', 'files:read')) ?? '' : null,
    }),
  };
  for (const [name, app] of Object.entries(upstreams))
    routes.set(name, { resource: `${gateway}/${name}/mcp`, upstream: `${await listeners.start(app)}/mcp` });

  return {
    issuer,
    resources,
    protect: (url) => {
      audgate = url;
    },
    hubExchanges: (whether) => {
      exchanges = whether;
    },
    takeDecisions: () => decisions.splice(0),
    async token(client_id, server, scope) {
      const token = await form({
        grant_type: 'client_credentials',
        client_id,
        resource: resources[server],
        scope,
      });
      if (token === null) throw new Error(`${client_id} got no token for ${server}, its own server`);
      return token;
    },
    exchange,
    async call(server, tool, token) {
      const answer = await fetch(resources[server], {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: tool, arguments: { path: 'report.txt' } },
        }),
      });
      const text = await answer.text();
      return { status: answer.status, result: answer.ok ? textOf(text) : null };
    },
    stop: listeners.stop,
  };
}

function textOf(text: string): string | null {
  const body = JSON.parse(text) as { result?: { content?: readonly { text?: string }[] } };
  return body.result?.content?.[0]?.text ?? null;
}
