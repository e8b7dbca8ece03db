import { describe, expect, it } from 'vitest';
import { PERMISSIONS } from '../../../src/config/callers.ts';
import { decision, problem } from '../../../src/http/native/answers.ts';
import { decideRequest } from '../../../src/http/native/schema.ts';
import { ALLOW, BILLING, caller, DENY, FILES, INDETERMINATE, serve } from '../serve.ts';

const CALL = { method: 'tools/call', tool: 'read_file', arguments: {} };
const QUESTION = { server: FILES, token: 'a.b.c', call: CALL };

const members = (count: number, first = 'x') =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${first}${at}`, 1]));

describe('POST /v1/decide answers', () => {
  it.each([
    ['allow', 200, ALLOW],
    ['deny', 200, DENY],
    ['indeterminate', 503, INDETERMINATE],
  ])('%s with %i, and no cache may keep it', async (_, status, made) => {
    const { post } = await serve({ decide: () => Promise.resolve(made) });
    const response = await post(QUESTION);
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
    const answer = await response.json();
    expect(answer).toEqual(made);
    expect(decision.parse(answer)).toEqual(made);
  });

  it('a broken decider with a problem that is no decision, and logs why', async () => {
    const { post, logged } = await serve({ decide: () => Promise.reject(new Error('secret detail')) });
    const response = await post(QUESTION);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(problem.parse(JSON.parse(text)).type).toBe('urn:audgate:problem:internal');
    expect(text).not.toContain('secret');
    expect(logged).toHaveLength(1);
  });

  it('a decider that throws what is no Error likewise', async () => {
    const { post, logged } = await serve({ decide: () => Promise.reject('a string, as opa-wasm throws') });
    const response = await post(QUESTION);
    expect(response.status).toBe(500);
    expect(problem.parse(await response.json()).type).toBe('urn:audgate:problem:internal');
    expect(logged).toHaveLength(1);
  });
});

describe('POST /v1/decide asks', () => {
  it('what the gateway wrote, member by member', async () => {
    const { post, asked } = await serve();
    await post({
      ...QUESTION,
      scheme: 'bearer',
      proof: { dpop: ['p.q.r'] },
      http: { method: 'POST', url: FILES, headers: { 'mcp-name': ['read_file'] } },
      context: { client_ip: '203.0.113.7', request_id: 'r-1', extra: { zone: 'dmz' } },
    });
    expect(asked).toEqual([
      {
        ask: {
          server: FILES,
          token: 'a.b.c',
          scheme: 'bearer',
          source: { kind: 'call', ...CALL },
          headers: { 'mcp-name': ['read_file'] },
          target: FILES,
          method: 'POST',
          proof: { dpop: ['p.q.r'] },
          context: { client_ip: '203.0.113.7', request_id: 'r-1', extra: { zone: 'dmz' } },
        },
        caller: { name: 'local', servers: '*', may: new Set(PERMISSIONS), client_certificates: 'json' },
      },
    ]);
  });

  it.each([
    ['nothing but the server', {}, {}],
    ['a null token', { token: null }, { token: null }],
    ['an empty token', { token: '' }, { token: '' }],
    ['a message', { message: { id: 1 } }, { source: { kind: 'message', message: { id: 1 } } }],
    ['a null message', { message: null }, { source: { kind: 'message', message: null } }],
    ['a message that is a number', { message: 7 }, { source: { kind: 'message', message: 7 } }],
    ['a body as text', { body: '{}' }, { source: { kind: 'body', body: '{}' } }],
    ['a body as bytes', { body: { base64: '/wA=' } }, { source: { kind: 'body', body: Buffer.from([255, 0]) } }],
    [
      // From the client, more often than not: it must not make of every decision a 400.
      'a long request_id and client_ip',
      { context: { request_id: 'x'.repeat(5000), client_ip: 'y'.repeat(256) } },
      { context: { request_id: 'x'.repeat(5000), client_ip: 'y'.repeat(256) } },
    ],
    ['an unknown method without target', { call: { method: 'x' } }, { source: { kind: 'call', method: 'x' } }],
    [
      'a task',
      { call: { method: 'tasks/get', task: 't' } },
      { source: { kind: 'call', method: 'tasks/get', task: 't' } },
    ],
    [
      'a completion',
      { call: { method: 'completion/complete', uri: 'u' } },
      { source: { kind: 'call', method: 'completion/complete', uri: 'u' } },
    ],
    [
      'a subscription',
      { call: { method: 'subscriptions/listen', lists: ['tools/list'], uris: ['u'], tasks: [] } },
      { source: { kind: 'call', method: 'subscriptions/listen', lists: ['tools/list'], uris: ['u'], tasks: [] } },
    ],
    ['a response', { call: { method: 'rpc/response' } }, { source: { kind: 'call', method: 'rpc/response' } }],
    ['any call, which the decision refuses', { call: { method: '*' } }, { source: { kind: 'call', method: '*' } }],
    [
      'one Authorization beside the token, whatever it says',
      { token: 'a.b.c', http: { headers: { authorization: ['Bearer d.e.f'] } } },
      { token: 'a.b.c', headers: { authorization: ['Bearer d.e.f'] } },
    ],
    [
      'two of them, of which nobody knows which was meant',
      { http: { headers: { authorization: ['Bearer d.e.f', 'Bearer d.e.f'] } } },
      {
        headers: { authorization: ['Bearer d.e.f', 'Bearer d.e.f'] },
        ambiguous: 'carries 2 Authorization headers',
      },
    ],
  ])('%s', async (_, given, expected) => {
    const { post, asked } = await serve();
    expect((await post({ server: FILES, ...given })).status).toBe(200);
    expect(asked.map(({ ask }) => ask)).toEqual([{ server: FILES, ...expected }]);
  });
});

describe('POST /v1/decide refuses with 400, by pointer', () => {
  const refused = async (body: unknown) => {
    const { post, asked } = await serve();
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(asked).toEqual([]);
    return problem.parse(await response.json());
  };

  it.each([
    ['no server', {}, ['/server']],
    ['a server that is null', { server: null }, ['/server']],
    ['an unknown member', { server: FILES, tokn: 'x' }, ['/tokn']],
    ['a token that is a number', { server: FILES, token: 7 }, ['/token']],
    ['a call that is null', { server: FILES, call: null }, ['/call']],
    ['a call without method', { server: FILES, call: { tool: 'x' } }, ['/call/method']],
    ['arguments that are a list', { server: FILES, call: { ...CALL, arguments: [] } }, ['/call/arguments']],
    ['a tools/call without tool', { server: FILES, call: { method: 'tools/call' } }, ['/call/tool']],
    ['a tools/call with a prompt', { server: FILES, call: { ...CALL, prompt: 'x' } }, ['/call/prompt']],
    [
      'a prompts/get with a tool',
      { server: FILES, call: { method: 'prompts/get', tool: 'x' } },
      ['/call/tool', '/call/prompt'],
    ],
    ['a resources/read without uri', { server: FILES, call: { method: 'resources/read' } }, ['/call/uri']],
    [
      'a resources/subscribe with a prompt',
      { server: FILES, call: { method: 'resources/subscribe', uri: 'a:b', prompt: 'p' } },
      ['/call/prompt'],
    ],
    [
      'a resources/unsubscribe without uri',
      { server: FILES, call: { method: 'resources/unsubscribe' } },
      ['/call/uri'],
    ],
    ['a tool called as a task', { server: FILES, call: { ...CALL, task: 't' } }, ['/call/task']],
    ['a completion of nothing', { server: FILES, call: { method: 'completion/complete' } }, ['/call/prompt']],
    [
      'a completion of two things',
      { server: FILES, call: { method: 'completion/complete', prompt: 'a', uri: 'b' } },
      ['/call/uri'],
    ],
    [
      'a completion of a tool',
      { server: FILES, call: { method: 'completion/complete', prompt: 'a', tool: 'b' } },
      ['/call/tool'],
    ],
    ['a task’s method without task', { server: FILES, call: { method: 'tasks/get' } }, ['/call/task']],
    ['a list of tasks with one', { server: FILES, call: { method: 'tasks/list', task: 't' } }, ['/call/task']],
    ['a subscription to nobody says what', { server: FILES, call: { method: 'subscriptions/listen' } }, ['/call/uris']],
    [
      'a subscription to one resource',
      { server: FILES, call: { method: 'subscriptions/listen', uri: 'a', uris: [] } },
      ['/call/uri'],
    ],
    ['a tool beside lists', { server: FILES, call: { ...CALL, uris: ['a'] } }, ['/call/uris']],
    ['uris that are one text', { server: FILES, call: { method: 'subscriptions/listen', uris: 'a' } }, ['/call/uris']],
    ['a GET of something', { server: FILES, call: { method: 'http/get', uri: 'a' } }, ['/call/uri']],
    ['a tools/list with a tool', { server: FILES, call: { method: 'tools/list', tool: 'x' } }, ['/call/tool']],
    ['a notification with a tool', { server: FILES, call: { method: 'notifications/x', tool: 'x' } }, ['/call/tool']],
    ['call and message', { server: FILES, call: CALL, message: null }, ['']],
    ['message and body', { server: FILES, message: 1, body: '' }, ['']],
    ['a body that is a number', { server: FILES, body: 1 }, ['/body']],
    ['a body that is null', { server: FILES, body: null }, ['/body']],
    ['base64 without padding', { server: FILES, body: { base64: '/w' } }, ['/body/base64']],
    ['base64 with another alphabet', { server: FILES, body: { base64: '_w==' } }, ['/body/base64']],
    ['base64 with stray bits', { server: FILES, body: { base64: '/x==' } }, ['/body/base64']],
    ['base64 beside another member', { server: FILES, body: { base64: '', text: '' } }, ['/body/text']],
    ['a header in capitals', { server: FILES, http: { headers: { 'Mcp-Name': ['x'] } } }, ['/http/headers/Mcp-Name']],
    ['a header that is no list', { server: FILES, http: { headers: { 'mcp-name': 'x' } } }, ['/http/headers/mcp-name']],
    ['a header value that is a number', { server: FILES, http: { headers: { a: ['x', 1] } } }, ['/http/headers/a/1']],
    ['a scheme that is no token', { server: FILES, scheme: 'Bear er' }, ['/scheme']],
    ['an empty scheme', { server: FILES, scheme: '' }, ['/scheme']],
    ['a scheme of 33 characters', { server: FILES, scheme: 'x'.repeat(33) }, ['/scheme']],
    ['a request_id that is a number', { server: FILES, context: { request_id: 7 } }, ['/context/request_id']],
    ['headers that are a list', { server: FILES, http: { headers: [] } }, ['/http/headers']],
    ['a list in a header', { server: FILES, http: { headers: { a: [['x']] } } }, ['/http/headers/a/0']],
    ['an extra that is a list', { server: FILES, context: { extra: [] } }, ['/context/extra']],
    ['an unknown member of context', { server: FILES, context: { clientip: '' } }, ['/context/clientip']],
    ['a list', [], ['']],
    ['a proof that is no list', { server: FILES, proof: { dpop: 'x' } }, ['/proof/dpop']],
    ['a proof that is no text', { server: FILES, proof: { dpop: [7] } }, ['/proof/dpop/0']],
    ['a proof of another kind', { server: FILES, proof: { jwt: ['x'] } }, ['/proof/jwt']],
    ['scheme DPoP without the client’s method', { server: FILES, scheme: 'dpop', http: {} }, ['/http/method']],
    ['a time', { server: FILES, at: '2026-11-23T12:00:00Z' }, ['/at']],
  ])('%s', async (_, body, pointers) => {
    const { problems } = await refused(body);
    expect(problems.map(({ pointer }) => pointer).sort()).toEqual([...pointers].sort());
  });

  it('all problems at once', async () => {
    const { problems } = await refused({
      server: 1,
      tokn: 'x',
      scheme: '',
      call: { ...CALL, uri: 'x' },
      body: 1,
      context: { client_ip: 7 },
    });
    expect(problems.map(({ pointer }) => pointer).sort()).toEqual(
      ['', '/body', '/call/uri', '/context/client_ip', '/scheme', '/server', '/tokn'].sort(),
    );
  });

  it.each([
    ['mistyped header values', { http: { headers: { a: Array(60_000).fill(1) } } }],
    ['mistyped headers', { http: { headers: members(20_000) } }],
    ['badly named headers', { http: { headers: members(20_000, 'A') } }],
    ['unknown members', members(20_000)],
    ['mistyped targets', { call: { method: 'subscriptions/listen', uris: Array(60_000).fill(1) } }],
  ])('the first of very many problems: %s', async (_, given) => {
    const { problems } = await refused({ server: FILES, ...given });
    expect(problems).toHaveLength(16);
    // The schema itself stops, so that the work does not grow with what is wrong.
    expect(decideRequest.safeParse({ server: FILES, ...given }).error?.issues.length).toBeLessThanOrEqual(16);
  });

  it('the nearest name, and where else something belongs', async () => {
    const { problems } = await refused({ server: FILES, tokn: 'x', at: 'x' });
    const messages = Object.fromEntries(problems.map(({ pointer, message }) => [pointer, message]));
    expect(messages['/tokn']).toContain('"token"');
    expect(messages['/at']).toContain('/v1/explain');
  });

  it('without ever repeating a value', async () => {
    const secret = `eyJhbGciOiJFUzI1NiJ9.${'c2VjcmV0'.repeat(20)}`;
    const answer = await refused({
      server: [secret],
      token: [secret],
      scheme: secret,
      [secret]: secret,
      call: { method: [secret], [secret]: 1 },
      body: { base64: secret },
      http: { headers: { [secret]: [secret], a: secret } },
      context: { client_ip: secret.repeat(3), extra: secret },
      proof: secret,
    });
    expect(JSON.stringify(answer)).not.toContain(secret.slice(0, 40));
    expect(answer.problems.length).toBeGreaterThan(8);
  });

  it.each([
    ['an empty body', '', ''],
    ['duplicate members', '{"server":"a","server":"b"}', '/server'],
    ['a duplicate deep inside a message', '{"server":"a","message":{"a":{"b":1,"b":2}}}', '/message/a/b'],
    ['__proto__', '{"server":"a","context":{"extra":{"__proto__":1}}}', '/context/extra/__proto__'],
    ['a lone surrogate', '{"server":"\\ud800"}', '/server'],
    ['1e400', '{"server":"a","call":{"method":"x","arguments":{"amount":1e400}}}', '/call/arguments/amount'],
    ['an integer beyond 2^53 - 1', '{"server":"a","message":9007199254740992}', '/message'],
    ['two values', '{"server":"a"} {}', ''],
  ])('%s', async (_, text, pointer) => {
    const { problems } = await refused(text);
    expect(problems.map((one) => one.pointer)).toContain(pointer);
  });

  it('invalid UTF-8 and a byte order mark', async () => {
    const { problems: invalid } = await refused(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(invalid[0]?.message).toContain('UTF-8');
    const { problems: marked } = await refused('\ufeff{"server":"a"}');
    expect(marked[0]?.message).toContain('byte order mark');
  });

  it('33 levels of nesting, and takes 32', async () => {
    const nested = (levels: number) =>
      `{"server":"${FILES}","message":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    await refused(nested(33));
    const { post } = await serve();
    expect((await post(nested(32))).status).toBe(200);
  });
});

