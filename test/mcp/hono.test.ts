/** The same guard as middleware of Hono, on Node's server. */
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { expect, it, onTestFinished } from 'vitest';
import { type Admission, type OpenedGuard, protectHono } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { METADATA, READ, startWorld } from './world.ts';

const EVENT = 'data: 1\n\n';

async function start(guard: OpenedGuard, before?: (app: Hono<{ Variables: { audgate: Admission } }>) => void) {
  const calls: { body: string; headers: string[]; audgate: Admission }[] = [];
  const app = new Hono<{ Variables: { audgate: Admission } }>();
  before?.(app);
  app.use(protectHono(guard));
  app.all('/mcp', async (context) => {
    const body = await context.req.text();
    calls.push({ body, headers: [...context.req.raw.headers.keys()], audgate: context.get('audgate') });
    return context.json({ ok: true });
  });
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'files', version: '1.0.0' });
    server.registerTool('read_file', {}, ({ http }) => ({
      content: [{ type: 'text', text: `for ${http?.authInfo?.clientId}` }],
    }));
    return server;
  });
  app.all('/sdk', ({ req, get }) => mcp.fetch(req.raw, { authInfo: get('audgate').authInfo }));
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const send = (token: string | null, path = '/mcp', body = READ) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: {
        ...(token !== null && { authorization: `bearer ${token}` }),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-audgate-subject': 'admin',
        connection: 'close',
      },
      body,
    });
  return { origin, send, calls };
}

it('lets allowed requests through, with who calls and without the token', async () => {
  const { issuer, guard } = await startWorld();
  const { send, calls } = await start(guard);
  expect((await send(await issuer.token(FILES))).status).toBe(200);
  expect(calls).toEqual([
    { body: READ, headers: expect.any(Array), audgate: expect.objectContaining({ valid_until: expect.any(String) }) },
  ]);
  expect(calls[0]?.headers.filter((name) => name === 'authorization' || name.startsWith('x-audgate'))).toEqual([]);
  const text = await (await send(await issuer.token(FILES, { claims: { client_id: 'client-9' } }), '/sdk')).text();
  expect(text).toContain('for client-9');
});

it('answers in place of the app whatever is not allowed, and serves the metadata', async () => {
  const { issuer, guard } = await startWorld();
  const { send, calls, origin } = await start(guard);
  expect((await send(null)).headers.get('www-authenticate')).toContain(`resource_metadata="https://files.example.com`);
  expect((await send(await issuer.token(BILLING))).status).toBe(401);
  expect((await send(await issuer.token(FILES), '/mcp', `[${READ}]`)).status).toBe(400);
  expect(calls).toEqual([]);
  expect(await (await fetch(`${origin}${METADATA}`)).json()).toMatchObject({ resource: FILES });
});

it('refuses when the body was read before it, and says so in the log', async () => {
  const { issuer, guard, logged } = await startWorld();
  const { send, calls } = await start(guard, (app) => {
    app.use(async ({ req }, next) => {
      await req.text();
      await next();
    });
  });
  expect((await send(await issuer.token(FILES))).status).toBe(500);
  expect(calls).toEqual([]);
  expect(logged).toMatchObject([{ fields: { err: { message: expect.stringContaining('put audgate before') } } }]);
});

it('ends event streams with their token', async () => {
  const { issuer, guard } = await startWorld();
  const { send } = await start(guard, (app) => {
    app.post('/mcp', protectHono(guard), () => {
      const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(EVENT)) });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
  });
  const answer = await send(await issuer.token(FILES, { claims: { exp: '+2' } }));
  expect(await answer.text()).toBe(EVENT);
});
