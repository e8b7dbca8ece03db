/** The same guard as middleware of Express, over real sockets: with what only raw HTTP can send. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import express, { type Express } from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { type ExpressRequest, type OpenedGuard, protectExpress } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { METADATA, READ, startWorld } from './world.ts';

async function start(guard: OpenedGuard, before?: (app: Express) => void) {
  const calls: ExpressRequest[] = [];
  const app = express();
  before?.(app);
  app.use(['/mcp', '/sdk', '/.well-known/oauth-protected-resource/mcp'], protectExpress(guard));
  // As many apps have it; it must neither read again nor overwrite.
  app.use(express.json());
  app.all('/mcp', (request, response) => {
    calls.push(request);
    response.json({ ok: true });
  });
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'files', version: '1.0.0' });
    server.registerTool('read_file', {}, ({ http }) => ({
      content: [{ type: 'text', text: `for ${http?.authInfo?.clientId}` }],
    }));
    return server;
  });
  const handler = toNodeHandler(mcp);
  app.all('/sdk', (request, response) => void handler(request, response, request.body));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const send = (token: string | null, path = '/mcp', body = READ) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'x-audgate-subject': 'admin',
      },
      body,
    });
  return { origin, port, send, calls };
}

/** What a socket answers to these very lines. @returns the status of each answer */
function raw(port: number, lines: readonly string[], body = ''): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      const last = 'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}${last}`);
    });
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    socket.once('error', reject);
    socket.once('close', () => resolve([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))));
  });
}

it('leaves the parsed message and who calls; no form of the headers holds the token or a client’s own x-audgate', async () => {
  const { issuer, guard } = await startWorld();
  const { send, calls } = await start(guard);
  const token = await issuer.token(FILES);
  expect((await send(token)).status).toBe(200);
  const { body, auth, audgate, headers, rawHeaders, headersDistinct } = calls[0] ?? expect.fail();
  expect(body).toEqual(JSON.parse(READ));
  expect(auth).toBe(audgate?.authInfo);
  expect(auth).toMatchObject({ scopes: ['files:read'], extra: { issuer: 'https://login.example.com' } });
  const shown = JSON.stringify({ headers, rawHeaders, headersDistinct, auth, audgate });
  expect(shown).not.toMatch(/authorization|x-audgate/i);
  expect(shown).not.toContain(token.split('.')[2]);
});

it('shows nothing of that name in trailers either', async () => {
  const { issuer, guard } = await startWorld();
  const { port, calls } = await start(guard);
  const sent = [
    'POST /mcp HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    `Authorization: Bearer ${await issuer.token(FILES)}`,
    'Transfer-Encoding: chunked',
  ];
  const chunks = `${READ.length.toString(16)}\r\n${READ}\r\n0\r\nX-Audgate-Subject: admin\r\nX-Other: 1\r\nAuthorization: Bearer x\r\n\r\n`;
  expect(await raw(port, sent, chunks)).toEqual([200, 404]);
  const { trailers, trailersDistinct, rawTrailers } = calls[0] ?? expect.fail();
  expect({ trailers, trailersDistinct, rawTrailers }).toEqual({
    trailers: { 'x-other': '1' },
    trailersDistinct: { 'x-other': ['1'] },
    rawTrailers: ['X-Other', '1'],
  });
});

it('serves a server of the MCP SDK by its own adapter', async () => {
  const { issuer, guard } = await startWorld();
  const { send } = await start(guard);
  const answer = await send(await issuer.token(FILES, { claims: { client_id: 'client-9' } }), '/sdk');
  expect(await answer.text()).toContain('for client-9');
  expect((await send(await issuer.token(BILLING), '/sdk')).status).toBe(401);
});

it('answers in place of the app whatever is not allowed, and serves the metadata', async () => {
  const { issuer, guard } = await startWorld();
  const { send, calls, origin } = await start(guard);
  expect((await send(null)).headers.get('www-authenticate')).toContain('resource_metadata="https://files.example.com');
  expect((await send(await issuer.token(BILLING))).status).toBe(401);
  expect((await send(await issuer.token(FILES), '/mcp', `[${READ}]`)).status).toBe(400);
  const large = READ.replace('"a"', `"${'a'.repeat(300_000)}"`);
  expect((await send(await issuer.token(FILES), '/mcp', large)).status).toBe(400);
  expect(calls).toEqual([]);
  const metadata = await fetch(`${origin}${METADATA}`);
  expect(metadata.headers.get('access-control-allow-origin')).toBe('*');
  expect(await metadata.json()).toMatchObject({ resource: FILES });
  expect(await (await fetch(`${origin}${METADATA}`, { method: 'HEAD' })).text()).toBe('');
});

it('refuses two credentials, whichever comes first, and headers sent twice', async () => {
  const { issuer, guard } = await startWorld();
  const { port, calls } = await start(guard);
  const right = `Authorization: Bearer ${await issuer.token(FILES)}`;
  const other = `Authorization: Bearer ${await issuer.token(BILLING)}`;
  const head = ['POST /mcp HTTP/1.1', 'Host: x', 'Content-Type: application/json', `Content-Length: ${READ.length}`];
  expect(await raw(port, [...head, right], READ)).toEqual([200, 404]);
  expect(await raw(port, [...head, right, other], READ)).toEqual([400, 404]);
  expect(await raw(port, [...head, other, right], READ)).toEqual([400, 404]);
  expect(await raw(port, [...head, right, 'Mcp-Name: read_file', 'Mcp-Name: other'], READ)).toEqual([400, 404]);
  const target = `POST /mcp?access_token=${await issuer.token(BILLING)} HTTP/1.1`;
  expect(await raw(port, [target, ...head.slice(1), right], READ)).toEqual([400, 404]);
  expect(calls).toHaveLength(1);
});

it('takes a body beyond the limit off the connection, which then serves on', async () => {
  const { issuer, guard } = await startWorld();
  const { port, calls } = await start(guard);
  const right = `Authorization: Bearer ${await issuer.token(FILES)}`;
  const head = ['POST /mcp HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Content-Length: 9000000', right];
  expect(await raw(port, head, 'a'.repeat(9_000_000))).toEqual([400, 404]);
  expect(calls).toEqual([]);
});

it('refuses when a body parser was before it, and says so in the log', async () => {
  const { issuer, guard, logged } = await startWorld();
  const { send, calls } = await start(guard, (app) => app.use(express.json()));
  expect((await send(await issuer.token(FILES))).status).toBe(500);
  expect(calls).toEqual([]);
  expect(logged).toMatchObject([{ fields: { err: { message: expect.stringContaining('put audgate before') } } }]);
});

it('cuts an event stream when its token ends', async () => {
  const { issuer, guard } = await startWorld({ methods: { 'http/get': {} } });
  const left = Promise.withResolvers<void>();
  const { origin } = await start(guard, (app) => {
    app.get('/mcp', protectExpress(guard), (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      response.once('close', left.resolve);
    });
  });
  const token = await issuer.token(FILES, { claims: { exp: '+2' } });
  const answer = await fetch(`${origin}/mcp`, { headers: { authorization: `Bearer ${token}` } });
  // Ends only because the guard cuts it.
  await expect(answer.text()).rejects.toThrow();
  await left.promise;
});