describe('a caller with listed servers', () => {
  const callers = {
    edge: caller('edge-key', ['files', 'gone'], ['decide', 'explain', 'read']),
    all: caller('all-key', '*', ['decide']),
  };

  it('asks about its own', async () => {
    const { post, asked } = await serve({ callers });
    expect((await post(QUESTION, { 'x-audgate-key': 'edge-key' })).status).toBe(200);
    expect(asked[0]?.caller).toMatchObject({ name: 'edge', servers: ['files', 'gone'] });
  });

  it.each([
    ['a neighbour', BILLING],
    ['a resource that nobody registered', 'https://nobody.example.com/mcp'],
    ['the key of its own server', 'files'],
    ['a near miss of its own server', `${FILES}/`],
  ])('gets one and the same problem for %s', async (_, server) => {
    const { post, asked } = await serve({ callers });
    const response = await post({ ...QUESTION, server }, { 'x-audgate-key': 'edge-key' });
    expect(response.status).toBe(403);
    const answer = problem.parse(await response.json());
    expect(answer).toEqual({
      type: 'urn:audgate:problem:caller_not_allowed',
      title: 'The caller may not ask this',
      status: 403,
      detail: 'This caller may not ask about this server: name one of its own, or extend its list of servers.',
      problems: [],
    });
    expect(asked).toEqual([]);
  });

  it('is told what is malformed before whose it is', async () => {
    const { post } = await serve({ callers });
    expect((await post({ ...QUESTION, server: BILLING, x: 1 }, { 'x-audgate-key': 'edge-key' })).status).toBe(400);
  });

  it('is not one that may ask about all, whom a decision answers', async () => {
    const { post, asked } = await serve({ callers });
    const response = await post(
      { ...QUESTION, server: 'https://nobody.example.com/mcp' },
      { 'x-audgate-key': 'all-key' },
    );
    expect(response.status).toBe(200);
    expect(asked).toHaveLength(1);
  });
});
