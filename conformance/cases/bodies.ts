/** How the body is sent (RFC 9112 §6, §7). Whatever is not whole, or reads two ways, reaches nobody. */
import { gzipSync } from 'node:zlib';
import { type Expectation, MALFORMED, OK, OK_OR_REFUSED, REFUSED, SERVER_REFUSES, type Section } from './case.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const ONE_CHUNK = '{hex}\r\n{message}\r\n0\r\n\r\n';
/** A request in another's body: it must never arrive as one of its own. */
const HIDDEN =
  'POST /billing/mcp HTTP/1.1\r\nHost: {host}\r\nX-Conformance-Id: {id}.hidden\r\nContent-Length: 0\r\n\r\n';
/** Spaces after a message are part of its JSON text (RFC 8259 §2). */
const padded = (bytes: number) => `{call}${' '.repeat(bytes)}`;
const refusedSomewhere: Expectation = { ...SERVER_REFUSES, or_refused: true };

export const BODIES: Section = {
  title: 'Bodies',
  cases: [
    { name: 'chunked', send: { framing: 'chunked' }, expect: OK },
    { name: 'characters beyond ASCII', send: { call: 'foreign_words' }, expect: OK },
    { name: 'what gateways take for placeholders', send: { call: 'placeholders' }, expect: OK },
    {
      name: 'chunk extensions',
      send: { framing: { lines: [CHUNKED], body: '{hex};a="b\\";c"\r\n{message}\r\n0;x=y\r\n\r\n' } },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'trailers',
      send: {
        framing: {
          lines: [CHUNKED, 'Trailer: X-Audgate-Subject'],
          body: '{hex}\r\n{message}\r\n0\r\nX-Audgate-Subject: forged\r\nX-Audgate-Key: forged\r\n\r\n',
        },
      },
      expect: OK_OR_REFUSED,
      departures: [
        {
          gateways: ['caddy', 'haproxy'],
          because:
            'it hands on trailers as trailers and has no means to drop them: no server behind it may take them for headers (RFC 9110 §6.5.1)',
          expect: { ...OK, trailers: true },
        },
      ],
    },
    {
      name: 'transfer coding in capitals',
      send: { framing: { lines: ['Transfer-Encoding: CHUNKED'], body: ONE_CHUNK } },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'unknown transfer coding',
      send: { framing: { lines: ['Transfer-Encoding: xchunked'], body: ONE_CHUNK } },
      expect: REFUSED,
    },
    {
      name: 'two transfer codings',
      send: { framing: { lines: ['Transfer-Encoding: chunked, identity'], body: ONE_CHUNK } },
      expect: REFUSED,
    },
    {
      name: 'chunk size that is none',
      send: { framing: { lines: [CHUNKED], body: 'zz\r\n{message}\r\n0\r\n\r\n' } },
      expect: REFUSED,
    },
    {
      name: 'chunk size beyond all bounds',
      send: { framing: { lines: [CHUNKED], body: 'ffffffffffffffffff\r\n{message}\r\n0\r\n\r\n' } },
      expect: REFUSED,
    },
    {
      name: 'request hidden behind a chunk that is none',
      send: [{ framing: { lines: [CHUNKED], body: '{hex}\r\n{message}\r\nzz\r\n\r\n' } }, { pipelined: true }],
      expect: [OK_OR_REFUSED, REFUSED],
    },
    { name: 'truncated', send: { cut: 10 }, expect: REFUSED },
    { name: 'truncated, chunked', send: { framing: 'chunked', cut: 12 }, expect: REFUSED },
    { name: 'truncated before the last chunk', send: { framing: 'chunked', cut: 5 }, expect: REFUSED },
    {
      name: 'length and chunks',
      send: { framing: { lines: ['Content-Length: {length}', CHUNKED], body: ONE_CHUNK } },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'request hidden behind the last chunk',
      send: { framing: { lines: ['Content-Length: 250', CHUNKED], body: `0\r\n\r\n${HIDDEN}` } },
      expect: REFUSED,
      by_headers: refusedSomewhere,
    },
    {
      name: 'request hidden from a second transfer coding',
      send: {
        framing: { lines: ['Content-Length: {length}', 'Transfer-Encoding : chunked'], body: `{message}${HIDDEN}` },
      },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'request hidden in a refused body',
      send: [{ token: null, body: HIDDEN }, { pipelined: true }],
      expect: [REFUSED, OK_OR_REFUSED],
    },
    {
      name: 'two lengths',
      send: { framing: { lines: ['Content-Length: {length}', 'Content-Length: 5'], body: '{message}' } },
      expect: REFUSED,
    },
    {
      name: 'two lengths in one',
      send: { framing: { lines: ['Content-Length: {length}, 5'], body: '{message}' } },
      expect: REFUSED,
    },
    {
      name: 'length below zero',
      send: { framing: { lines: ['Content-Length: -1'], body: '{message}' } },
      expect: REFUSED,
    },
    {
      name: 'length with a sign',
      send: { framing: { lines: ['Content-Length: +{length}'], body: '{message}' } },
      expect: REFUSED,
    },
    { name: 'no body', send: { body: '' }, expect: MALFORMED, by_headers: SERVER_REFUSES },
    { name: 'body of 14 KB', send: { body: padded(14_000) }, expect: OK },
    { name: 'body of 200 KB', send: { body: padded(200_000) }, expect: OK },
    { name: 'body of 200 KB, chunked', send: { body: padded(200_000), framing: 'chunked' }, expect: OK },
    { name: "body above audgate's limit", send: { body: padded(300_000) }, expect: REFUSED, by_headers: OK_OR_REFUSED },
    {
      name: "body above audgate's limit, chunked",
      send: { body: padded(300_000), framing: 'chunked' },
      expect: REFUSED,
      by_headers: OK_OR_REFUSED,
    },
    {
      name: 'body of 5 MB',
      send: { body: padded(5_000_000) },
      expect: REFUSED,
      by_headers: OK_OR_REFUSED,
    },
    {
      name: 'gzip',
      send: {
        headers: ['Content-Encoding: gzip'],
        body: gzipSync('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file"}}'),
      },
      expect: MALFORMED,
      by_headers: SERVER_REFUSES,
    },
    {
      name: 'gzip in name only',
      send: { headers: ['Content-Encoding: gzip'] },
      expect: REFUSED,
      by_headers: SERVER_REFUSES,
    },
    {
      name: 'encoding in another spelling',
      send: { headers: ['Content_Encoding: deflate', 'content.encoding: deflate'] },
      expect: OK_OR_REFUSED,
    },
    { name: 'no content type', send: { headers: ['Content-Type: '] }, expect: OK_OR_REFUSED },
    { name: 'Expect: 100-continue', send: { headers: ['Expect: 100-continue'] }, expect: OK },
    {
      name: 'Expect: 100-continue, no token',
      send: { token: null, headers: ['Expect: 100-continue'] },
      expect: { status: 401, challenge: 'missing', upstream: 'none' },
    },
    { name: 'Expect of something else', send: { headers: ['Expect: 200-maybe'] }, expect: OK_OR_REFUSED },
  ],
};
