/** HTTP itself: versions, lines, and what one connection carries after what. */
import { INVALID_TOKEN, MISSING, OK, OK_OR_REFUSED, REFUSED, type Request, type Section } from './case.ts';

const NO_TOKEN: Request = { token: null };
const BILLING: Request = { target: '/billing/mcp', token: 'billing' };
const pipelined = (request: Request): Request => ({ ...request, pipelined: true });

export const CONNECTIONS: Section = {
  title: 'Connections',
  cases: [
    { name: 'HTTP/1.0', send: { version: 'HTTP/1.0' }, expect: OK_OR_REFUSED },
    {
      name: 'HTTP/1.0, no token',
      send: { version: 'HTTP/1.0', token: null },
      expect: { ...MISSING, or_refused: true },
    },
    {
      name: "HTTP/1.0, billing's token",
      send: { version: 'HTTP/1.0', token: 'billing' },
      expect: { ...INVALID_TOKEN, or_refused: true },
    },
    { name: 'HTTP/1.0 without Host', send: { version: 'HTTP/1.0', host: null }, expect: OK_OR_REFUSED },
    { name: 'HTTP/1.0, chunked', send: { version: 'HTTP/1.0', framing: 'chunked' }, expect: OK_OR_REFUSED },
    { name: 'HTTP/0.9', send: { raw: 'GET /files/mcp\r\n\r\n' }, expect: REFUSED },
    {
      name: 'HTTP/9.9',
      send: { version: 'HTTP/9.9' },
      expect: REFUSED,
      departures: [
        {
          gateways: ['haproxy'],
          because: 'HAProxy reads any version above 1.1 as 1.1, and so hands it on',
          expect: OK,
        },
      ],
    },
    { name: 'NUL in a header', send: { headers: ['X-Note: a\0b'] }, expect: REFUSED },
    { name: 'NUL in the token', send: { token: null, headers: ['Authorization: Bearer {right}\0'] }, expect: REFUSED },
    { name: 'CR in a header', send: { headers: ['X-Note: a\rX-Audgate-Subject: forged'] }, expect: OK_OR_REFUSED },
    {
      name: 'CR before the token',
      send: { token: null, headers: ['X-Note: a\rAuthorization: Bearer {right}'] },
      expect: REFUSED,
    },
    { name: 'lines that end with LF', send: { line_end: '\n' }, expect: OK_OR_REFUSED },
    {
      name: 'header over two lines',
      send: { headers: ['X-Note: a\r\n X-Audgate-Subject: forged'] },
      expect: OK_OR_REFUSED,
    },
    { name: 'header without colon', send: { headers: ['X-Note'] }, expect: OK_OR_REFUSED },
    { name: 'header without name', send: { headers: [': forged'] }, expect: OK_OR_REFUSED },
    {
      name: 'space before the first header',
      send: { raw: 'POST /files/mcp HTTP/1.1\r\n Host: {host}\r\nAuthorization: Bearer {right}\r\n\r\n' },
      expect: REFUSED,
    },
    {
      name: 'many headers',
      send: { headers: Array.from({ length: 500 }, (_, n) => `X-Note-${n}: ${n}`) },
      expect: OK_OR_REFUSED,
    },
    { name: 'right, then no token, on one connection', send: [{}, NO_TOKEN], expect: [OK, MISSING] },
    { name: 'no token, then right, on one connection', send: [NO_TOKEN, {}], expect: [MISSING, OK] },
    {
      name: "right, then files' token at billing, on one connection",
      send: [{}, { target: '/billing/mcp' }],
      expect: [OK, INVALID_TOKEN],
    },
    {
      name: 'both servers, on one connection',
      send: [{}, BILLING, {}],
      expect: [OK, { status: 200, upstream: 'billing' }, OK],
    },
    {
      name: "right, then billing's token, pipelined",
      send: [{}, pipelined({ token: 'billing' })],
      expect: [OK, INVALID_TOKEN],
    },
    {
      name: "billing's token, then right, pipelined",
      send: [{ token: 'billing' }, pipelined({})],
      expect: [INVALID_TOKEN, OK],
    },
    { name: 'right, then no token, pipelined', send: [{}, pipelined(NO_TOKEN)], expect: [OK, MISSING] },
    {
      name: 'upgrade to HTTP/2',
      send: {
        headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'],
      },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'upgrade to WebSocket',
      send: {
        method: 'GET',
        call: null,
        headers: [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ],
      },
      expect: REFUSED,
    },
    {
      name: 'upgrade to WebSocket, where GET is listed',
      send: {
        ...BILLING,
        method: 'GET',
        call: null,
        headers: [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ],
      },
      expect: { status: 200, upstream: 'billing', or_refused: true },
    },
    { name: 'CONNECT', send: { method: 'CONNECT', target: 'billing.example.com:80', call: null }, expect: REFUSED },
    {
      name: 'target *',
      send: { method: 'OPTIONS', target: '*', call: null, token: null },
      expect: REFUSED,
      departures: [
        {
          gateways: ['caddy'],
          because: "it is answered by Go's HTTP server itself, and goes nowhere",
          expect: { status: 200, upstream: 'none' },
        },
      ],
    },
  ],
};
