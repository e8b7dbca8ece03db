/** What Envoy is answered over gRPC, with real tokens and real decisions: the same as over HTTP, and never an error. */
import { describe, expect, it } from 'vitest';
import { IDENTITY_HEADERS } from '../../../../src/decide/identity.ts';
import { message, READ } from '../real.ts';
import { type Check, type CheckResponse, envoyAt, type Http, headersOf } from './envoy.ts';
import { type GrpcOptions, type ServedGrpc, serveGrpc } from './serve.ts';

const METADATA = 'resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp"';
const MALFORMED = `Bearer error="invalid_request", error_description="The request is malformed", ${METADATA}`;

/** `google.rpc.Code` */
const CODES: Readonly<Record<number, number>> = { 401: 16, 400: 7, 403: 7 };

interface Asked extends Http {
  readonly tokens?: readonly string[];
  /** Further headers, in the order of their sending. */
  readonly more?: readonly (readonly [string, string])[];
  readonly server?: string;
}

/** A check as Envoy sends it with `encode_raw_headers` and `pack_as_bytes`. */
function checkOf({ tokens = [], more = [], server = 'files', body = READ, ...over }: Asked): Check {
  const bytes = Buffer.from(body);
  const pairs = [[':path', '/mcp'], ...tokens.map((token) => ['authorization', `Bearer ${token}`] as const), ...more];
  const headers = pairs.map(([key = '', value = '']) => ({ key, raw_value: Buffer.from(value, 'latin1') }));
  const http = { method: 'POST', path: '/mcp', header_map: { headers }, raw_body: bytes, size: bytes.length };
  return { route: { audgate_server: server }, http: { ...http, ...over } };
}

async function start(options: GrpcOptions = {}) {
  const served = await serveGrpc(options);
  const envoy = envoyAt(served.listening.address);
  return { ...served, envoy, ask: (asked: Asked) => envoy.check(checkOf(asked)) };
}

const reasonsOf = ({ events }: Pick<ServedGrpc, 'events'>) => events.at(-1)?.decision.reasons.map(({ code }) => code);

/** The refusal that Envoy sends its client; the whole answer must say the same. */
function refusal({ status, denied_response, ok_response }: CheckResponse) {
  expect(ok_response).toBeUndefined();
  const sent = denied_response?.status.code ?? 0;
  expect(status.code).toBe(CODES[sent]);
  return { status: sent, headers: headersOf(denied_response?.headers), body: denied_response?.body };
}

describe('allow', () => {
  it('is OK with all identity headers, each in place of whatever the client sent', async () => {
    const grpc = await start();
    const answer = await grpc.ask({ tokens: [await grpc.token('files')] });
    expect(answer.status.code ?? 0).toBe(0);
    expect(answer.denied_response).toBeUndefined();
    const { headers = [], headers_to_remove } = answer.ok_response ?? {};
    expect(headers.map(({ header }) => header.key).toSorted()).toEqual([...IDENTITY_HEADERS].toSorted());
    expect(new Set(headers.map(({ append_action }) => append_action))).toEqual(new Set(['OVERWRITE_IF_EXISTS_OR_ADD']));
    // Envoys before 2026 would append where this is true, and overwrite where it is absent.
    expect(headers.some(({ append }) => append !== undefined)).toBe(false);
    expect(headers_to_remove ?? []).toEqual([]);
    const identity = headersOf(headers);
    expect(identity).toMatchObject({ 'x-audgate-subject': 'user-1', 'x-audgate-server': 'files' });
    expect(identity['x-audgate-actor']).toBe('');
    expect(grpc.events).toMatchObject([
      {
        path: 'audgate/gateways/envoy-grpc',
        decision: { decision: 'allow', decision_id: identity['x-audgate-decision-id'] },
        asked: { server: 'files', method: 'tools/call', target: 'read_file' },
        caller: 'local',
        client_ip: '192.0.2.7',
      },
    ]);
  });

  it('removes what else of audgate’s the client sent', async () => {
    const grpc = await start();
    const more = ['X-Audgate-Subject', 'x-audgate-role', 'X-AUDGATE-admin', 'x-audgate'].map(
      (name) => [name, 'root'] as const,
    );
    const answer = await grpc.ask({ tokens: [await grpc.token('files')], more });
    expect(answer.ok_response?.headers_to_remove).toEqual(['x-audgate-role', 'x-audgate-admin']);
  });

  it('takes the client’s address from Envoy and the trace from the call, not from the client', async () => {
    const grpc = await start();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const more = [
      ['x-audgate-client-ip', '203.0.113.1'],
      ['x-request-id', 'request-1'],
      ['traceparent', `00-${'1'.repeat(32)}-00f067aa0ba902b7-01`],
    ] as const;
    const check = checkOf({ tokens: [await grpc.token('files')], more });
    const metadata = [['traceparent', `00-${trace}-00f067aa0ba902b7-01`]] as const;
    await grpc.envoy.check({ ...check, metadata });
    expect(grpc.events).toMatchObject([{ client_ip: '192.0.2.7', request_id: 'request-1', trace_id: trace }]);
    await grpc.envoy.check({ ...check, from: 'not an address' });
    expect(grpc.events[1]).not.toHaveProperty('client_ip');
    expect(grpc.events[1]).not.toHaveProperty('trace_id');
  });

  it('is the same where Envoy sends strings in place of bytes', async () => {
    const grpc = await start();
    const headers = { authorization: `Bearer ${await grpc.token('files')}`, ':method': 'POST' };
    const http = { method: 'POST', path: '/mcp', headers, body: READ, size: READ.length };
    const answer = await grpc.envoy.check({ route: { audgate_server: 'files' }, http });
    expect(answer.status.code ?? 0).toBe(0);
  });
});

