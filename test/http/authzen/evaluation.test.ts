/** AuthZEN Authorization API 1.0 at the edge: forms, errors, headers. What is decided is tested with the real program. */
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../../src/decide/ask.ts';
import type { Decision } from '../../../src/decision/decision.ts';
import { send } from '../raw.ts';
import { ALLOW, caller, DENY, FILES, INDETERMINATE, type Options, serve } from '../serve.ts';

const SUBJECT = { type: 'access_token', id: 'TOKEN' };
const ACTION = { name: 'tools/call' };
const RESOURCE = { type: 'tool', id: 'read_file', properties: { server: FILES } };
const QUESTION = { subject: SUBJECT, action: ACTION, resource: RESOURCE };
const ONE = '/access/v1/evaluation';
const MANY = '/access/v1/evaluations';

/** Allows calls of the tool read_file. */
const reading = async ({ source }: Ask): Promise<Decision> =>
  source?.kind === 'call' && source.tool === 'read_file' ? ALLOW : DENY;

async function ask(body: unknown, path = ONE, options: Options = { decide: reading }, headers = {}) {
  const served = await serve(options);
  const answer = await served.post(body, headers, path);
  const text = await answer.text();
  return { answer, text, json: () => JSON.parse(text), asked: served.asked };
}

describe('POST /access/v1/evaluation', () => {
  it('answers a boolean, and all else that audgate says in the context', async () => {
    const { answer, json } = await ask(QUESTION);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { decision: _, ...rest } = ALLOW;
    expect(json()).toEqual({ decision: true, context: { outcome: 'allow', ...rest } });
  });

  it('answers false with reasons and challenge', async () => {
    const { json } = await ask(QUESTION, ONE, { decide: async () => DENY });
    const { decision: _, ...rest } = DENY;
    expect(json()).toEqual({ decision: false, context: { outcome: 'deny', ...rest } });
  });

  it('answers false with status 200 where nobody knows, and says so in the context', async () => {
    const { answer, json } = await ask(QUESTION, ONE, { decide: async () => INDETERMINATE });
    expect(answer.status).toBe(200);
    expect(json()).toMatchObject({
      decision: false,
      context: { outcome: 'indeterminate', reasons: INDETERMINATE.reasons },
    });
  });

  it.each([
    ['a tool', { type: 'tool', id: 'read_file' }, { tool: 'read_file' }],
    ['a prompt', { type: 'prompt', id: 'review' }, { prompt: 'review' }],
    ['a resource', { type: 'resource', id: 'file:///docs/a' }, { uri: 'file:///docs/a' }],
  ])('takes %s for the target of the action’s method, at the server of its properties', async (_, entity, target) => {
    const resource = { ...entity, properties: { server: FILES } };
    const action = { name: 'x/y', properties: { arguments: { path: 'a' } } };
    const { asked } = await ask({ ...QUESTION, action, resource });
    expect(asked[0]?.ask).toMatchObject({
      server: FILES,
      token: 'TOKEN',
      door: 'audgate/authzen',
      source: { kind: 'call', method: 'x/y', ...target, arguments: { path: 'a' } },
    });
    expect(asked[0]?.ask).not.toHaveProperty('malformed');
  });

  it('takes an mcp_server for the server itself, and a method without target', async () => {
    const { asked } = await ask({
      ...QUESTION,
      action: { name: 'tools/list' },
      resource: { type: 'mcp_server', id: FILES },
    });
    expect(asked[0]?.ask).toMatchObject({ server: FILES, source: { kind: 'call', method: 'tools/list' } });
  });

  it('takes a token beside a subject, whose id must then be its sub', async () => {
    const subject = { type: 'user', id: 'user-1', properties: { access_token: 'TOKEN', department: 'x' } };
    const { asked } = await ask({ ...QUESTION, subject });
    expect(asked[0]?.ask).toMatchObject({ token: 'TOKEN', subject: 'user-1' });
  });

  it('takes no token from a subject that carries none', async () => {
    const { asked } = await ask({ ...QUESTION, subject: { type: 'user', id: 'TOKEN' } });
    expect(asked[0]?.ask).not.toHaveProperty('token');
  });

  it('never chooses between two tokens', async () => {
    const { asked } = await ask({ ...QUESTION, subject: { ...SUBJECT, properties: { access_token: 'OTHER' } } });
    expect(asked[0]?.ask.ambiguous).toBeDefined();
    expect(asked[0]?.ask).not.toHaveProperty('token');
  });

  it.each([
    [
      'a type that is none of MCP',
      { ...QUESTION, resource: { type: 'record', id: '1', properties: { server: FILES } } },
    ],
    ['arguments that are no object', { ...QUESTION, action: { name: 'tools/call', properties: { arguments: 'x' } } }],
  ])('hands %s to the decision, which refuses it', async (_, question) => {
    const { answer, asked } = await ask(question, ONE, { decide: async () => DENY });
    expect(answer.status).toBe(200);
    expect(asked[0]?.ask.malformed).toBeDefined();
  });

  it('hands the context to custom rules, and its client_ip to the record', async () => {
    const context = { time: '2026-11-23T12:00:00Z', client_ip: '203.0.113.7', nested: { a: [1] } };
    const { asked } = await ask({ ...QUESTION, context });
    expect(asked[0]?.ask.context).toEqual({ extra: context, client_ip: '203.0.113.7' });
    const mistyped = await ask({ ...QUESTION, context: { client_ip: 7 } });
    expect(mistyped.asked[0]?.ask.context).toEqual({ extra: { client_ip: 7 } });
  });

  it('ignores fields that it does not know, wherever they stand', async () => {
    const odd = { foo: 'bar', futureField: { nested: true } };
    const question = {
      ...odd,
      subject: { ...SUBJECT, ...odd, properties: odd },
      action: { ...ACTION, ...odd, properties: odd },
      resource: { ...RESOURCE, ...odd },
      evaluations: 'not mine',
    };
    expect((await ask(question)).json().decision).toBe(true);
  });
});

