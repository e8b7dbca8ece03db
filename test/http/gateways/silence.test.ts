/**
 * A gateway may be told to let its client through where audgate is silent or answers 5xx (Envoy's `failure_mode_allow`). So
 * nothing that a client writes may bring that about, what Node refuses before audgate sees it included.
 */
import { describe, expect, it } from 'vitest';
import { dial } from '../raw.ts';
import { serve } from '../serve.ts';
import { type AdapterRequest, ask } from './request.ts';

describe('neither silence nor 5xx', () => {
  it.each<[string, Partial<AdapterRequest>]>([
    ['a method that is no word', { method: 'P@ST' }],
    ['a method that nobody defined', { method: 'FROBNICATE' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['an expectation that nobody meets', { headers: ['Expect: the-unexpected'] }],
    ['an upgrade', { headers: ['Connection: Upgrade', 'Upgrade: websocket'] }],
    ['an upgrade of HTTP', { headers: ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'] }],
    ['headers without end', { headers: [`X-Large: ${'x'.repeat(20_000)}`] }],
    ['a target without end', { target: `/v1/gateways/envoy/files/${'x'.repeat(20_000)}` }],
    ['bytes beyond ASCII in the target', { target: '/v1/gateways/envoy/files/\xc3\xa9\xff' }],
    ['bytes beyond ASCII in a header', { headers: ['Authorization: Bearer \xc3\xa9\xff', 'Mcp-Name: \xff'] }],
    ['a header without name', { headers: [': x'] }],
    ['a header with a folded line', { headers: ['Mcp-Name: a', ' b'] }],
    ['a body of two lengths', { headers: ['Content-Length: 2', 'Content-Length: 3'], body: '{}' }],
    [
      'a body with a length and in chunks',
      { headers: ['Content-Length: 2', 'Transfer-Encoding: chunked'], body: '{}' },
    ],
    ['a body in chunks that are none', { headers: ['Transfer-Encoding: chunked'], body: 'zz\r\n{}\r\n' }],
    ['a body that is encoded on the way', { headers: ['Transfer-Encoding: gzip, chunked'], body: '0\r\n\r\n' }],
    ['a version that nobody speaks', { version: '1.1\r\nX: ' as '1.1' }],
  ])('%s', async (_, request) => {
    const { port } = await serve();
    const { status } = await ask(port, { target: '/v1/gateways/envoy/files', ...request });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it('a body that never comes', async () => {
    const { port } = await serve({ headers_timeout_ms: 200, request_timeout_ms: 400 });
    const headers = ['Content-Length: 5'];
    expect((await ask(port, { target: '/v1/gateways/envoy/files', headers, body: '{' })).status).toBe(408);
  });
});

it('a tunnel whose client hangs up at once ends nothing else', async () => {
  const { port, url } = await serve();
  for (let at = 0; at < 20; at++) {
    const socket = await dial(port);
    socket.write('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.write('more than was asked for');
    socket.resetAndDestroy();
  }
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
});
