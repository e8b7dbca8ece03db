import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CallerConfig } from '../../src/config/callers.ts';
import { contextOf, tlsDefects } from '../../src/http/tls.ts';
import { type Authority, askOverTls, type Certificate, createAuthority, selfSigned } from './certificates.ts';
import { serve } from './serve.ts';

let old: Authority;
let next: Authority;
let server: Certificate;
let client: Certificate;
beforeAll(async () => {
  [old, next] = await Promise.all([createAuthority(), createAuthority()]);
  server = await old.issue('IP:127.0.0.1', 'serverAuth');
  client = await old.issue('DNS:edge.example');
});

const callers = {
  edge: { certificate_names: ['edge.example'], servers: '*', may: ['read'] },
} satisfies Record<string, CallerConfig>;

/** Requests over one connection, as a gateway keeps it. */
function keeping(port: number, ca: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, cert: client.certificate, key: client.key });
  onTestFinished(() => agent.destroy());
  const sockets = new Set<unknown>();
  const ask = () =>
    new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', path: '/v1/status', agent }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve({ status: answer.statusCode, connection: answer.headers.connection }));
      });
      sent.on('socket', (socket) => sockets.add(socket)).on('error', reject);
      sent.end();
    });
  return { ask, connections: () => sockets.size };
}

/** All that is answered on a connection that is open already. */
function answerOver(socket: Socket): Promise<string> {
  const { certificate: cert, key } = client;
  return new Promise((resolve) => {
    const secure = connect({ socket, ca: old.certificate, cert, key, checkServerIdentity: () => undefined });
    let answer = '';
    secure.on('data', (piece) => {
      answer += piece;
    });
    secure.on('error', () => {});
    secure.on('close', () => resolve(answer));
    secure.write('GET /v1/status HTTP/1.1\r\nHost: audgate\r\nConnection: close\r\n\r\n');
  });
}

describe('renewal', () => {
  it('of the server’s certificate is for connections from then on; those of before go on', async () => {
    const { port, setTls } = await serve({ callers, tls: { ...server, client_ca: old.certificate } });
    const gateway = keeping(port, old.certificate);
    expect((await gateway.ask()).status).toBe(200);
    const renewed = await next.issue('IP:127.0.0.1', 'serverAuth');
    setTls({ ...renewed, client_ca: old.certificate });
    expect(await gateway.ask()).toEqual({ status: 200, connection: 'keep-alive' });
    expect(gateway.connections()).toBe(1);
    const asking = { certificate: client };
    expect((await askOverTls(port, { ...asking, ca: next.certificate })).status).toBe(200);
    await expect(askOverTls(port, { ...asking, ca: old.certificate })).rejects.toThrow();
  });

  it('of client_ca ends connections that were verified with the old one, and its certificates open nothing', async () => {
    const { port, setTls } = await serve({ callers, tls: { ...server, client_ca: old.certificate } });
    const gateway = keeping(port, old.certificate);
    expect((await gateway.ask()).status).toBe(200);
    setTls({ ...server, client_ca: next.certificate });
    // The idle connection is gone, by whatever way its end is noticed.
    const again = await gateway.ask().catch(() => gateway.ask());
    expect(again.status).toBe(401);
    expect(gateway.connections()).toBeGreaterThan(1);
    const replaced = await next.issue('DNS:edge.example');
    expect((await askOverTls(port, { ca: old.certificate, certificate: replaced })).status).toBe(200);
  });

  it('of client_ca ends handshakes that began before it, which the old one would verify', async () => {
    const { port, setTls } = await serve({ callers, tls: { ...server, client_ca: old.certificate } });
    const begun = [connectTcp(port, '127.0.0.1'), connectTcp(port, '127.0.0.1')];
    for (const socket of begun) await once(socket, 'connect');
    // An answer to another, so that these two were accepted.
    expect((await askOverTls(port, { certificate: client, ca: old.certificate })).status).toBe(200);
    setTls({ ...server, client_ca: next.certificate });
    for (const socket of begun) expect(await answerOver(socket)).toBe('');
    expect((await askOverTls(port, { certificate: client, ca: old.certificate })).status).toBe(401);
  });

  it('of client_ca lets the answer under way be the last of its connection', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { port, setTls, asked } = await serve({
      tls: { ...server, client_ca: old.certificate },
      decide: () => gate.then(() => Promise.reject(new Error('any answer'))),
    });
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: old.certificate });
    await once(socket, 'secureConnect');
    const body = JSON.stringify({ server: 'x' });
    const head = `POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body}`);
    await expect.poll(() => asked.length).toBe(1);
    let answer = '';
    socket.on('data', (piece) => {
      answer += String(piece);
    });
    setTls({ ...server, client_ca: next.certificate });
    release();
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n');
  });

  it('without a client_ca verifies nobody, least of all whom public authorities know', async () => {
    const { port, setTls } = await serve({ callers, tls: { ...server, client_ca: old.certificate } });
    setTls(server);
    expect((await askOverTls(port, { ca: old.certificate, certificate: client })).status).toBe(401);
    expect(contextOf(server)).toMatchObject({ ca: [], minVersion: 'TLSv1.2' });
  });

  it('is no way to begin with TLS', async () => {
    const { setTls } = await serve();
    expect(() => setTls(server)).toThrow('without TLS');
  });
});

it('over TLS the service ends as it does without, and idle connections with it', async () => {
  const { port, stop } = await serve({ callers, tls: { ...server, client_ca: old.certificate } });
  const gateway = keeping(port, old.certificate);
  expect((await gateway.ask()).status).toBe(200);
  const stopped = stop(5000);
  await stopped;
  await expect(gateway.ask().then(() => gateway.ask())).rejects.toThrow();
});

describe('files of TLS', () => {
  const CUT = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

  it('that fit have no defect, with a chain or with words around them', async () => {
    expect(tlsDefects(server)).toEqual([]);
    const certificate = `Leaf\n${server.certificate}\nRoot\n${old.certificate}`;
    expect(tlsDefects({ ...server, certificate, client_ca: old.certificate + next.certificate })).toEqual([]);
    expect(tlsDefects({ ...server, certificate: server.key + server.certificate })).toEqual([]);
  });

  it('that do not fit are named, all at once', async () => {
    const other = await selfSigned('DNS:other.example');
    const cases: readonly (readonly [object, readonly string[]])[] = [
      [{ certificate: '' }, ['certificate']],
      [{ certificate: CUT }, ['certificate']],
      [{ certificate: server.certificate + CUT }, ['certificate']],
      [{ key: '' }, ['key']],
      [{ key: server.certificate }, ['key']],
      [{ key: other.key }, ['key']],
      [{ client_ca: '' }, ['client_ca']],
      [{ client_ca: server.key }, ['client_ca']],
      [{ client_ca: server.certificate + CUT }, ['client_ca']],
      [{ certificate: 'x', key: 'y', client_ca: 'z' }, ['certificate', 'key', 'client_ca']],
    ];
    for (const [over, files] of cases) {
      const found = tlsDefects({ ...server, client_ca: old.certificate, ...over });
      expect(found.map(({ file }) => file)).toEqual(files);
      expect(JSON.stringify(found)).not.toContain('BEGIN');
    }
  });
});