describe('errors', () => {
  const without = (name: string) => Object.fromEntries(Object.entries(QUESTION).filter(([member]) => member !== name));
  it.each([
    ['no subject', without('subject'), '/subject is missing'],
    ['no action', without('action'), '/action is missing'],
    ['no resource', without('resource'), '/resource is missing'],
    ['a subject without type', { ...QUESTION, subject: { id: 'x' } }, '/subject/type is missing'],
    ['a subject without id', { ...QUESTION, subject: { type: 'x' } }, '/subject/id is missing'],
    ['an action without name', { ...QUESTION, action: {} }, '/action/name is missing'],
    ['a resource without type', { ...QUESTION, resource: { id: 'x' } }, '/resource/type is missing'],
    ['a resource without id', { ...QUESTION, resource: { type: 'x' } }, '/resource/id is missing'],
    ['a subject that is a text', { ...QUESTION, subject: 'alice' }, '/subject must be an object'],
    ['a subject that is null', { ...QUESTION, subject: null }, '/subject must be an object'],
    ['a name that is a number', { ...QUESTION, action: { name: 123 } }, '/action/name must be a string'],
    ['an id that is a list', { ...QUESTION, resource: { ...RESOURCE, id: [] } }, '/resource/id must be a string'],
    [
      'properties that are a list',
      { ...QUESTION, subject: { ...SUBJECT, properties: [] } },
      '/subject/properties must be an object',
    ],
    ['a context that is a text', { ...QUESTION, context: 'x' }, '/context must be an object'],
    ['a list', [QUESTION], 'The body must be an object'],
    ['null', null, 'The body must be an object'],
    ['no JSON', '{', 'The body'],
    ['nothing', '', 'The body'],
    ['a member twice', '{"subject":{"type":"a","type":"b"}}', '/subject/type'],
    ['a lone surrogate', '{"subject":{"type":"\\ud800"}}', '/subject/type'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'The body is not valid UTF-8'],
  ])('%s is 400 with a message, at both endpoints', async (_, body, message) => {
    for (const path of [ONE, MANY]) {
      const { answer, text, asked } = await ask(body, path, {}, { 'x-request-id': 'id-1' });
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(answer.headers.get('x-request-id')).toBe('id-1');
      expect(text).toContain(message);
      expect(asked).toEqual([]);
    }
  });

  it.each([
    ['another media type', { 'content-type': 'text/plain' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['an encoding', { 'content-encoding': 'gzip' }],
  ])('%s is 400, never 415', async (_, headers) => {
    for (const path of [ONE, MANY]) expect((await ask(QUESTION, path, {}, headers)).answer.status).toBe(400);
  });

  it('no media type at all is 400', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}${ONE}`, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(JSON.stringify(QUESTION))),
    });
    expect(answer.status).toBe(400);
  });

  it('a body above the limit is 413, with a message', async () => {
    const { answer, text } = await ask({ ...QUESTION, context: { a: 'x'.repeat(2000) } }, ONE, { body_bytes: 1024 });
    expect([answer.status, text]).toEqual([413, 'Send at most 1024 bytes (limits.body_bytes).']);
  });

  it('a caller without key is 401 and one without permission or server 403, each with a message', async () => {
    const callers = { edge: caller('k', ['billing'], ['decide']), eye: caller('e', '*', ['read']) };
    for (const [headers, status] of [
      [{}, 401],
      [{ 'x-audgate-key': 'k' }, 403],
      [{ 'x-audgate-key': 'e' }, 403],
    ] as const) {
      const { answer, text } = await ask(QUESTION, ONE, { callers }, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(text).not.toBe('');
    }
  });

  it('another method is 405', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}${ONE}`)).status).toBe(405);
  });
});

