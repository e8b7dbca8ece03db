import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { download } from '../../../src/facts/keys/download.ts';
import { MAX_BODY_BYTES } from '../../../src/facts/keys/request.ts';
import { type Answer, type KeyServer, send, serveKeys } from './serve.ts';

let server: KeyServer;
beforeAll(async () => {
  server = await serveKeys();
});
afterAll(() => server.close());

const stop = new AbortController().signal;
const get = (timeout_ms = 5000, url = server.url) => download(url, { fetch: globalThis.fetch, timeout_ms, stop });

/** A key set of exactly so many bytes. */
function sized(bytes: number): string {
  const empty = '{"keys":[],"padding":""}';
  return empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
}

describe('a key set is taken', () => {
  test.each<[string, Answer]>([
    ['as application/json', send('{"keys":[{"kid":"a"}]}')],
    [
      'with parameters of the type, in any case',
      send('{"keys":[{"kid":"a"}]}', { 'content-type': 'Application/JSON; charset=utf-8' }),
    ],
    ['as application/jwk-set+json', send('{"keys":[{"kid":"a"}]}', { 'content-type': 'application/jwk-set+json' })],
    ['compressed', send(gzipSync('{"keys":[{"kid":"a"}]}'), { 'content-encoding': 'gzip' })],
  ])('%s', async (_name, answer) => {
    server.answer(answer);
    expect(await get()).toEqual({ ok: true, members: [{ kid: 'a' }] });
  });

  test('of exactly 50 KiB', async () => {
    server.answer(send(sized(MAX_BODY_BYTES)));
    expect(MAX_BODY_BYTES).toBe(51_200);
    expect(await get()).toEqual({ ok: true, members: [] });
  });
});

describe('every fault is a value that names its kind', () => {
  const endless: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (response.writable && response.write('['.repeat(4096)));
    };
    response.on('drain', more);
    more();
  };
  test.each<[string, Answer, RegExp]>([
    ['500', send('{"keys":[]}', {}, 500), /HTTP status 500/],
    ['404', send('{"keys":[]}', {}, 404), /HTTP status 404/],
    ['204', (_, response) => response.writeHead(204).end(), /HTTP status 204/],
    ['206', send('{"keys":[]}', {}, 206), /HTTP status 206/],
    ['a redirect', send('', { location: '/elsewhere' }, 302), /redirect/],
    ['a redirect to itself', send('', { location: '/jwks' }, 308), /redirect/],
    ['HTML', send('<html>', { 'content-type': 'text/html' }), /content type/],
    ['text/plain', send('{"keys":[]}', { 'content-type': 'text/plain' }), /content type/],
    ['no type', (_, response) => response.writeHead(200).end('{"keys":[]}'), /content type/],
    ['no JSON', send('{"keys":['), /not well-formed JSON/],
    ['an empty body', send(''), /not well-formed JSON/],
    ['duplicate members', send('{"keys":[],"keys":[]}'), /not well-formed JSON/],
    ['a duplicate kid member', send('{"keys":[{"kid":"a","kid":"b"}]}'), /not well-formed JSON/],
    ['a byte order mark', send('\ufeff{"keys":[]}'), /not well-formed JSON/],
    ['deep nesting', send(`{"keys":${'['.repeat(40)}${']'.repeat(40)}}`), /not well-formed JSON/],
    ['an array', send('[]'), /no key set/],
    ['null', send('null'), /no key set/],
    ['keys that are no array', send('{"keys":{}}'), /no key set/],
    ['one byte above 50 KiB', send(sized(MAX_BODY_BYTES + 1)), /exceeds 51200 bytes/],
    ['an endless chunked body', endless, /exceeds 51200 bytes/],
    [
      'a small body that unpacks to much',
      send(gzipSync('['.repeat(10_000_000)), { 'content-encoding': 'gzip' }),
      /exceeds 51200 bytes/,
    ],
    [
      'a body shorter than its Content-Length',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"keys":[]}', () => response.destroy());
      },
      /request failed \(/,
    ],
    ['a connection that is closed', (request) => request.socket.destroy(), /request failed \(/],
  ])('%s', async (_name, answer, detail) => {
    server.answer(answer);
    expect(await get()).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  test('a body longer than its Content-Length is read up to that length only', async () => {
    server.answer((request) =>
      request.socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"keys":[]}{"keys":["more"]}',
      ),
    );
    expect(await get()).not.toMatchObject({ members: ['more'] });
  });

  test('no answer within the time', async () => {
    server.answer(() => {});
    expect(await get(50)).toEqual({ ok: false, detail: 'no complete answer within 50 ms' });
  });

  test('a body that never ends within the time', async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"keys":');
    });
    expect(await get(50)).toEqual({ ok: false, detail: 'no complete answer within 50 ms' });
  });

  test('nobody listens', async () => {
    const gone = await serveKeys();
    await gone.close();
    expect(await get(5000, gone.url)).toEqual({ ok: false, detail: 'the request failed (ECONNREFUSED)' });
  });

  test('a stop, before or during the request', async () => {
    const early = AbortSignal.abort();
    expect(await download(server.url, { fetch: globalThis.fetch, timeout_ms: 5000, stop: early })).toEqual({
      ok: false,
      detail: 'the request was stopped',
    });
    const stopping = new AbortController();
    server.answer(() => stopping.abort());
    expect(await download(server.url, { fetch: globalThis.fetch, timeout_ms: 5000, stop: stopping.signal })).toEqual({
      ok: false,
      detail: 'the request was stopped',
    });
  });
});

test('a redirect is not followed', async () => {
  const target = await serveKeys([{ kid: 'a' }]);
  server.answer(send('', { location: target.url }, 307));
  expect((await get()).ok).toBe(false);
  expect(target.count()).toBe(0);
  await target.close();
});
