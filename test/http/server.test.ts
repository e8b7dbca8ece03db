import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dial, received, receivedOne } from './raw.ts';
import { DENY, FILES, serve } from './serve.ts';

const QUESTION = JSON.stringify({ server: FILES });
const POST =
  'POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
  `Content-Length: ${QUESTION.length}\r\n\r\n`;
const READY = 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n';
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

/** A decision that waits until it is let go. */
function held() {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { release: () => release(), decide: () => gate.then(() => DENY) };
}

describe('stop', () => {
  it('answers what is under way, and closes its connection', async () => {
    const { release, decide } = held();
    const { port, stop, asked } = await serve({ decide });
    const socket = await dial(port);
    const answered = received(socket);
    socket.write(POST + QUESTION);
    await expect.poll(() => asked.length).toBe(1);
    const stopped = stop(5000);
    await settle();
    release();
    const answer = await answered;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toBe('close');
    await stopped;
  });

  it('answers a request of which only a part had arrived', async () => {
    const { port, stop } = await serve();
    const socket = await dial(port);
    // The server says itself that it has read the head.
    const continued = receivedOne(socket);
    socket.write(POST.replace('Host', 'Expect: 100-continue\r\nHost') + QUESTION.slice(0, 5));
    expect((await continued).status).toBe(100);
    const answered = received(socket);
    const stopped = stop(5000);
    await settle();
    socket.write(QUESTION.slice(5));
    expect((await answered).status).toBe(200);
    await stopped;
  });

  it('answers a request that was on its way on an idle connection: stopping, and no more', async () => {
    const { port, stop } = await serve();
    const socket = await dial(port);
    const first = receivedOne(socket);
    socket.write(READY);
    expect((await first).status).toBe(200);
    const stopped = stop(5000);
    const second = received(socket);
    socket.write(READY);
    const answer = await second;
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toEqual({ status: 'stopping' });
    expect(answer.headers.get('connection')).toBe('close');
    await stopped;
  });

  it('takes no new connections', async () => {
    const { port, stop } = await serve();
    const stopped = stop(5000);
    await expect(dial(port)).rejects.toThrow('ECONNREFUSED');
    await stopped;
  });

  it('closes idle and silent connections by itself', async () => {
    const { port, stop, url } = await serve({ headers_timeout_ms: 60_000, request_timeout_ms: 60_000 });
    const silent = received(await dial(port));
    // Taken after the silent one, so that that was taken too.
    await (await fetch(`${url}/health/live`)).text();
    await stop(60_000);
    await silent;
  });

  it('cuts what is open at the deadline', async () => {
    const { decide } = held();
    const { port, stop, asked } = await serve({ decide });
    const socket = await dial(port);
    const answered = received(socket);
    socket.write(POST + QUESTION);
    await expect.poll(() => asked.length).toBe(1);
    await stop(100);
    expect((await answered).status).toBeNaN();
  });

  it('may be asked for twice', async () => {
    const { stop } = await serve();
    await Promise.all([stop(5000), stop(5000)]);
  });

  it('under load leaves no accepted request unanswered', async () => {
    const { port, stop } = await serve({ decide: () => new Promise((resolve) => setTimeout(() => resolve(DENY), 2)) });
    let answered = 0;
    let lost = 0;
    const client = async () => {
      const socket = await dial(port);
      for (;;) {
        const answer = receivedOne(socket).catch(() => null);
        socket.write(POST + QUESTION);
        const given = await answer;
        if (given?.status !== 200) lost++;
        else answered++;
        if (given === null || given.headers.get('connection') === 'close') return socket.destroy();
      }
    };
    const clients = Array.from({ length: 20 }, client);
    await expect.poll(() => answered).toBeGreaterThan(200);
    await stop(5000);
    await Promise.all(clients);
    expect(lost).toBe(0);
  });
});

describe('timeouts', () => {
  it('end a request whose headers never end', async () => {
    const { port } = await serve({ headers_timeout_ms: 200, request_timeout_ms: 400 });
    const socket = await dial(port);
    const answered = received(socket);
    socket.write('POST /v1/decide HTTP/1.1\r\nHost: localhost\r\n');
    expect((await answered).status).toBe(408);
  });

  it('end a request whose body never ends, however it drips', async () => {
    const { port, asked } = await serve({ headers_timeout_ms: 200, request_timeout_ms: 400 });
    const socket = await dial(port);
    const answered = received(socket);
    socket.write(POST);
    const drip = setInterval(() => socket.write(' '), 100);
    expect((await answered).status).toBe(408);
    clearInterval(drip);
    expect(asked).toEqual([]);
  });
});

describe('a Unix socket', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'audgate-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return join(path, 'audgate.sock');
  };
  const ask = (path: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ socketPath: path, path: '/v1/status', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  it('serves, by a loopback Host, and goes when the service does', async () => {
    const path = folder();
    const { url, stop } = await serve({ at: { kind: 'unix', path } });
    expect(url).toBe(`unix:${path}`);
    expect(await ask(path, 'localhost')).toBe(200);
    expect(await ask(path, 'evil.example')).toBe(421);
    await stop(1000);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('replaces what a killed service left, and nothing else', async () => {
    const path = folder();
    await leaveSocketBehind(path);
    await serve({ at: { kind: 'unix', path } });
    expect(await ask(path, 'localhost')).toBe(200);
    await expect(serve({ at: { kind: 'unix', path } })).rejects.toThrow('EADDRINUSE');
    const file = folder();
    writeFileSync(file, 'precious');
    await expect(serve({ at: { kind: 'unix', path: file } })).rejects.toThrow('EADDRINUSE');
    expect(statSync(file).size).toBe(8);
  });
});

it('a port that is taken is said as Node says it', async () => {
  const { port } = await serve();
  await expect(serve({ at: { kind: 'tcp', host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('IPv6 loopback is written in brackets', async () => {
  const { url } = await serve({ at: { kind: 'tcp', host: '::1', port: 0 } });
  expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await fetch(`${url}/v1/status`)).status).toBe(200);
});

/** A process that dies does not remove its socket; a rename keeps this one's name from being removed. */
async function leaveSocketBehind(path: string): Promise<void> {
  const { renameSync } = await import('node:fs');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.old`, resolve));
  renameSync(`${path}.old`, path);
  await new Promise((resolve) => server.close(resolve));
}
