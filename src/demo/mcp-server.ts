/**
 * A small MCP server as many are today: it verifies that its authorization server signed the token and that the token has
 * not expired, and never looks at `aud`. Streamable HTTP without sessions: one JSON-RPC request, one JSON answer.
 */
import { Hono } from 'hono';
import { createRemoteJWKSet, jwtVerify } from 'jose';

export interface DemoTool {
  readonly description: string;
  readonly run: (args: Readonly<Record<string, unknown>>) => string;
}

export interface McpServerParts {
  readonly name: string;
  /** Both are what the server was configured with; the token chooses neither. */
  readonly issuer: string;
  readonly jwks_uri: string;
  /** The one `aud` that it takes; absent: any, as many servers do. */
  readonly audience?: string;
  readonly tools: Readonly<Record<string, DemoTool>>;
}

interface RpcRequest {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Readonly<Record<string, unknown>> };
}

export function createMcpServer({ name, issuer, jwks_uri, audience, tools }: McpServerParts): Hono {
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  const app = new Hono();
  app.post('/mcp', async (c) => {
    const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    try {
      // The hole that the demonstration shows: without `audience`, any token of the issuer will do.
      await jwtVerify(token, keys, { issuer, ...(audience !== undefined && { audience }) });
    } catch {
      return c.json({ error: 'invalid_token' }, 401);
    }
    const request = (await c.req.json()) as RpcRequest;
    return c.json({ jsonrpc: '2.0', id: request.id ?? null, ...respond(request) });
  });

  function respond({ method, params }: RpcRequest): object {
    if (method === 'initialize')
      return {
        result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name, version: '1' } },
      };
    if (method === 'tools/list')
      return {
        result: { tools: Object.entries(tools).map(([tool, { description }]) => ({ name: tool, description })) },
      };
    if (method !== 'tools/call') return { error: { code: -32601, message: 'Method not found' } };
    const tool = Object.hasOwn(tools, params?.name ?? '') ? tools[params?.name ?? ''] : undefined;
    if (tool === undefined) return { error: { code: -32602, message: 'Unknown tool' } };
    return { result: { content: [{ type: 'text', text: tool.run(params?.arguments ?? {}) }] } };
  }
  return app;
}
