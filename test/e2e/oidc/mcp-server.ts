/** A real MCP server with two tools, listening on loopback. Who may call them is decided in front of it. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createMcpHandler, type McpHttpHandler, McpServer } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export interface Listening {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** What answers from now on. */
  use(handler: (request: Request) => Response | Promise<Response>): void;
}

/** Listens first, because a resource is registered with its port. */
export async function listen(): Promise<Listening> {
  let handler = (_: Request): Response | Promise<Response> => new Response(null, { status: 503 });
  const server = serve({ fetch: (request) => handler(request), hostname: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (next) => {
      handler = next;
    },
  };
}

export interface Tools {
  readonly handler: McpHttpHandler;
  /** Calls that reached a tool, and for whom. */
  readonly ran: readonly { readonly tool: string; readonly client: string | undefined }[];
}

/** `read_file` and `write_file` answer with the name of their server. */
export function createTools(name: string): Tools {
  const ran: Tools['ran'][number][] = [];
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name, version: '1.0.0' });
    for (const tool of ['read_file', 'write_file']) {
      server.registerTool(tool, { inputSchema: z.object({ path: z.string().optional() }) }, (_, context) => {
        ran.push({ tool, client: context.http?.authInfo?.clientId });
        return { content: [{ type: 'text', text: `${tool} of ${name}` }] };
      });
    }
    return server;
  });
  return { handler, ran };
}

/** Its record in a registry of the issuer `corp`. */
export function recordOf(resource: string): object {
  return {
    resource,
    issuers: ['corp'],
    max_lifetime_seconds: 300,
    advertised_scopes: ['files:read'],
    methods: { 'http/get': {}, 'http/delete': {} },
    tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
  };
}
