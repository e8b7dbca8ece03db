/**
 * What can stand where audgate should: nothing, something that hangs, something that answers what audgate never would.
 * A gateway that asks one of these must let nothing through, whatever the client sends.
 */
import { randomBytes } from 'node:crypto';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

export interface Failing {
  /** `127.0.0.1:PORT`, for GatewayParts.audgate.address. */
  readonly address: string;
  /** Connections that it was asked over; for what counts how often a gateway asks. */
  connections(): number;
  stop(): Promise<void>;
}

export interface Failure {
  readonly name: string;
  start(): Promise<Failing>;
}

/** Bytes of an HTTP answer as they are written; nothing is added. */
const raw = (text: string) => (socket: Socket) => socket.once('data', () => socket.end(text));
const http = (name: string, answer: RequestListener): Failure => ({ name, start: () => listen(createHttp(answer)) });
const tcp = (name: string, meet: (socket: Socket) => void): Failure => ({
  name,
  start: () => listen(createServer(meet)),
});

export const FAILURES: readonly Failure[] = [
  { name: 'stopped: nobody listens', start: nobody },
  tcp('hanging: accepts and never answers', () => {}),
  tcp('hanging after half a status line', (socket) => socket.once('data', () => socket.write('HTTP/1.1 20'))),
  tcp('hanging after the status line of an allow', (socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nx-audgate-')),
  ),
  tcp('closes at once', (socket) => socket.destroy()),
  tcp('closes after the question', (socket) => socket.once('data', () => socket.destroy())),
  tcp('garbage: random bytes', (socket) => socket.once('data', () => socket.end(randomBytes(4096)))),
  // Read as an answer of HTTP/0.9 by what is lenient.
  tcp('garbage: a body without any header', raw('{"decision":"allow"}')),
  tcp('garbage: another protocol', raw('220 mail.example.com ESMTP\r\n')),
  tcp('garbage: a status that is no number', raw('HTTP/1.1 2OO OK\r\ncontent-length: 0\r\n\r\n')),
  tcp('garbage: a status of four digits', raw('HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n')),
  tcp('garbage: interim answers without end', (socket) =>
    socket.once('data', () => {
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 50);
      socket.once('close', () => clearInterval(timer));
    }),
  ),
  http('500', (_, answer) => answer.writeHead(500).end('Internal Server Error')),
  http('502', (_, answer) => answer.writeHead(502).end()),
  http('503', (_, answer) => answer.writeHead(503, { 'retry-after': '5' }).end()),
  http('302 to somewhere that answers 200', (request, answer) => {
    if (request.url === '/open') answer.writeHead(200).end();
    else answer.writeHead(302, { location: '/open' }).end();
  }),
  http('304', (_, answer) => answer.writeHead(304).end()),
  http('404: audgate without adapters', (_, answer) => answer.writeHead(404).end()),
  // Well-formed, and still not audgate's: its own headers are missing.
  http('204', (_, answer) => answer.writeHead(204).end()),
  http('206', (_, answer) => answer.writeHead(206).end('{}')),
  http('a bare 200', (_, answer) => answer.writeHead(200).end('{"decision":"allow"}')),
  tcp('a bare 200 that is cut short', raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}')),
];

async function listen(server: Server): Promise<Failing> {
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    // A gateway that gives up resets the connection, and that is all there is to know.
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

async function nobody(): Promise<Failing> {
  return { address: `127.0.0.1:${await freePort()}`, connections: () => 0, stop: async () => {} };
}
