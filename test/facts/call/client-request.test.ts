/** The client's HTTP request as a gateway hands it on, by the server's call_from (contract 7). */
import { describe, expect, test } from 'vitest';
import type { CallSource, RequestBody } from '../../../src/decision/facts.ts';
import { type CallOptions, readCall } from '../../../src/facts/call/read.ts';

type CallFrom = CallOptions['call_from'];
type Headers = Readonly<Record<string, readonly string[]>>;

const text = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/a"}}}';
const whole = (content: string): RequestBody => ({ kind: 'whole', bytes: Buffer.from(content) });
const absent: RequestBody = { kind: 'absent' };
const partial: RequestBody = { kind: 'partial', why: 'is longer than 8192 bytes' };
const source = (method: string, body: RequestBody): CallSource => ({ kind: 'request', method, body });

const read = (call_from: CallFrom, method: string, body: RequestBody, headers?: Headers, custom_rules = false) =>
  readCall({ source: source(method, body), ...(headers && { headers }) }, { custom_rules, call_from });
const found = (call_from: CallFrom, method: string, body: RequestBody, headers?: Headers, custom_rules = false) => {
  const reading = read(call_from, method, body, headers, custom_rules);
  return reading.ok ? reading.call : reading.reasons.map(({ code }) => code);
};

describe('call_from: body', () => {
  test('takes the call from the whole body of a POST', () => {
    const call = { method: 'tools/call', tool: 'read_file', arguments: { path: '/a' } };
    expect(read('body', 'POST', whole(text))).toEqual({ ok: true, call, request_id: 7 });
    expect(found('body', 'POST', whole(text), { 'mcp-name': ['write_file'] })).toEqual(['header_mismatch']);
  });

  test.each<[string, RequestBody, string]>([
    ['no body', absent, 'call_missing'],
    ['a part of one', partial, 'call_malformed'],
    ['an empty one', whole(''), 'call_malformed'],
    ['a batch', whole(`[${text}]`), 'call_malformed'],
    ['what is not JSON', whole('name=read_file'), 'call_malformed'],
  ])('%s is refused', (_, body, code) => expect(found('body', 'POST', body)).toEqual([code]));

  test('says why a body is no whole one', () => {
    const reading = read('body', 'POST', partial);
    expect(reading.ok ? '' : reading.reasons[0]?.message).toContain('the body is longer than 8192 bytes');
  });

  test('headers alone are no call', () => {
    const headers = { 'mcp-method': ['tools/call'], 'mcp-name': ['read_file'], 'mcp-protocol-version': ['2026-07-28'] };
    expect(found('body', 'POST', absent, headers)).toEqual(['call_missing']);
  });
});

describe.each<CallFrom>(['body', 'headers'])('without a message, call_from: %s', (call_from) => {
  test.each([
    ['GET', 'http/get'],
    ['DELETE', 'http/delete'],
  ])('%s is %s', (method, pseudo) => {
    expect(found(call_from, method, absent)).toEqual({ method: pseudo });
    expect(found(call_from, method, whole(''))).toEqual({ method: pseudo });
    expect(found(call_from, method, absent, { 'mcp-protocol-version': ['2026-07-28'] })).toEqual({ method: pseudo });
    expect(found(call_from, method, whole(text))).toEqual(['call_malformed']);
    expect(found(call_from, method, partial)).toEqual(['call_malformed']);
    expect(found(call_from, method, absent, { 'mcp-method': ['tools/list'] })).toEqual(['header_mismatch']);
    expect(found(call_from, method, absent, { 'mcp-method': [pseudo] })).toEqual(['header_mismatch']);
    expect(found(call_from, method, absent, { 'mcp-name': ['read_file'] })).toEqual(['header_mismatch']);
    expect(found(call_from, method, absent, { 'mcp-param-a': ['b'] })).toEqual(['header_mismatch']);
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'CONNECT', 'post', 'get', '', 'constructor', 'POST '])(
    '%j is call_malformed',
    (method) => {
      const headers = { 'mcp-method': ['tools/list'], 'mcp-protocol-version': ['2026-07-28'] };
      expect(found(call_from, method, whole(text), headers)).toEqual(['call_malformed']);
    },
  );
});

