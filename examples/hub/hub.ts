/**
 * A hub: one MCP server in front of several. Its clients' tokens name the hub, and open nothing behind it; for each call that it
 * passes on it gets a token of its own for that one server, and asks audgate about that call as about any other.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { Allow, Client as Audgate, Challenge, QuestionedCall } from 'audgate/client';

export interface Backend {
  /** As the registry has it under `hub.backends`. */
  readonly prefix: string;
  /** The registered resource, byte for byte. */
  readonly resource: string;
  /** Where it listens: from this list, never from a client or from an answer. */
  readonly url: string;
}

export interface HubParts {
  readonly audgate: Pick<Audgate, 'decide' | 'allowed'>;
  /** The hub's own registered resource. */
  readonly resource: string;
  readonly backends: readonly Backend[];
  /**
   * A token of the hub's own for a server behind it, by token exchange or client credentials.
   * @param inbound the client's token: to be exchanged, never to be passed on
   */
  readonly tokenFor: (resource: string, inbound: string) => Promise<string>;
  /** Why a call was not passed on, in audgate's codes; its client is told no more than that it was not. */
  readonly refused?: (server: string, codes: readonly string[]) => void;
}

/** What came in, once it was decided. */
interface Inbound {
  readonly token: string;
  readonly allow: Allow;
}

/** JSON-RPC messages of a client; more is nobody's tool call. */
const MAX_BODY = 262_144;

export function createHub(parts: HubParts): (request: Request) => Promise<Response> {
  const { audgate, resource } = parts;
  return async (request) => {
    if (new URL(request.url).pathname !== new URL(resource).pathname) return new Response(null, { status: 404 });
    if (request.method !== 'POST') return new Response(null, { status: 405, headers: { allow: 'POST' } });
    const body = await request.text();
    if (body.length > MAX_BODY) return new Response(null, { status: 413 });
    const [scheme = '', token = '', ...rest] = request.headers.get('authorization')?.split(' ') ?? [];
    const decision = await audgate.decide({
      server: resource,
      token: rest.length > 0 ? null : token,
      ...(scheme !== '' && { scheme }),
      body,
      http: { method: request.method, headers: mirrored(request.headers) },
    });
    if (decision.decision === 'deny') return challenged(decision.challenge);
    if (decision.decision !== 'allow') return new Response(null, { status: 503, headers: { 'retry-after': '5' } });
    const handler = serve(parts, { token, allow: decision });
    // The very bytes that were decided.
    return handler.fetch(new Request(request.url, { method: 'POST', headers: request.headers, body }));
  };
}

function serve(parts: HubParts, inbound: Inbound) {
  return createMcpHandler(() => {
    const { server } = new McpServer({ name: 'hub', version: '1.0.0' }, { capabilities: { tools: {} } });
    server.setRequestHandler('tools/list', async () => ({ tools: await listTools(parts, inbound) }));
    server.setRequestHandler('tools/call', async ({ params }) => {
      // Which server this is for, the decision says; not the name once more.
      const { hop } = inbound.allow.advice;
      const backend = parts.backends.find((one) => one.resource === hop?.server);
      if (hop?.tool === undefined || backend === undefined) return failed('The hub has no such tool.');
      // As JSON has them: what is decided is what is sent.
      const args: NonNullable<QuestionedCall['arguments']> = JSON.parse(JSON.stringify(params.arguments ?? {}));
      const call = { method: 'tools/call', tool: hop.tool, arguments: args };
      const token = await outbound(parts, inbound, backend, call);
      if (token === null) return failed('The hub may not make this call.');
      const { tool } = hop;
      return connected(backend, token, (client) => client.callTool({ name: tool, arguments: args }));
    });
    return server;
  });
}

/** The tools of all servers behind the hub that the client's token opens, under the hub's names. */
async function listTools(parts: HubParts, inbound: Inbound) {
  const open = await parts.audgate.allowed({ server: parts.resource, token: inbound.token });
  const prefixes = ('unlisted_prefixes' in open && open.unlisted_prefixes) || [];
  const isOpen = (name: string, prefix: string) => open.tools.includes(name) || prefixes.includes(prefix);
  const lists = parts.backends.map(async (backend) => {
    const { prefix } = backend;
    if (!prefixes.includes(prefix) && !open.tools.some((name) => name.startsWith(prefix))) return [];
    const token = await outbound(parts, inbound, backend, { method: 'tools/list' });
    if (token === null) return [];
    const { tools } = await connected(backend, token, (client) => client.listTools());
    return tools.map((tool) => ({ ...tool, name: `${prefix}${tool.name}` })).filter(({ name }) => isOpen(name, prefix));
  });
  return (await Promise.all(lists)).flat();
}

/** A token for the next hop, decided for exactly the call that is about to be made; null: it is not to be made. */
async function outbound(parts: HubParts, inbound: Inbound, backend: Backend, call: QuestionedCall) {
  const token = await parts.tokenFor(backend.resource, inbound.token);
  const decision = await parts.audgate.decide({ server: backend.resource, token, call });
  if (decision.decision === 'allow') return token;
  const codes = decision.reasons.map(({ code }) => code);
  parts.refused?.(backend.resource, codes);
  return null;
}

async function connected<T>({ url }: Backend, token: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ name: 'hub', version: '1.0.0' });
  const requestInit = { headers: { authorization: `Bearer ${token}` }, redirect: 'error' as const };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const failed = (text: string) => ({ content: [{ type: 'text' as const, text }], isError: true });

/** Headers that repeat a part of the call: a server behind might believe them. */
function mirrored(headers: Headers): Record<string, string[]> {
  const names = ['mcp-method', 'mcp-name', 'mcp-protocol-version'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, [value]]];
    }),
  );
}

function challenged({ status, headers, body }: Challenge): Response {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: lines });
}