describe('deny', () => {
  it('of the neighbour’s token is a challenge that leads to the right one', async () => {
    const grpc = await start();
    const answer = refusal(await grpc.ask({ tokens: [await grpc.token('billing')] }));
    expect(answer).toMatchObject({ status: 401, body: 'refused\n' });
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer error="invalid_token", error_description="The access token is not valid for this server", ${METADATA}, scope="read"`,
    );
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'text/plain' });
    expect(reasonsOf(grpc)).toEqual(['audience_mismatch']);
  });

  it('of the right token at the neighbour’s route too', async () => {
    const grpc = await start();
    const answer = refusal(await grpc.ask({ tokens: [await grpc.token('files')], server: 'billing' }));
    expect(answer.status).toBe(401);
  });

  it.each([
    ['no token', {}, 401, 'token_missing'],
    ['two Authorization headers', { tokens: 2 }, 400, 'credential_ambiguous'],
    ['a token in the query besides', { tokens: 1, path: '/mcp?access_token=x' }, 400, 'credential_ambiguous'],
    ['a token in the query alone', { path: '/mcp?access_token=x' }, 401, 'token_missing'],
    ['another scheme', { more: [['authorization', 'Basic eDp5']] }, 400, 'scheme_unsupported'],
    [
      'a scope that the tool needs',
      { tokens: 1, body: message('tools/call', { name: 'write_file' }) },
      403,
      'scope_insufficient',
    ],
    ['a tool that is not registered', { tokens: 1, body: message('tools/call', { name: 'rm' }) }, 403, 'tool_unknown'],
    ['a header that differs', { tokens: 1, more: [['mcp-name', 'write_file']] }, 400, 'header_mismatch'],
    ['a GET that is not open', { tokens: 1, method: 'GET', body: '' }, 403, 'method_unknown'],
    ['a body that is no JSON', { tokens: 1, body: READ.slice(0, -1) }, 400, 'call_malformed'],
    ['a batch', { tokens: 1, body: `[${READ}]` }, 400, 'call_malformed'],
    ['no body', { tokens: 1, body: '' }, 400, 'call_missing'],
    ['a path that leads elsewhere', { tokens: 1, path: '/../billing/mcp' }, 400, 'call_malformed'],
    ['an encoded slash', { tokens: 1, path: '/a%2Fb' }, 400, 'call_malformed'],
    ['two slashes', { tokens: 1, path: '//mcp' }, 400, 'call_malformed'],
  ] as const)(
    'of %s',
    async (_, { tokens = 0, ...asked }: Omit<Asked, 'tokens'> & { tokens?: number }, status, reason) => {
      const grpc = await start();
      const token = await grpc.token('files');
      const answer = refusal(await grpc.ask({ ...asked, tokens: Array.from({ length: tokens }, () => token) }));
      expect(answer.status).toBe(status);
      if (status === 400) expect(answer.headers['www-authenticate']).toBe(MALFORMED);
      expect(reasonsOf(grpc)).toEqual([reason]);
      expect(JSON.stringify(grpc.events)).not.toContain(token);
    },
  );

  it.each([
    ['Envoy says so', { more: [['x-envoy-auth-partial-body', 'true']] }],
    [
      'Envoy and its client differ',
      {
        more: [
          ['x-envoy-auth-partial-body', 'false'],
          ['x-envoy-auth-partial-body', 'true'],
        ],
      },
    ],
    ['Envoy had received more', { size: READ.length + 1 }],
    ['the client announced more', { more: [['content-length', String(READ.length + 1)]] }],
    ['it is compressed', { more: [['content-encoding', 'gzip']] }],
    ['it is longer than the limit', { body: READ + ' '.repeat(3000), size: -1 }],
  ] as const)('of a body of which only a part is here: %s', async (_, asked: Asked) => {
    const grpc = await start({ body_bytes: 2048 });
    const answer = refusal(await grpc.ask({ ...asked, tokens: [await grpc.token('files')] }));
    expect(answer).toMatchObject({ status: 400, body: 'refused\n' });
  });

  it('of a body whose length Envoy says, or does not know, is none', async () => {
    const grpc = await start();
    const more = [
      ['x-envoy-auth-partial-body', 'false'],
      ['content-length', String(READ.length)],
    ] as const;
    for (const size of [READ.length, -1]) {
      const answer = await grpc.ask({ tokens: [await grpc.token('files')], more, size });
      expect(answer.status.code ?? 0).toBe(0);
    }
  });

  it('of bytes that are no UTF-8 is made on those bytes', async () => {
    const grpc = await start();
    const raw_body = Buffer.from(READ.replace('read_file', 'read_fil\xe9'), 'latin1');
    const answer = refusal(await grpc.ask({ tokens: [await grpc.token('files')], raw_body, size: raw_body.length }));
    expect(answer.status).toBe(400);
    expect(reasonsOf(grpc)).toEqual(['call_malformed']);
  });

  it('of joined headers, which is how Envoy sends them when it is not told to send them raw', async () => {
    const grpc = await start();
    const token = await grpc.token('files');
    const http = { method: 'POST', path: '/mcp', body: READ, size: READ.length };
    const authorization = `Bearer ${token},Bearer ${token}`;
    const answer = await grpc.envoy.check({
      route: { audgate_server: 'files' },
      http: { ...http, headers: { authorization } },
    });
    expect(refusal(answer).status).toBe(400);
    expect(reasonsOf(grpc)).toEqual(['credential_ambiguous']);
  });

  it('of a header that differs from the body has the body that MCP asks for, without the client’s id', async () => {
    const grpc = await start();
    const more = [
      ['mcp-method', 'tools/list'],
      ['mcp-protocol-version', '2026-07-28'],
    ] as const;
    const answer = refusal(await grpc.ask({ tokens: [await grpc.token('files')], more }));
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answer.body ?? '')).toMatchObject({ id: null, error: { code: -32020 } });
  });
});

describe('when nobody knows', () => {
  it('because keys cannot be had, it is 403 and a time to retry; but a certain deny is a deny', async () => {
    const grpc = await start({ keyless: true });
    const unknown = refusal(await grpc.ask({ tokens: [await grpc.token('files')] }));
    expect([unknown.status, unknown.headers['retry-after']]).toEqual([403, '5']);
    const certain = refusal(await grpc.ask({ tokens: [await grpc.token('billing')] }));
    expect([certain.status, certain.headers['retry-after']]).toEqual([401, undefined]);
  });

  it('because something broke inside, it is the same, an alarm, and a line in the log', async () => {
    const grpc = await start({ decide: () => Promise.reject(new Error('broken')) });
    const answer = refusal(await grpc.ask({ tokens: [await grpc.token('files')] }));
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([403, '5', 'refused\n']);
    expect(grpc.logged).toEqual([{ err: new Error('broken') }]);
    expect(await grpc.metrics()).toContain('gateway_undecided');
  });

  it('because it threw at once, no less', async () => {
    const decide = () => {
      throw new Error('broken');
    };
    const grpc = await start({ decide });
    expect(refusal(await grpc.ask({ tokens: [await grpc.token('files')] })).status).toBe(403);
  });

  it('in the time that Envoy waits, it is refused before Envoy gives up', async () => {
    const grpc = await start({ decide: () => new Promise(() => {}) });
    const check = { ...checkOf({ tokens: [await grpc.token('files')] }), timeout: 5000 };
    const answer = refusal(await grpc.envoy.check(check));
    expect([answer.status, answer.headers['retry-after']]).toEqual([403, '5']);
  });
});
