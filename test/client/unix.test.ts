/** Over a Unix socket, too, whatever answers is a value: nothing of it ends the process of the gateway that asks. */
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createClient } from '../../src/client/create.ts';
import { scratch } from '../e2e/start.ts';
import { ALLOW } from '../http/serve.ts';

/** Answers each question with these bytes. */
async function listening(bytes: string): Promise<string> {
  const path = join(await scratch(), 'socket');
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `unix:${path}`;
}

const ask = (url: string) =>
  createClient({ url, timeout_ms: 10_000 }).decide({ server: 'x', token: 'a.b.c', call: { method: 'ping' } });

const allow = JSON.stringify(ALLOW);
const withAllow = (status: string) => `HTTP/1.1 ${status}\r\nContent-Length: ${allow.length}\r\n\r\n${allow}`;

it('an allow with 200 is one', async () => {
  expect(await ask(await listening(withAllow('200 OK')))).toEqual(ALLOW);
});

it.each([
  ['a status without content', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['another', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
  ['a redirect without content', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ['a status beyond those of HTTP', withAllow('999 Odd')],
  ['a status below them', withAllow('099 Odd')],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
])('%s is no decision, and is known at once', async (_, bytes) => {
  const found = await ask(await listening(bytes));
  expect(found.decision).toBe('indeterminate');
  expect('problem' in found && found.problem.kind).toMatch(/^(?:answer|unreachable)$/);
});