describe('call_from: headers', () => {
  const headers = (method: string, name?: string, version: string | null = '2026-07-28'): Headers => ({
    'mcp-method': [method],
    ...(name !== undefined && { 'mcp-name': [name] }),
    ...(version !== null && { 'mcp-protocol-version': [version] }),
  });
  const asked = (sent: Headers, body: RequestBody = absent, custom_rules = false) =>
    found('headers', 'POST', body, sent, custom_rules);

  test.each([
    ['tools/call', 'read_file', { tool: 'read_file' }],
    ['tools/call', '=?base64?Z3LDtsOfZQ==?=', { tool: 'größe' }],
    ['prompts/get', 'greet', { prompt: 'greet' }],
    ['resources/read', 'file:///a', { uri: 'file:///a' }],
    ['tasks/get', 't1', { task: 't1' }],
    ['tasks/update', 't1', { task: 't1' }],
    ['tasks/cancel', 't1', { task: 't1' }],
    ['tools/list', undefined, {}],
    ['server/discover', undefined, {}],
    ['notifications/cancelled', undefined, {}],
    ['vendor/method', undefined, {}],
  ])('%s %s is read', (method, name, target) => {
    expect(asked(headers(method, name))).toEqual({ method, ...target });
  });

  test('the body is not looked at, whatever it says', () => {
    for (const body of [whole(text), whole('['), partial])
      expect(asked(headers('tools/list'), body)).toEqual({ method: 'tools/list' });
  });

  test.each([
    ['no headers', {}, 'call_missing'],
    ['no method', { 'mcp-name': ['read_file'], 'mcp-protocol-version': ['2026-07-28'] }, 'call_missing'],
    ['no version', headers('tools/list', undefined, null), 'call_incomplete'],
    ['a version without such headers', headers('tools/list', undefined, '2025-11-25'), 'call_incomplete'],
    ['a version that is no date', headers('tools/list', undefined, 'DRAFT-2026-v1'), 'call_incomplete'],
    ['no name', headers('tools/call'), 'call_incomplete'],
    ['a completion', headers('completion/complete', 'greet'), 'call_incomplete'],
    ['a subscription', headers('subscriptions/listen'), 'call_incomplete'],
    ['a subscription with a name', headers('subscriptions/listen', 'file:///a'), 'call_incomplete'],
    ['a method of older revisions', headers('resources/subscribe', 'file:///a'), 'call_incomplete'],
    ['tasks/result, likewise', headers('tasks/result', 't1'), 'call_incomplete'],
    ['any call', headers('*'), 'call_malformed'],
    ['a GET', headers('http/get'), 'call_malformed'],
    ['a response', headers('rpc/response'), 'call_malformed'],
    ['an empty method', headers(''), 'call_malformed'],
    ['an empty name', headers('tools/call', ''), 'call_malformed'],
    ['a wrong encoding', headers('tools/call', '=?base64?YQ?='), 'call_malformed'],
    ['a control character in it', headers('tools/call', '=?base64?YQBi?='), 'call_malformed'],
    ['a name where there is none', headers('tools/list', 'read_file'), 'header_mismatch'],
    ['an argument elsewhere', { ...headers('tools/list'), 'mcp-param-a': ['b'] }, 'header_mismatch'],
    ['two names', { ...headers('tools/call'), 'mcp-name': ['a', 'a'] }, 'header_mismatch'],
    ['a name without value', { ...headers('tools/call'), 'mcp-name': [] }, 'call_incomplete'],
  ])('%s is refused', (_, sent, code) => expect(asked(sent)).toContain(code));

  test('two methods or versions are none', () => {
    expect(asked({ ...headers('tools/list'), 'mcp-method': ['tools/list', 'tools/list'] })).toEqual([
      'call_incomplete',
      'header_mismatch',
    ]);
    const twice = { ...headers('tools/list'), 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] };
    expect(asked(twice)).toEqual(['call_incomplete', 'header_mismatch']);
  });

  test('custom rules have no arguments to judge there', () => {
    expect(asked(headers('tools/call', 'read_file'), absent, true)).toEqual(['call_incomplete']);
    expect(asked(headers('resources/read', 'file:///a'), absent, true)).toEqual({
      method: 'resources/read',
      uri: 'file:///a',
    });
  });
});

describe('call_from: none', () => {
  test.each(['POST', 'GET', 'DELETE', 'PUT', 'OPTIONS', 'x'])('%s is any call, whatever else is sent', (method) => {
    for (const body of [absent, partial, whole(text), whole('[')]) {
      for (const headers of [undefined, { 'mcp-method': ['tools/list', 'x'], 'mcp-name': ['y'] }])
        expect(found('none', method, body, headers, true)).toEqual({ method: '*' });
    }
  });
});

test('call_from says nothing of the other sources', () => {
  const call: CallSource = { kind: 'call', method: 'tools/call', tool: 'read_file' };
  for (const call_from of ['body', 'headers', 'none'] as const) {
    const options = { custom_rules: false, call_from };
    expect(readCall({ source: call }, options)).toEqual({
      ok: true,
      call: { method: 'tools/call', tool: 'read_file' },
    });
    expect(readCall({ source: { kind: 'body', body: text } }, options)).toMatchObject({ call: { tool: 'read_file' } });
    expect(readCall({}, options)).toMatchObject({ reasons: [{ code: 'call_missing' }] });
  }
});
