/** Hostile requests below JSON: framing, headers, targets, methods and what is no HTTP at all. */
import fc from 'fast-check';
import { type Bytes, type Families, post } from './attack.ts';
import { FILES, readFile } from './issue.ts';

const JSON_TYPE = 'content-type: application/json';
const lines = (...all: readonly string[]): Bytes => `${all.join('\r\n')}\r\n\r\n`;

const HEADERS: readonly string[] = [
  'content-type: text/plain',
  'content-type: application/json; charset=utf-16',
  'content-type: application/x-www-form-urlencoded',
  'content-type: multipart/form-data; boundary=x',
  'content-type: application/json, text/plain',
  'content-type:',
  'x-nothing: 1',
];
/** Beside the right content type. */
const ODD: readonly string[] = [
  'content-type: text/plain',
  'content-encoding: gzip',
  'content-encoding: identity',
  'expect: 100-continue',
  'expect: a miracle',
  'upgrade: websocket\r\nconnection: upgrade',
  'upgrade: h2c',
  'host: evil.example.com',
  'x-audgate-key: guess',
  'authorization: Bearer eyJ',
  'x-forwarded-host: evil.example.com',
  'x-http-method-override: GET',
  'transfer-encoding: chunked',
  'transfer-encoding: identity',
  'transfer-encoding: gzip, chunked',
  'content-length: 0',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'x-null: a\u0000b',
  'x-folded: a\r\n b',
  'x spaced: 1',
  ' leading: 1',
  'x-bare-return: a\rb',
  ': nameless',
  `x-long: ${'a'.repeat(20_000)}`,
  `cookie: ${'a=b; '.repeat(2000)}`,
  Array.from({ length: 1500 }, (_, n) => `x-${n}: 1`).join('\r\n'),
];
const TARGETS: readonly string[] = [
  '/v1/decide/',
  '//v1/decide',
  '/v1/decide/../status',
  '/v1/%64ecide',
  '/v1/decide%00',
  '/v1/decide?token=eyJ',
  '/V1/DECIDE',
  'http://evil.example.com/v1/decide',
  'http://[::1',
  '*',
  '/v1/servers/%2e%2e',
  '/v1/servers/__proto__',
  '/v1/servers/%ff',
  '/v1/servers/__proto__/protected-resource-metadata',
  '/v1/enforce',
  '/v1/gateways/envoy/files/..%2fbilling',
  '/v1/gateways/envoy/files/../billing',
  '/v1/gateways/forward-auth/files',
  '/v1/gateways/__proto__/files',
  '/access/v1/evaluations',
  '/v1/data/audgate/decide',
  '/v1/allowed',
  '/metrics/..',
  `/${'a'.repeat(9000)}`,
];
const METHODS: readonly string[] = [
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'GET',
  'PROPFIND',
  'QUERY',
  'post',
  'FOO',
  'CONNECT',
];
const NO_HTTP: readonly Bytes[] = [
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  lines('GET /health/live'),
  lines('GET / HTTP/9.9', 'host: localhost'),
  lines('POST /v1/decide HTTP/1.1'),
  lines('POST /v1/decide HTTP/1.0', 'connection: close', 'content-length: 0'),
  '\r\n\r\n\r\n\u0000',
  'SSH-2.0-OpenSSH_9.9\r\n',
];

/** @param limit bytes of a body that the service reads */
export function smuggling(right: string, foreign: string, limit: number): Families {
  const token = fc.constantFrom(right, foreign);
  const question = token.map((text) => JSON.stringify(readFile(FILES, text)));
  const chunked = (body: string, size: number) =>
    `${
      body
        .match(new RegExp(`[^]{1,${size}}`, 'g'))
        ?.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
        .join('') ?? ''
    }0\r\n\r\n`;
  const framed = (body: Bytes, ...headers: readonly string[]): Bytes =>
    lines('POST /v1/decide HTTP/1.1', 'host: localhost', JSON_TYPE, 'connection: close', ...headers) + body;

  return {
    'wrong content types': fc
      .tuple(question, fc.constantFrom(...HEADERS))
      .map(([body, header]) => post(body, [header])),
    'odd headers': fc.tuple(question, fc.constantFrom(...ODD)).map(([body, header]) => post(body, [JSON_TYPE, header])),
    'odd targets': fc
      .tuple(question, fc.constantFrom(...TARGETS))
      .map(([body, target]) => post(body, [JSON_TYPE], target)),
    'odd methods': fc
      .tuple(question, fc.constantFrom(...METHODS))
      .map(([body, method]) => post(body).replace('POST', method)),
    'no HTTP': fc.constantFrom(...NO_HTTP),
    'random bytes for HTTP': fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((octets) => `${Buffer.from(octets).toString('latin1')}\r\n\r\n`),
    'small chunks': fc
      .tuple(question, fc.integer({ min: 1, max: 90 }))
      .map(([body, size]) => framed(chunked(body, size), 'transfer-encoding: chunked')),
    'chunked bodies over the limit': fc
      .tuple(fc.integer({ min: limit, max: 4 * limit }), fc.integer({ min: 500, max: 20_000 }))
      .map(([length, size]) => framed(chunked(' '.repeat(length + 1), size), 'transfer-encoding: chunked')),
    'announced bodies over the limit': fc
      .integer({ min: limit + 1, max: 4 * limit })
      .map((length) => framed(' '.repeat(length), `content-length: ${length}`)),
    'broken chunks': fc
      .tuple(
        question,
        fc.constantFrom('zz\r\n', '-1\r\n', 'ffffffffffffffffff\r\n', '5;a=\r\n', '3\r\nabcdef\r\n', '5\nabcde\n'),
      )
      .map(([body, broken]) => framed(`${broken}${chunked(body, 100)}`, 'transfer-encoding: chunked')),
    'two lengths': question.map((body) =>
      framed(body, `content-length: ${body.length}`, `content-length: ${body.length + 1}`),
    ),
    'length and chunks': question.map((body) =>
      framed(chunked(body, 50), 'transfer-encoding: chunked', 'content-length: 4'),
    ),
    'bodies longer than announced': question.map((body) =>
      framed(`${body}GET /health/live HTTP/1.1\r\n\r\n`, `content-length: ${body.length}`),
    ),
    pipelines: fc
      .array(question, { minLength: 2, maxLength: 12 })
      .map((bodies) =>
        bodies
          .map((body, at) =>
            post(at % 2 === 0 ? body : body.slice(1), [JSON_TYPE], '/v1/decide', at === bodies.length - 1),
          )
          .join(''),
      ),
  };
}

/** Those that the service must wait for, until its time limits end them. Few, because each takes that long. */
export function unfinished(right: string): Families {
  const body = JSON.stringify(readFile(FILES, right));
  return {
    'unfinished bodies': fc
      .integer({ min: 0, max: body.length - 1 })
      .map((at) => post(body).slice(0, at - body.length)),
    'unfinished headers': fc.integer({ min: 1, max: 60 }).map((at) => post(body).slice(0, at)),
  };
}
