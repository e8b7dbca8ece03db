/** The client fails closed: whatever answers, or does not, is a value that is no allow, holds no secret, and is asked once. */
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type ClientParts, createClient, type DecideQuestion } from '../../src/client/create.ts';
import { ALLOW, DENY, INDETERMINATE } from '../http/serve.ts';
import { answering, json, nobody } from './answering.ts';

const TOKEN = 'eyJhbGciOi.secret-token.signature';
const KEY = 'the-caller-key';
const QUESTION: DecideQuestion = { server: 'https://files.example.com/mcp', token: TOKEN, call: { method: 'ping' } };

const ask = (url: string, more: Partial<ClientParts> = {}) =>
  createClient({ url, key: KEY, timeout_ms: 30_000, ...more }).decide(QUESTION);

describe('an answer of audgate', () => {
  it.each([
    ['allow', 200, ALLOW],
    ['deny', 200, DENY],
    ['indeterminate', 503, INDETERMINATE],
  ])('%s comes as it is', async (_, status, decision) => {
    const { url, requests } = await answering(json(status, decision));
    expect(await ask(url)).toEqual(decision);
    expect(requests).toMatchObject([{ method: 'POST', url: '/v1/decide', headers: { 'x-audgate-key': KEY } }]);
  });

  it('may say more than this client knows', async () => {
    const { url } = await answering(json(200, { ...ALLOW, response_headers: {}, later: 1 }));
    expect((await ask(url)).decision).toBe('allow');
  });
});

