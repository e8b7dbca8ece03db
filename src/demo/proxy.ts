/**
 * A reverse proxy in front of both MCP servers, and the place where audgate is asked. It names the server from its own
 * route table: nothing that the client sends chooses it.
 */
import { Hono } from 'hono';
import type { Decision } from '../decision/decision.ts';

export interface Route {
  /** The registered resource of the server behind the route. */
  readonly resource: string;
  readonly upstream: string;
}

export interface ProxyParts {
  readonly routes: ReadonlyMap<string, Route>;
  readonly fetch: typeof globalThis.fetch;
  /** Where to ask; null: the proxy forwards whatever comes, as most do today. */
  readonly audgate: () => string | null;
  /** Told of each decision, for the table. */
  readonly onDecision: (decision: Decision) => void;
}

export function createProxy({ routes, fetch, audgate, onDecision }: ProxyParts): Hono {
  const app = new Hono();
  app.post('/:name/mcp', async (c) => {
    const route = routes.get(c.req.param('name'));
    if (route === undefined) return c.notFound();
    const body = await c.req.text();
    const authorization = c.req.header('authorization');
    const [scheme, token] = authorization?.split(' ') ?? [];
    const asked = audgate();
    if (asked !== null) {
      const answer = await fetch(`${asked}/v1/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ server: route.resource, body, ...(token && { token, scheme }) }),
      });
      if (answer.status !== 200) return c.text('the decision cannot be had', 503);
      const decision = (await answer.json()) as Decision;
      onDecision(decision);
      if (decision.decision !== 'allow') {
        const { status, headers } = decision.decision === 'deny' ? decision.challenge : { status: 503, headers: {} };
        const lines = Object.entries(headers).flatMap(([name, values]) =>
          values.map((value): [string, string] => [name, value]),
        );
        return new Response(null, { status, headers: lines });
      }
    }
    const upstream = await fetch(route.upstream, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body,
    });
    return new Response(await upstream.text(), {
      status: upstream.status,
      headers: { 'content-type': 'application/json' },
    });
  });
  return app;
}
