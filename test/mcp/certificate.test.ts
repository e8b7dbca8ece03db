/** A server that ends TLS itself, or stands behind a proxy that does: tokens bound to a client's certificate (RFC 8705 §3). */
import { createServer as createHttp, request as requestHttp } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { expect, it, onTestFinished } from 'vitest';
import { type OpenOptions, protectExpress, protectHono } from '../../src/server.ts';
import { FILES } from '../e2e/issue.ts';
import { askOverTls, createAuthority, selfSigned } from '../http/certificates.ts';
import { READ, startWorld } from './world.ts';

const authority = await createAuthority();
const place = await authority.issue('DNS:localhost,IP:127.0.0.1', 'serverAuth');
const mine = await selfSigned('DNS:client.example');
const others = await selfSigned('DNS:client.example');
const TLS = { cert: place.certificate, key: place.key, requestCert: true, rejectUnauthorized: false };

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => void server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
}

type Where = NonNullable<OpenOptions['client_certificates']>;

async function start(kind: 'express' | 'hono', client_certificates: Where) {
  const { issuer, guard } = await startWorld({}, { client_certificates });
  const bound = (sha256: string) =>
    issuer.token(FILES, { claims: { cnf: { 'x5t#S256': Buffer.from(sha256, 'hex').toString('base64url') } } });
  if (kind === 'express') {
    const app = express();
    app.use(protectExpress(guard));
    app.all('/mcp', (_, response) => void response.json({ ok: true }));
    return { bound, port: await portOf(createServer(TLS, app)) };
  }
  const app = new Hono();
  app.use(protectHono(guard) as never);
  app.all('/mcp', (context) => context.json({ ok: true }));
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0, createServer, serverOptions: TLS });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  return { bound, port: await portOf(server as Server) };
}

it.each(['express', 'hono'] as const)('%s: the certificate of the connection is the one that counts', async (kind) => {
  const { bound, port } = await start(kind, 'connection');
  const ask = async (token: string, certificate?: typeof mine, headers: Record<string, string> = {}) => {
    const body = JSON.parse(READ) as object;
    const asking = { path: '/mcp', body, ca: authority.certificate, ...(certificate && { certificate }) };
    const { status } = await askOverTls(port, { ...asking, headers: { authorization: `Bearer ${token}`, ...headers } });
    return status;
  };
  const token = await bound(mine.sha256);
  expect(await ask(token, mine)).toBe(200);
  expect(await ask(token, others)).toBe(401);
  expect(await ask(token)).toBe(401);
  // What its own headers say of it, nobody vouches for.
  const said = {
    'x-forwarded-client-cert': `Hash=${mine.sha256}`,
    'x-ssl-client-cert': encodeURIComponent(mine.certificate),
    'client-cert': `:${mine.certificate.replace(/-----[A-Z ]+-----|\n/g, '')}:`,
  };
  expect(await ask(token, others, said)).toBe(401);
  expect(await ask(token, undefined, said)).toBe(401);
  expect(await ask(await bound(others.sha256), others)).toBe(200);
});

it('a server that was not told to look at the connection takes no certificate from it', async () => {
  const { bound, port } = await start('express', 'none');
  const headers = { authorization: `Bearer ${await bound(mine.sha256)}` };
  const body = JSON.parse(READ) as object;
  const { status } = await askOverTls(port, {
    path: '/mcp',
    body,
    headers,
    certificate: mine,
    ca: authority.certificate,
  });
  expect(status).toBe(401);
});

it('a connection that resumes a session still has its certificate, and none of another', async () => {
  const { bound, port } = await start('express', 'connection');
  const token = await bound(mine.sha256);
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
  onTestFinished(() => agent.destroy());
  const ask = (certificate: typeof mine) =>
    new Promise<readonly [number | undefined, boolean]>((resolve, reject) => {
      const { certificate: cert, key } = certificate;
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const options = { ...{ port, host: '127.0.0.1', method: 'POST', path: '/mcp', agent, headers }, cert, key };
      request({ ...options, ca: authority.certificate }, (answer) => {
        const { socket } = answer;
        const resumed = 'isSessionReused' in socket && (socket as { isSessionReused(): boolean }).isSessionReused();
        answer.resume().on('end', () => resolve([answer.statusCode, resumed]));
      })
        .on('error', reject)
        .end(READ);
    });
  expect(await ask(mine)).toEqual([200, false]);
  expect(await ask(mine)).toEqual([200, true]);
  expect(await ask(others)).toEqual([401, false]);
});

it('behind a proxy, its header counts where the server was told so, once', async () => {
  const { issuer, guard } = await startWorld({}, { client_certificates: 'xfcc' });
  const x5t = Buffer.from(mine.sha256, 'hex').toString('base64url');
  const token = await issuer.token(FILES, { claims: { cnf: { 'x5t#S256': x5t } } });
  const app = express();
  app.use(protectExpress(guard));
  app.all('/mcp', (_, response) => void response.json({ ok: true }));
  const port = await portOf(createHttp(app));
  const ask = (...headers: readonly string[]) =>
    new Promise((resolve, reject) => {
      const all = ['authorization', `Bearer ${token}`, 'content-type', 'application/json', 'host', 'files', ...headers];
      requestHttp({ port, host: '127.0.0.1', method: 'POST', path: '/mcp', headers: [...all, 'connection', 'close'] })
        .on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode)))
        .on('error', reject)
        .end(READ);
    });
  const right = ['x-forwarded-client-cert', `Hash=${mine.sha256}`];
  expect(await ask(...right)).toBe(200);
  expect(await ask()).toBe(401);
  expect(await ask('x-forwarded-client-cert', `Hash=${others.sha256}`)).toBe(401);
  expect(await ask(...right, 'x-forwarded-client-cert', `Hash=${others.sha256}`)).toBe(401);
  expect(await ask('client-cert', `:${mine.certificate.replace(/-----[A-Z ]+-----|\n/g, '')}:`)).toBe(401);
});
