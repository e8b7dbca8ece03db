/** A hub: one MCP server for its clients, which calls the servers behind it. Careless, it passes on the token that it was given. */
import { Hono } from 'hono';

export interface HubParts {
  /** URL of the server behind each prefix, as the hub reaches it. */
  readonly backends: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
  /** Makes of the inbound token the one for the backend; null: the inbound one is passed on. */
  readonly exchange: () => ((inbound: string) => Promise<string>) | null;
}

interface ToolCall {
  readonly params?: { readonly name?: string };
}

export function createHub({ backends, fetch, exchange }: HubParts): Hono {
  const app = new Hono();
  app.post('/mcp', async (c) => {
    const message = (await c.req.json()) as ToolCall;
    const name = message.params?.name ?? '';
    const [prefix, backend] = Object.entries(backends).find(([start]) => name.startsWith(start)) ?? [];
    if (prefix === undefined || backend === undefined) return c.json({ error: 'unknown tool' }, 404);
    const inbound = c.req.header('authorization')?.split(' ')[1] ?? '';
    const token = (await exchange()?.(inbound)) ?? inbound;
    const answer = await fetch(backend, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...message, params: { ...message.params, name: name.slice(prefix.length) } }),
    });
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { 'content-type': 'application/json' },
    });
  });
  return app;
}