describe('an answer in another form is no decision', () => {
  const { principal, ...withoutPrincipal } = { ...ALLOW, principal: undefined };
  it.each([
    ['nothing', ''],
    ['no JSON', '<html>allow</html>'],
    ['null', null],
    ['a text', '"allow"'],
    ['a list', [ALLOW]],
    ['only the word', { decision: 'allow' }],
    ['an allow without principal', withoutPrincipal],
    ['an allow whose principal is a text', { ...ALLOW, principal: 'user-1' }],
    [
      'an allow for scopes that are one text',
      { ...ALLOW, principal: { issuer: 'x', subject: null, client_id: null, scopes: 'a', actor: null } },
    ],
    ['an allow with reasons', { ...ALLOW, reasons: DENY.reasons }],
    ['an allow with a challenge', { ...ALLOW, challenge: {} }],
    ['an allow without end', { ...ALLOW, valid_until: undefined }],
    ['an allow whose end is no time', { ...ALLOW, valid_until: 'soon' }],
    ['an allow without server', { ...ALLOW, server: null }],
    ['an allow without id', { ...ALLOW, decision_id: '' }],
    ['another word', { ...ALLOW, decision: 'Allow' }],
    ['true', { ...ALLOW, decision: true }],
    ['a deny without reason', { ...DENY, reasons: [] }],
    ['a deny without challenge', { ...DENY, challenge: undefined }],
    ['a deny whose challenge is a success', { ...DENY, challenge: { status: 200, headers: {} } }],
    ['a deny with headers that are texts', { ...DENY, challenge: { status: 401, headers: { a: 'b' } } }],
    ['a reason without code', { ...DENY, reasons: [{ message: 'x' }] }],
    ['the answer of AuthZEN', { decision: true, context: {} }],
    ['the answer of OPA', { result: { allow: true } }],
  ])('%s', async (_, answer) => {
    const { url, requests } = await answering(json(200, answer));
    expect(await ask(url)).toMatchObject({
      decision: 'indeterminate',
      reasons: [],
      problem: { kind: 'answer', status: 200 },
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [201, ALLOW],
    [203, ALLOW],
    [400, ALLOW],
    [401, ALLOW],
    [500, ALLOW],
    [503, ALLOW],
    [503, DENY],
    [200, INDETERMINATE],
    [502, 'Bad Gateway'],
    [429, {}],
  ])('status %i with %j', async (status, answer) => {
    const { url } = await answering(json(status, answer));
    const got = await ask(url);
    expect(got.decision).toBe('indeterminate');
    expect('problem' in got && got.problem.status).toBe(status);
  });

  it('more than any decision takes', async () => {
    const { url } = await answering(json(200, { ...ALLOW, more: 'x'.repeat(5 * 1024 * 1024) }));
    expect(await ask(url)).toMatchObject({ problem: { kind: 'answer' } });
  });

  it('bytes that are no UTF-8', async () => {
    const { url } = await answering((response) => response.end(Buffer.from('"\xff"', 'latin1')));
    expect(await ask(url)).toMatchObject({ problem: { kind: 'answer' } });
  });
});

describe('a redirect is not followed, and the token goes nowhere else', () => {
  it.each([301, 302, 303, 307, 308])('%i', async (status) => {
    const elsewhere = await answering(json(200, ALLOW));
    const { url } = await answering((response) =>
      response.writeHead(status, { location: `${elsewhere.url}/v1/decide` }).end(),
    );
    expect(await ask(url)).toMatchObject({ decision: 'indeterminate', problem: { kind: 'answer', status } });
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('no answer in time', () => {
  it.each([
    ['nothing at all', () => {}],
    ['headers, and no body', (response: ServerResponse) => void response.writeHead(200).flushHeaders()],
    ['half of an allow', (response: ServerResponse) => void response.write(JSON.stringify(ALLOW).slice(0, -1))],
  ])('(%s) is a problem of its own', async (_, answer) => {
    const { url, requests } = await answering(answer);
    expect(await ask(url, { timeout_ms: 2000 })).toMatchObject({
      decision: 'indeterminate',
      problem: { kind: 'timeout' },
    });
    expect(requests).toHaveLength(1);
  });

  it('also where whatever fetches overlooks the signal', async () => {
    const fetch = () => new Promise<Response>(() => {});
    expect(await ask('http://127.0.0.1:1', { timeout_ms: 300, fetch })).toMatchObject({ problem: { kind: 'timeout' } });
  });
});

describe('nobody there', () => {
  it('is a problem that says what the system says', async () => {
    expect(await ask(await nobody())).toMatchObject({
      decision: 'indeterminate',
      problem: { kind: 'unreachable', message: expect.stringContaining('ECONNREFUSED') },
    });
    expect(await ask('unix:/nowhere/audgate.sock')).toMatchObject({
      problem: { kind: 'unreachable', message: expect.stringContaining('ENOENT') },
    });
  });

  it('is not asked again, also when the connection is cut', async () => {
    const { url, requests } = await answering((response) => response.socket?.destroy());
    expect(await ask(url)).toMatchObject({ decision: 'indeterminate', problem: { kind: 'unreachable' } });
    expect(requests).toHaveLength(1);
  });

  it('nor when it is cut in the middle of an allow', async () => {
    const { url, requests } = await answering((response) => {
      response.writeHead(200, { 'content-length': 10_000 });
      response.write(JSON.stringify(ALLOW), () => response.socket?.destroy());
    });
    expect(await ask(url)).toMatchObject({ problem: { kind: 'unreachable' } });
    expect(requests).toHaveLength(1);
  });

  it('or nothing that speaks HTTP', async () => {
    const { url } = await answering((response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n'));
    expect((await ask(url)).decision).toBe('indeterminate');
  });
});

describe('what is told', () => {
  it('is audgate’s problem, with its places', async () => {
    const problem = {
      type: 'urn:audgate:problem:invalid_request',
      title: 'x',
      status: 400,
      detail: 'See problems.',
      problems: [{ pointer: '/server', message: 'is missing' }],
    };
    const { url } = await answering(json(400, problem, 'application/problem+json'));
    expect(await ask(url)).toEqual({
      decision: 'indeterminate',
      reasons: [],
      problem: {
        kind: 'question',
        status: 400,
        message: 'audgate answered 400 invalid_request: See problems.',
        problems: [{ pointer: '/server', message: 'is missing' }],
      },
    });
  });

  it.each([401, 403, 421])('%i is the caller’s own', async (status) => {
    const { url } = await answering(json(status, { type: 'urn:audgate:problem:x', detail: '' }));
    expect(await ask(url)).toMatchObject({ problem: { kind: 'caller', status } });
  });

  it('never holds token or key, whoever repeats them', async () => {
    const echo = `${TOKEN} ${KEY}`;
    const answers = [
      json(400, { type: 'urn:audgate:problem:x', detail: echo, problems: [{ pointer: `/${echo}`, message: echo }] }),
      json(400, { type: echo, detail: echo }),
      json(500, echo),
      (response: ServerResponse) => response.writeHead(302, { location: `/${echo}` }).end(),
    ];
    for (const answer of answers) {
      const { url } = await answering(answer);
      const told = JSON.stringify(await ask(url));
      expect(told).not.toContain(TOKEN);
      expect(told).not.toContain(KEY);
    }
    const failing = () => Promise.reject(new Error(echo, { cause: { code: echo } }));
    expect(JSON.stringify(await ask('http://127.0.0.1:1', { fetch: failing }))).not.toContain('secret');
  });
});

describe('what JSON cannot carry is not asked', () => {
  it.each([
    ['a number without end', { amount: Number.POSITIVE_INFINITY }],
    ['no number', { amount: Number.NaN }],
  ])('%s', async (_, args) => {
    const { url, requests } = await answering(json(200, ALLOW));
    const call = { method: 'tools/call', tool: 'pay', arguments: { deep: [args] } };
    const client = createClient({ url, timeout_ms: 30_000 });
    expect(await client.decide({ ...QUESTION, call })).toMatchObject({
      decision: 'indeterminate',
      problem: { kind: 'question' },
    });
    expect(requests).toEqual([]);
  });
});

describe('lists', () => {
  const LISTS = { tools: ['a'], unlisted_tools: true, prompts: [], resources: [], methods: ['ping'], custom: 'none' };
  const EMPTY = { tools: [], unlisted_tools: false, prompts: [], resources: [], methods: [] };
  const list = async (status: number, answer: unknown) => {
    const { url } = await answering(json(status, answer));
    return createClient({ url, timeout_ms: 30_000 }).allowed({ server: 'x', token: TOKEN });
  };

  it('come as they are', async () => {
    expect(await list(200, { ...ALLOW, ...LISTS })).toEqual({ ...ALLOW, ...LISTS });
    expect(await list(200, { ...DENY, ...EMPTY, custom: 'none' })).toMatchObject({ decision: 'deny', ...EMPTY });
  });

  it.each([
    ['no lists', 200, ALLOW],
    ['a list that is a text', 200, { ...ALLOW, ...LISTS, tools: 'a' }],
    ['a list of numbers', 200, { ...ALLOW, ...LISTS, tools: [1] }],
    ['a deny that opens something', 200, { ...DENY, ...LISTS }],
    ['a word that is none', 200, { ...ALLOW, ...LISTS, unlisted_tools: 'false' }],
    ['an allow that is an outage', 503, { ...ALLOW, ...LISTS }],
    ['an outage', 500, ''],
  ])('%s: nothing is open', async (_, status, answer) => {
    expect(await list(status, answer)).toMatchObject({ decision: 'indeterminate', ...EMPTY, problem: { status } });
  });
});

describe('a client that cannot work is not made', () => {
  it.each([
    ['no URL', { url: 'audgate' }],
    ['another scheme', { url: 'ftp://audgate' }],
    ['a password in it', { url: 'http://user:hunter2@audgate' }],
    ['a query in it', { url: 'http://audgate/?a=b' }],
    ['no deadline', { timeout_ms: 0 }],
    ['a deadline without end', { timeout_ms: Number.POSITIVE_INFINITY }],
    ['a key with a line end', { key: 'hunter2\r\nX: y' }],
    ['an empty key', { key: '' }],
  ])('%s', (_, parts) => {
    const make = () => createClient({ url: 'http://127.0.0.1:8181', timeout_ms: 300, ...parts });
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(/hunter2/);
  });
});
