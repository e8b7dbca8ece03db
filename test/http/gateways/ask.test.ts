/** What a gateway's request says of its client's, profile by profile: the question that reaches the decider. */
import { describe, expect, it } from 'vitest';
import { type Served, serve } from '../serve.ts';
import { type AdapterRequest, ask, PROFILES, TOLD } from './request.ts';

const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const WHOLE = { kind: 'whole', bytes: Buffer.from(BODY) };

async function askedBy(request: AdapterRequest, served?: Served) {
  const { port, asked } = served ?? (await serve());
  await ask(port, request);
  const [first] = asked.splice(0);
  if (first === undefined) throw new Error('nothing was asked');
  return first.ask;
}

describe('a profile says', () => {
  it.each([
    ['envoy', { method: 'POST', target: '/v1/gateways/envoy/files/mcp?a=b' }],
    ['envoy', { method: 'DELETE', target: '/v1/gateways/envoy/files/mcp?a=b' }],
    ['forward-auth', { method: 'GET', headers: ['X-Forwarded-Method: DELETE', 'X-Forwarded-Uri: /mcp?a=b'] }],
    ['nginx', { method: 'GET', headers: ['X-Original-Method: DELETE', 'X-Original-URI: /mcp?a=b'] }],
    ['haproxy', { method: 'GET', headers: ['X-Original-Method: DELETE', 'X-Original-URI: /mcp?a=b'] }],
  ])('%s: method and target of its client', async (profile, request) => {
    const asked = await askedBy({ target: `/v1/gateways/${profile}/files`, ...request });
    const method = profile === 'envoy' ? request.method : 'DELETE';
    expect(asked).toMatchObject({
      server: { key: 'files' },
      source: { kind: 'request', method, body: { kind: 'absent' } },
      target: '/mcp?a=b',
      door: `audgate/gateways/${profile}`,
    });
    expect(asked).not.toHaveProperty('malformed');
  });

  it.each(PROFILES)('%s: token, call headers, body, trace and context', async (profile) => {
    const asked = await askedBy({
      target: `/v1/gateways/${profile}/files`,
      headers: [
        ...(TOLD[profile] ?? []),
        'AUTHORIZATION: bEaReR a.b.c',
        'Mcp-Method: ping',
        'mcp-method: pong',
        'Mcp-Param-Region: eu',
        'MCP-Protocol-Version: 2026-07-28',
        'Content-Type: application/json',
        'Cookie: session=1',
        'X-Audgate-Client-Ip: 203.0.113.7',
        'X-Request-Id: r-1',
        'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      ],
      body: BODY,
    });
    expect(asked).toEqual({
      server: { key: 'files' },
      token: 'a.b.c',
      scheme: 'bEaReR',
      source: { kind: 'request', method: 'POST', body: WHOLE },
      headers: {
        'mcp-method': ['ping', 'pong'],
        'mcp-param-region': ['eu'],
        'mcp-protocol-version': ['2026-07-28'],
        'content-type': ['application/json'],
      },
      target: profile === 'envoy' ? '' : '/mcp',
      context: { client_ip: '203.0.113.7', request_id: 'r-1' },
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      door: `audgate/gateways/${profile}`,
    });
  });

  it.each([
    [
      'envoy',
      ['X-Original-URI: /other', 'X-Forwarded-Uri: /other', 'X-Original-Method: GET', 'X-Forwarded-Method: GET'],
    ],
    ['forward-auth', ['X-Original-URI: /other', 'X-Original-Method: GET', 'X-Original-Content-Length: 7']],
    ['nginx', ['X-Forwarded-Uri: /other', 'X-Forwarded-Method: GET', 'x-envoy-auth-partial-body: true']],
    ['haproxy', ['X-Forwarded-Uri: /other', 'X-Envoy-Original-Path: /other', 'X-HTTP-Method-Override: GET']],
  ])('%s: nothing by headers of other profiles', async (profile, smuggled) => {
    const asked = await askedBy({
      target: `/v1/gateways/${profile}/files`,
      headers: [...(TOLD[profile] ?? []), ...smuggled],
      body: BODY,
    });
    expect(asked).toMatchObject({ source: { method: 'POST', body: WHOLE }, target: profile === 'envoy' ? '' : '/mcp' });
    expect(asked).not.toHaveProperty('malformed');
  });
});

describe('a profile’s own header', () => {
  it.each([
    ['forward-auth', 'X-Forwarded-Method', 'POST'],
    ['forward-auth', 'X-Forwarded-Uri', '/mcp'],
    ['nginx', 'X-Original-Method', 'POST'],
    ['nginx', 'X-Original-URI', '/mcp'],
    ['haproxy', 'X-Original-Method', 'POST'],
    ['haproxy', 'X-Original-URI', '/mcp'],
  ])('of %s, %s, must be sent exactly once', async (profile, name, value) => {
    const served = await serve();
    const told = TOLD[profile] ?? [];
    const others = told.filter((header) => !header.startsWith(name));
    const target = `/v1/gateways/${profile}/files`;
    for (const headers of [others, [...told, `${name}: ${value}`], [`${name.toUpperCase()}: /x`, ...told]]) {
      const { malformed } = await askedBy({ target, headers }, served);
      expect(malformed).toContain(name.toLowerCase());
    }
    expect(await askedBy({ target, headers: told }, served)).not.toHaveProperty('malformed');
  });

  it('that gives the length of the body may be absent or empty, but not twice', async () => {
    const served = await serve();
    const told = (...lengths: string[]) => ({
      target: '/v1/gateways/nginx/files',
      headers: [...(TOLD.nginx ?? []), ...lengths.map((length) => `X-Original-Content-Length: ${length}`)],
      body: BODY,
    });
    expect(await askedBy(told(), served)).not.toHaveProperty('malformed');
    expect(await askedBy(told(''), served)).not.toHaveProperty('malformed');
    expect((await askedBy(told('40', '40'), served)).malformed).toContain('x-original-content-length');
  });
});

describe('a path that others could read as another', () => {
  const HOSTILE = [
    '/files/../billing/mcp',
    '/files/..',
    '/files/a..b',
    '/files/%2e%2E/billing',
    '/files/.%2e/billing',
    '/files/a%2Fb',
    '/files/a%2fb',
    '/files/a%5Cb',
    '/files/a\\b',
    '/files/..\\billing',
    '/files//mcp',
    '/files//',
    '/files/mcp/..;/billing',
    '/files/mcp/../?a=b',
    '/files/mcp#/../x',
  ];

  it.each(HOSTILE)('is malformed after the key: %s', async (path) => {
    const served = await serve();
    for (const profile of PROFILES) {
      const asked = await askedBy({ target: `/v1/gateways/${profile}${path}`, headers: TOLD[profile] ?? [] }, served);
      expect(asked).toMatchObject({ server: { key: 'files' }, malformed: expect.stringContaining('path') });
    }
  });

  it.each(HOSTILE)('is malformed in what the gateway says of its client: %s', async (path) => {
    const served = await serve();
    for (const [profile, name] of Object.entries({
      'forward-auth': 'Forwarded',
      nginx: 'Original',
      haproxy: 'Original',
    })) {
      const uri = name === 'Forwarded' ? 'X-Forwarded-Uri' : 'X-Original-URI';
      const headers = [`X-${name}-Method: POST`, `${uri}: ${path}`];
      const asked = await askedBy({ target: `/v1/gateways/${profile}/files`, headers }, served);
      expect(asked).toMatchObject({ server: { key: 'files' }, malformed: expect.stringContaining('path') });
    }
  });

  it.each(['/mcp?next=%2Fhome', '/mcp?a=../b//c%5C', '/mcp/v1.2/a.b', '?a=..', '/', '', '/mcp/%20%41'])(
    'is not one: %s',
    async (rest) => {
      const served = await serve();
      const target = `/v1/gateways/envoy/files${rest}`;
      expect(await askedBy({ target }, served)).toMatchObject({ server: { key: 'files' }, target: rest });
      expect(await askedBy({ target }, served)).not.toHaveProperty('malformed');
    },
  );
});

describe('a body', () => {
  const bodyOf = async (request: Partial<AdapterRequest>, options: Parameters<typeof serve>[0] = {}) => {
    const asked = await askedBy({ target: '/v1/gateways/envoy/files', ...request }, await serve(options));
    if (asked.source?.kind !== 'request') throw new Error('no request');
    return asked.source.body;
  };
  const nginx = (length: string, body = BODY) => ({
    target: '/v1/gateways/nginx/files',
    headers: [...(TOLD.nginx ?? []), `X-Original-Content-Length: ${length}`],
    body,
  });
  const chunked = (...pieces: string[]) => ({
    headers: ['Transfer-Encoding: chunked'],
    body: [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join(''),
  });

  it('is whole', async () => {
    expect(await bodyOf({ body: BODY })).toEqual(WHOLE);
    expect(await bodyOf(chunked(BODY.slice(0, 9), BODY.slice(9)))).toEqual(WHOLE);
    expect(await bodyOf({ body: BODY, headers: ['x-envoy-auth-partial-body: false'] })).toEqual(WHOLE);
    expect(await bodyOf({ body: BODY, headers: ['Content-Encoding: identity'] })).toEqual(WHOLE);
    expect(await bodyOf(nginx(String(BODY.length)))).toEqual(WHOLE);
    expect(await bodyOf({ body: BODY, method: 'GET' })).toEqual(WHOLE);
    expect(await bodyOf({ body: BODY, version: '1.0' })).toEqual(WHOLE);
    expect(await bodyOf({ body: BODY, headers: ['Expect: 100-continue'] })).toEqual(WHOLE);
  });

  it('is absent where no byte of one came', async () => {
    expect(await bodyOf({})).toEqual({ kind: 'absent' });
    expect(await bodyOf({ headers: ['Content-Length: 0'] })).toEqual({ kind: 'absent' });
    expect(await bodyOf(chunked())).toEqual({ kind: 'absent' });
    expect(await bodyOf({ headers: ['Content-Encoding: gzip', 'x-envoy-auth-partial-body: false'] })).toEqual({
      kind: 'absent',
    });
    expect(await bodyOf(nginx('0', ''))).toEqual({ kind: 'absent' });
  });

  it.each([
    ['the gateway says so', { body: BODY, headers: ['x-envoy-auth-partial-body: true'] }],
    ['the gateway says so of nothing', { headers: ['x-envoy-auth-partial-body: true'] }],
    ['the gateway and its client say so', { body: BODY, headers: Array(2).fill('x-envoy-auth-partial-body: false') }],
    ['something else says so', { body: BODY, headers: ['x-envoy-auth-partial-body: False'] }],
    ['the client announced more', nginx('41')],
    ['the client announced less', nginx('39')],
    ['the client announced one, and none came', nginx('40', '')],
    ['the client announced no number', nginx('4e1')],
    ['the client announced a sum', nginx('40, 40')],
    ['it is compressed', { body: BODY, headers: ['Content-Encoding: gzip'] }],
    [
      'one of its encodings is not known',
      { body: BODY, headers: ['Content-Encoding: identity', 'Content-Encoding: br'] },
    ],
  ])('is partial when %s', async (_, request) => {
    expect(await bodyOf(request)).toEqual({ kind: 'partial', why: expect.stringMatching(/^[a-z].*[^.]$/) });
  });

  it.each([
    ['announced', { body: 'x'.repeat(3000) }],
    ['chunked', chunked('x'.repeat(2000), 'x'.repeat(1000))],
  ])('is partial when it is too large, and never a 413: %s', async (_, request) => {
    expect(await bodyOf(request, { body_bytes: 2048 })).toEqual({
      kind: 'partial',
      why: expect.stringContaining('2048 bytes'),
    });
  });
});

describe('the context', () => {
  it.each([
    ['two addresses', ['X-Audgate-Client-Ip: 203.0.113.7', 'X-Audgate-Client-Ip: 203.0.113.8']],
    ['an address that is none', ['X-Audgate-Client-Ip: 203.0.113.7, 10.0.0.1']],
    ['what clients send themselves', ['X-Real-IP: 203.0.113.7', 'X-Forwarded-For: 203.0.113.7']],
    ['two request ids', ['X-Request-Id: a', 'X-Request-Id: b']],
  ])('holds nothing of %s', async (_, headers) => {
    const asked = await askedBy({ target: '/v1/gateways/envoy/files', headers });
    expect(asked.context).toEqual({});
  });
});

it('a second Authorization is seen behind any number of headers', async () => {
  const junk = Array.from({ length: 2500 }, () => 'a:b');
  const headers = ['Authorization: Bearer a.b.c', ...junk, 'Authorization: Bearer d.e.f'];
  const asked = await askedBy({ target: '/v1/gateways/envoy/files', headers });
  expect(asked).toMatchObject({ ambiguous: 'carries 2 Authorization headers' });
  expect(asked).not.toHaveProperty('token');
});
