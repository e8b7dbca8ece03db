import { describe, expect, it } from 'vitest';
import { problem } from '../../src/http/native/answers.ts';
import { dial, received, receivedOne, send } from './raw.ts';
import { FILES, serve } from './serve.ts';

const LIMIT = 2048;
const HEAD = 'POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const CLOSE = 'Connection: close\r\n';
/** A question of exactly so many bytes. */
const question = (size: number) => {
  const empty = JSON.stringify({ server: FILES, context: { extra: { fill: '' } } });
  return JSON.stringify({ server: FILES, context: { extra: { fill: 'x'.repeat(size - empty.length) } } });
};
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';

describe('limits.body_bytes', () => {
  it('holds for a body of known length', async () => {
    const { port } = await serve({ body_bytes: LIMIT });
    const sized = (size: number) => `${HEAD}${CLOSE}Content-Length: ${size}\r\n\r\n${question(size)}`;
    expect((await send(port, sized(LIMIT))).status).toBe(200);
    expect((await send(port, sized(LIMIT + 1))).status).toBe(413);
  });

  it('holds for chunks, which announce nothing', async () => {
    const { port, asked } = await serve({ body_bytes: LIMIT });
    const chunked = (size: number, step: number) => {
      const text = question(size);
      const chunks = Array.from({ length: Math.ceil(size / step) }, (_, at) =>
        chunk(text.slice(at * step, (at + 1) * step)),
      );
      return `${HEAD}${CLOSE}${CHUNKED}${chunks.join('')}0\r\n\r\n`;
    };
    expect((await send(port, chunked(LIMIT, 100))).status).toBe(200);
    expect((await send(port, chunked(LIMIT, 1))).status).toBe(200);
    expect(asked).toHaveLength(2);
    expect((await send(port, chunked(LIMIT + 1, 100))).status).toBe(413);
    expect((await send(port, chunked(LIMIT + 1, 1))).status).toBe(413);
    expect(asked).toHaveLength(2);
  });

  it('is told at once to who announces more, before a byte of it is sent', async () => {
    const { port } = await serve({ body_bytes: LIMIT });
    const socket = await dial(port);
    const answered = receivedOne(socket);
    socket.write(`${HEAD}Content-Length: 1000000000\r\n\r\n`);
    const answer = await answered;
    expect(answer.status).toBe(413);
    expect(problem.parse(JSON.parse(answer.body)).detail).toContain(`${LIMIT}`);
    socket.destroy();
  });

  it('is told to who goes on sending, and the connection then ends', async () => {
    const { port } = await serve({ body_bytes: LIMIT });
    const socket = await dial(port);
    const answered = received(socket);
    socket.write(`${HEAD}${CHUNKED}`);
    const timer = setInterval(() => socket.write(chunk('x'.repeat(1024))), 5);
    const answer = await answered;
    clearInterval(timer);
    expect(answer.status).toBe(413);
  });

  it('is told to a common client that sends a large body', async () => {
    const { post } = await serve({ body_bytes: LIMIT });
    expect((await post(question(1_000_000))).status).toBe(413);
  });

  it('leaves the connection usable for the next request', async () => {
    const { port } = await serve({ body_bytes: LIMIT });
    const socket = await dial(port);
    const first = receivedOne(socket);
    socket.write(`${HEAD}Content-Length: ${LIMIT + 1}\r\n\r\n${question(LIMIT + 1)}`);
    expect((await first).status).toBe(413);
    const second = receivedOne(socket);
    const text = question(LIMIT);
    socket.write(`${HEAD}Content-Length: ${text.length}\r\n\r\n${text}`);
    expect((await second).status).toBe(200);
    socket.destroy();
  });
});

it('a body in many small pieces is put together', async () => {
  const { port, asked } = await serve();
  const socket = await dial(port);
  const answered = receivedOne(socket);
  const text = question(1500);
  socket.setNoDelay(true);
  socket.write(`${HEAD}Content-Length: ${text.length}\r\n\r\n`);
  for (const character of text) {
    socket.write(character);
    if (character === 'x') await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await answered).status).toBe(200);
  expect(asked[0]?.ask.context).toEqual(JSON.parse(text).context);
  socket.destroy();
});

it('a client that goes away in the middle leaves no question behind', async () => {
  const { port, asked, url, logged } = await serve();
  const socket = await dial(port);
  socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"server":`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(asked).toEqual([]);
  expect(logged).toEqual([]);
});
