/** `POST /v1/enforce` for gateways that post JSON and read the status, asked as agentgateway's external authorization does. */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { problem } from '../../../src/http/native/answers.ts';
import { message, READ, type Real, serveReal } from '../gateways/real.ts';
import { ALLOW, caller, DENY, FILES, INDETERMINATE, serve } from '../serve.ts';

const QUESTION = { server: FILES, token: 'a.b.c', call: { method: 'tools/call', tool: 'read_file', arguments: {} } };

describe('POST /v1/enforce', () => {
  const enforced = async (options: Parameters<typeof serve>[0], question: unknown = QUESTION) => {
    const served = await serve(options);
    return { ...served, response: await served.post(question, {}, '/v1/enforce') };
  };

  it('answers an allow with 200 and who calls', async () => {
    const { response, asked } = await enforced({ decide: () => Promise.resolve(ALLOW) });
    expect([response.status, await response.text()]).toEqual([200, 'allowed\n']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-audgate-subject')).toBe('user-1');
    expect(response.headers.get('x-audgate-client-id')).toBe('');
    expect(response.headers.get('x-audgate-decision-id')).toBe(ALLOW.decision_id);
    expect(asked.map(({ ask }) => ask)).toEqual([
      {
        server: FILES,
        token: 'a.b.c',
        source: { kind: 'call', ...QUESTION.call },
        door: 'audgate/enforce',
      },
    ]);
  });

  it('answers a deny with the challenge itself', async () => {
    const { response } = await enforced({ decide: () => Promise.resolve(DENY) });
    expect([response.status, await response.text()]).toEqual([401, 'refused\n']);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(response.headers.get('x-audgate-decision-id')).toBe(DENY.decision_id);
    expect(response.headers.has('x-audgate-subject')).toBe(false);
  });

  it('answers indeterminate with 403 and a time to retry', async () => {
    const { response } = await enforced({ decide: () => Promise.resolve(INDETERMINATE) });
    expect([response.status, response.headers.get('retry-after')]).toEqual([403, '5']);
  });

  it('answers what breaks inside likewise, and tells the log', async () => {
    const thrown = new Error('secret detail');
    const { response, logged } = await enforced({ decide: () => Promise.reject(thrown) });
    expect([response.status, response.headers.get('retry-after')]).toEqual([403, '5']);
    expect(await response.text()).toBe('refused\n');
    expect(logged).toEqual([{ err: thrown }]);
  });

  it.each([
    ['an unknown member', { ...QUESTION, tokn: 'x' }],
    ['no server', {}],
    ['a time', { ...QUESTION, at: '2026-11-23T12:00:00Z' }],
    ['a text that is no JSON', '{'],
  ])('answers what the gateway wrote wrong with a 400 problem: %s', async (_, question) => {
    const { response, asked } = await enforced({}, question);
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).type).toBe('urn:audgate:problem:invalid_request');
    expect(asked).toEqual([]);
  });

  it('is asked by callers with the permission to decide, about their servers', async () => {
    const callers = { edge: caller('edge', ['files'], ['decide']), reader: caller('reader', '*', ['read', 'explain']) };
    const { post } = await serve({ callers, decide: () => Promise.resolve(ALLOW) });
    const status = async (key: string, question: object = QUESTION) =>
      (await post(question, { 'x-audgate-key': key }, '/v1/enforce')).status;
    expect(await status('edge')).toBe(200);
    expect(await status('edge', { ...QUESTION, server: 'https://nobody.example.com/mcp' })).toBe(403);
    expect(await status('reader')).toBe(403);
    expect(await status('other')).toBe(401);
  });
});

interface Client {
  readonly method?: string;
  readonly token?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What agentgateway does with `extAuthz` over HTTP: it sends the body that an expression made, with the client's method,
 * the client's Authorization and the headers that other expressions add; 2xx lets the client's request through with
 * `includeResponseHeaders` laid over its own, and any other answer is the client's.
 */
function agentgateway({ port }: Real, { method = 'POST', token, body = READ, headers = {} }: Client) {
  const question = {
    server: FILES,
    ...(token !== undefined && { token }),
    body: { base64: Buffer.from(body).toString('base64') },
    http: {
      method,
      url: `${FILES}?a=b`,
      headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]])),
    },
    context: { client_ip: '203.0.113.7' },
  };
  const text = JSON.stringify(question);
  return new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; text: string }>(
    (resolve, reject) => {
      const asking = request(
        {
          host: '127.0.0.1',
          port,
          path: '/v1/enforce',
          method,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            'x-audgate-key': 'edge-key',
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
        },
        (response) => {
          let answered = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            answered += piece;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answered }),
          );
        },
      );
      asking.on('error', reject);
      asking.end(text);
    },
  );
}

describe('a gateway that posts JSON and reads the status', () => {
  const open = () => serveReal({ callers: { edge: caller('edge-key', ['files'], ['decide']) } });

  it('lets a right token through and hands on who calls', async () => {
    const real = await open();
    const answer = await agentgateway(real, { token: await real.token('files'), headers: { 'mcp-name': 'read_file' } });
    expect(answer.status).toBe(200);
    const handedOn = { 'x-audgate-subject': 'admin', 'x-audgate-actor': 'admin', ...answer.headers };
    expect([handedOn['x-audgate-subject'], handedOn['x-audgate-actor']]).toEqual(['user-1', '']);
    expect(real.events).toMatchObject([{ path: 'audgate/enforce', caller: 'edge', client_ip: '203.0.113.7' }]);
  });

  it('hands its client the challenge of the neighbour’s token', async () => {
    const real = await open();
    const answer = await agentgateway(real, { token: await real.token('billing') });
    expect([answer.status, answer.text]).toEqual([401, 'refused\n']);
    expect(answer.headers['www-authenticate']).toContain(
      'resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp"',
    );
  });

  it('hands its client JSON-RPC’s own error for a header that differs from the body', async () => {
    const real = await open();
    const answer = await agentgateway(real, {
      token: await real.token('files'),
      headers: { 'mcp-name': 'write_file' },
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/json']);
    expect(JSON.parse(answer.text)).toMatchObject({ id: null, error: { code: -32020 } });
  });

  it.each([
    ['a tool without its scope', { body: message('tools/call', { name: 'write_file' }) }, 403],
    ['a tool that is not registered', { body: message('tools/call', { name: 'other' }) }, 403],
    ['a body that is cut', { body: READ.slice(0, -1) }, 400],
    ['a batch', { body: `[${READ}]` }, 400],
    ['its client’s GET, unless it posts in place of it', { method: 'GET' }, 405],
  ])('refuses %s', async (_, client, status) => {
    const real = await open();
    expect((await agentgateway(real, { token: await real.token('files'), ...client })).status).toBe(status);
  });

  it('asks for a token where there is none', async () => {
    const answer = await agentgateway(await open(), {});
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).not.toContain('error');
  });
});