describe('X-Request-ID', () => {
  it.each(['bfe9eb29-ab87-4ca3-be83-a1d5d8305716', 'any text: with spaces', '0'])(
    '%s comes back, and is recorded',
    async (id) => {
      for (const [path, body] of [
        [ONE, QUESTION],
        [MANY, QUESTION],
        [MANY, { ...QUESTION, evaluations: [{}] }],
      ] as const) {
        const { answer, asked } = await ask(body, path, {}, { 'x-request-id': id });
        expect(answer.headers.get('x-request-id')).toBe(id);
        expect(asked[0]?.ask.context?.request_id).toBe(id);
      }
    },
  );

  it('one that is too long for the record comes back too, and is not recorded', async () => {
    const id = 'x'.repeat(8000);
    const { answer, asked } = await ask(QUESTION, ONE, {}, { 'x-request-id': id });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, id]);
    expect(asked[0]?.ask.context?.request_id).toBeUndefined();
  });

  it.each([
    ['none', {}],
    ['an empty one', { 'x-request-id': '' }],
    ['one beyond ASCII', { 'x-request-id': 'é' }],
  ])('%s fails nothing, and nothing comes back', async (_, headers) => {
    const { answer } = await ask(QUESTION, ONE, {}, headers);
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, null]);
  });

  it('two of them are none, because an answer can repeat but one', async () => {
    const { port } = await serve();
    const body = JSON.stringify(QUESTION);
    const head = ['POST /access/v1/evaluation HTTP/1.1', 'Host: localhost', 'Content-Type: application/json'];
    const rest = [
      'X-Request-ID: a',
      'X-Request-ID: b',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ];
    const { status, headers } = await send(port, [...head, ...rest].join('\r\n'));
    expect([status, headers.get('x-request-id')]).toEqual([200, undefined]);
  });
});

describe('POST /access/v1/evaluations', () => {
  const tool = (id: string) => ({ resource: { ...RESOURCE, id } });
  const decisions = (answer: { evaluations: { decision: boolean }[] }) =>
    answer.evaluations.map(({ decision }) => decision);

  it.each([
    ['absent', {}],
    ['empty', { evaluations: [] }],
  ])('answers as the single endpoint where the list is %s', async (_, list) => {
    const { json } = await ask({ ...QUESTION, ...list }, MANY);
    const single = await ask(QUESTION);
    expect(json()).toEqual(single.json());
  });

  it('answers in the order asked, without a decision above', async () => {
    const { json } = await ask({ ...QUESTION, evaluations: [tool('write_file'), tool('read_file'), {}] }, MANY);
    expect(decisions(json())).toEqual([false, true, true]);
    expect(json()).not.toHaveProperty('decision');
  });

  it('needs no defaults where every item has its own', async () => {
    const { json } = await ask({ evaluations: [QUESTION, { ...QUESTION, ...tool('x') }] }, MANY);
    expect(decisions(json())).toEqual([true, false]);
  });

  it('replaces a default whole: nothing of it is mixed into the item’s own', async () => {
    const action = { name: 'tools/call', properties: { arguments: { a: 1 } } };
    const context = { time: 'now', source: 'above' };
    const own = { action: { name: 'tools/call' }, context: { time: 'later' } };
    const { asked } = await ask({ ...QUESTION, action, context, evaluations: [{}, own] }, MANY);
    expect(asked[0]?.ask).toMatchObject({ source: { arguments: { a: 1 } }, context: { extra: context } });
    expect(asked[1]?.ask.source).not.toHaveProperty('arguments');
    expect(asked[1]?.ask.context).toEqual({ extra: { time: 'later' } });
    const bare = { ...QUESTION, evaluations: [{ resource: { type: 'tool', id: 'read_file' } }] };
    expect((await ask(bare, MANY)).asked[0]?.ask.server).toBe('');
  });

  it.each([
    ['execute_all', ['a', 'read_file', 'b'], [false, true, false]],
    ['deny_on_first_deny', ['read_file', 'a', 'read_file'], [true, false]],
    ['deny_on_first_deny', ['read_file', 'read_file'], [true, true]],
    ['permit_on_first_permit', ['a', 'read_file', 'a'], [false, true]],
    ['permit_on_first_permit', ['a', 'b'], [false, false]],
  ])('%s over %j answers %j, and decides no more than it answers', async (evaluations_semantic, tools, expected) => {
    const options = { evaluations_semantic, another_option: 'value' };
    const { json, asked } = await ask({ ...QUESTION, options, evaluations: tools.map(tool) }, MANY);
    expect(decisions(json())).toEqual(expected);
    expect(asked).toHaveLength(expected.length);
  });

  it('lets an item that is no evaluation fail alone', async () => {
    const body = { subject: SUBJECT, action: ACTION, evaluations: [tool('read_file'), {}, { resource: 'x' }] };
    const { answer, json, asked } = await ask(body, MANY);
    expect(answer.status).toBe(200);
    expect(json().evaluations.slice(1)).toEqual([
      { decision: false, context: { error: { status: 400, message: '/resource is missing: expected an object' } } },
      { decision: false, context: { error: { status: 400, message: '/resource must be an object, and is a string' } } },
    ]);
    expect(asked).toHaveLength(1);
  });

  it('counts such an item as the first deny', async () => {
    const options = { evaluations_semantic: 'deny_on_first_deny' };
    const { json } = await ask(
      { subject: SUBJECT, action: ACTION, options, evaluations: [{}, tool('read_file')] },
      MANY,
    );
    expect(decisions(json())).toEqual([false]);
  });

  it('lets an item about another’s server fail alone, registered or not', async () => {
    const callers = { edge: caller('k', ['files'], ['decide']) };
    const at = (server: string) => ({ resource: { ...RESOURCE, properties: { server } } });
    const evaluations = [at('https://billing.example.com/mcp'), at('https://nobody.example'), at(FILES)];
    const { json } = await ask(
      { ...QUESTION, evaluations },
      MANY,
      { callers, decide: reading },
      { 'x-audgate-key': 'k' },
    );
    const [first, second, third] = json().evaluations;
    expect(first).toMatchObject({ decision: false, context: { error: { status: 403 } } });
    expect(second).toEqual(first);
    expect(third.decision).toBe(true);
  });

  it.each([
    ['a list that is an object', { ...QUESTION, evaluations: {} }],
    ['an item that is a text', { ...QUESTION, evaluations: ['x'] }],
    ['an item that is null', { ...QUESTION, evaluations: [null] }],
    ['options that are a text', { ...QUESTION, options: 'x', evaluations: [{}] }],
    ['another semantic', { ...QUESTION, options: { evaluations_semantic: 'all' }, evaluations: [{}] }],
    ['a default that is no entity', { ...QUESTION, subject: 'x', evaluations: [QUESTION] }],
    ['more items than are decided at once', { ...QUESTION, evaluations: Array(257).fill({}) }],
  ])('%s is 400 for all of it', async (_, body) => {
    const { answer, asked } = await ask(body, MANY);
    expect([answer.status, asked]).toEqual([400, []]);
  });
});

describe('GET /.well-known/authzen-configuration', () => {
  const metadata = async (public_url: string | undefined, path = '') => {
    const { url } = await serve(public_url === undefined ? {} : { public_url });
    return fetch(`${url}/.well-known/authzen-configuration${path}`);
  };

  it('names both endpoints below the configured URL, to anyone', async () => {
    const { url } = await serve({
      public_url: 'https://pdp.example.com',
      callers: { edge: caller('k', '*', ['decide']) },
    });
    const answer = await fetch(`${url}/.well-known/authzen-configuration`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      policy_decision_point: 'https://pdp.example.com',
      access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation',
      access_evaluations_endpoint: 'https://pdp.example.com/access/v1/evaluations',
    });
  });

  it('stands between host and path of a URL that has a path', async () => {
    const answer = await metadata('https://pdp.example.com/tenant1', '/tenant1');
    expect(await answer.json()).toMatchObject({
      policy_decision_point: 'https://pdp.example.com/tenant1',
      access_evaluation_endpoint: 'https://pdp.example.com/tenant1/access/v1/evaluation',
    });
    expect((await metadata('https://pdp.example.com/tenant1', '/tenant2')).status).toBe(404);
  });

  it('is 404 without a configured URL, and says what to set', async () => {
    const answer = await metadata(undefined);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('public_url');
  });
});
