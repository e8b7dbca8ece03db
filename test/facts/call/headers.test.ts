import { describe, expect, test } from 'vitest';
import type { CallSource } from '../../../src/decision/facts.ts';
import { readCall } from '../../../src/facts/call/read.ts';
import type { Json } from '../../../src/json/value.ts';

const text = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/a"}}}';
const body = (content: string): CallSource => ({ kind: 'body', body: content });
const message = (content: Json): CallSource => ({ kind: 'message', message: content });
const call: CallSource = { kind: 'call', method: 'tools/call', tool: 'read_file', arguments: { path: '/a' } };

const withHeaders = (headers: Record<string, string[]>, source: CallSource = call) => {
  const reading = readCall({ source, headers }, { custom_rules: false, call_from: 'body' });
  return reading.ok ? null : reading.reasons;
};
const agree = (headers: Record<string, string>, source?: CallSource) =>
  withHeaders(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])), source) === null;

describe('Mcp-Method and Mcp-Name', () => {
  test.each([
    [{}],
    [{ 'mcp-method': ['tools/call'] }],
    [{ 'mcp-name': ['read_file'] }],
    [
      {
        'mcp-method': ['tools/call'],
        'mcp-name': ['read_file'],
        'mcp-param-path': ['/a'],
        'mcp-session-id': ['1', '2'],
      },
    ],
  ])('%j agree', (headers) => {
    expect(withHeaders(headers)).toBeNull();
    expect(withHeaders(headers, body(text))).toBeNull();
  });

  test.each([
    [{ 'mcp-method': ['tools/list'] }, ['tools/call'], ['tools/list'], /mcp-method was expected to be "tools\/call"/],
    [{ 'mcp-method': ['Tools/Call'] }, ['tools/call'], ['Tools/Call'], /found as "Tools\/Call"/],
    [{ 'mcp-name': ['write_file'] }, ['read_file'], ['write_file'], /mcp-name was expected to be "read_file"/],
    [{ 'mcp-name': ['read_file '] }, ['read_file'], ['read_file '], /"read_file "/],
    [{ 'mcp-name': [''] }, ['read_file'], [''], /found as ""/],
    [{ 'mcp-name': [] }, ['read_file'], [], /found 0 times/],
    [{ 'mcp-name': ['read_file', 'read_file'] }, ['read_file'], ['read_file', 'read_file'], /found 2 times/],
    [{ 'mcp-method': ['x'], 'mcp-name': ['y'] }, ['tools/call', 'read_file'], ['x', 'y'], /mcp-method .*; mcp-name /],
    [{ 'mcp-name': ['a\r\nb: c'] }, ['read_file'], ['a\\u000d\\u000ab: c'], /\\u000d/],
  ])('%j differ', (headers, expected, actual, found) => {
    const reasons = [{ code: 'header_mismatch', message: expect.stringMatching(found), expected, actual }];
    expect(withHeaders(headers)).toEqual(reasons);
    expect(withHeaders(headers, body(text))).toEqual(reasons);
  });

  test('name the prompt and the URI too', () => {
    const uri: CallSource = { kind: 'call', method: 'resources/read', uri: 'file:///a' };
    const prompt: CallSource = { kind: 'call', method: 'prompts/get', prompt: 'greet' };
    expect([withHeaders({ 'mcp-name': ['file:///a'] }, uri), withHeaders({ 'mcp-name': ['greet'] }, prompt)]).toEqual([
      null,
      null,
    ]);
    expect(withHeaders({ 'mcp-name': ['file:///A'] }, uri)?.map(({ code }) => code)).toEqual(['header_mismatch']);
  });

  test('a name where the method has none differs', () => {
    const ping: CallSource = { kind: 'call', method: 'ping' };
    expect(withHeaders({ 'mcp-name': ['ping'] }, ping)).toEqual([
      {
        code: 'header_mismatch',
        message: expect.stringContaining('"ping" has no name to repeat'),
        expected: [],
        actual: ['ping'],
      },
    ]);
    expect(withHeaders({ 'mcp-name': [''] }, ping)).not.toBeNull();
  });

  test('a call as a task still has its tool’s name', () => {
    const task = message({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a', task: {} } });
    expect(withHeaders({ 'mcp-method': ['tools/call'], 'mcp-name': ['a'] }, task)).toBeNull();
    expect(withHeaders({ 'mcp-name': ['b'] }, task)).not.toBeNull();
  });

  test('name the task (SEP-2663)', () => {
    const get: CallSource = { kind: 'call', method: 'tasks/get', task: 't1' };
    expect(agree({ 'mcp-name': 't1' }, get)).toBe(true);
    expect(agree({ 'mcp-name': 't2' }, get)).toBe(false);
    const update = message({ jsonrpc: '2.0', id: 1, method: 'tasks/update', params: { taskId: 't1' } });
    expect(agree({ 'mcp-name': 't1' }, update)).toBe(true);
    expect(agree({ 'mcp-name': 't2' }, update)).toBe(false);
  });

  test('name nothing of a completion, of a subscription or of what is no request', () => {
    const ref = { type: 'ref/prompt', name: 'greet' };
    const complete = message({ jsonrpc: '2.0', id: 1, method: 'completion/complete', params: { ref } });
    const listen = message({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { notifications: {} } });
    const response = message({ jsonrpc: '2.0', id: 1, result: {} });
    for (const source of [complete, listen, response]) expect(agree({ 'mcp-name': 'greet' }, source)).toBe(false);
    expect(agree({ 'mcp-method': 'completion/complete' }, complete)).toBe(true);
    expect(agree({ 'mcp-method': 'rpc/response' }, response)).toBe(false);
  });

  test('the name may come encoded, the method may not', () => {
    expect(agree({ 'mcp-name': '=?base64?cmVhZF9maWxl?=' })).toBe(true);
    expect(agree({ 'mcp-name': '=?base64?cmVhZF9maWxlcw==?=' })).toBe(false);
    expect(agree({ 'mcp-name': '=?BASE64?cmVhZF9maWxl?=' })).toBe(false);
    expect(agree({ 'mcp-method': '=?base64?dG9vbHMvY2FsbA==?=' })).toBe(false);
    const literal: CallSource = { kind: 'call', method: 'tools/call', tool: '=?base64?cmVhZF9maWxl?=' };
    expect(agree({ 'mcp-name': '=?base64?cmVhZF9maWxl?=' }, literal)).toBe(false);
    expect(agree({ 'mcp-name': '=?base64?PT9iYXNlNjQ/Y21WaFpGOW1hV3hsPz0=?=' }, literal)).toBe(true);
  });

  test('a name beyond visible ASCII must come encoded', () => {
    const tool: CallSource = { kind: 'call', method: 'tools/call', tool: 'größe' };
    expect(agree({ 'mcp-name': 'größe' }, tool)).toBe(false);
    expect(agree({ 'mcp-name': '=?base64?Z3LDtsOfZQ==?=' }, tool)).toBe(true);
  });

  test('given a million times over are counted, and sixteen of them shown', () => {
    const [, mismatch] = withHeaders({ 'mcp-name': Array.from({ length: 1_000_000 }, () => 'x') }, body('[')) ?? [];
    expect(mismatch?.message).toContain('found 1000000 times');
    expect(mismatch?.actual).toEqual([...Array.from({ length: 15 }, () => 'x'), '…']);
  });

  test('are not compared with a call that nobody could read, but must be single', () => {
    expect(withHeaders({ 'mcp-method': ['x'], 'mcp-name': ['y'] }, body('['))?.map(({ code }) => code)).toEqual([
      'call_malformed',
    ]);
    expect(withHeaders({ 'mcp-method': ['x', 'x'] }, body('['))?.map(({ code }) => code)).toEqual([
      'call_malformed',
      'header_mismatch',
    ]);
  });
});

describe('MCP-Protocol-Version', () => {
  const VERSION = 'io.modelcontextprotocol/protocolVersion';
  const ping = (meta: Json | undefined, id: Json | undefined = 1) =>
    message({
      jsonrpc: '2.0',
      ...(id === undefined ? {} : { id }),
      method: 'ping',
      params: meta === undefined ? {} : { _meta: meta },
    });
  test.each([
    ['2026-07-28', { [VERSION]: '2026-07-28' }],
    ['2027-01-01', { [VERSION]: '2027-01-01' }],
    ['2025-11-25', {}],
    ['2025-11-25', undefined],
    ['1999-01-01', undefined],
    ['', {}],
  ])('%j agrees with _meta %j', (version, meta) => {
    expect(agree({ 'mcp-protocol-version': version }, ping(meta))).toBe(true);
  });

  test.each<[string, Json | undefined]>([
    ['2026-07-28', undefined],
    ['2026-07-28', {}],
    ['2026-07-28', null],
    ['2027-01-01', {}],
    ['2026-07-28', { [VERSION]: '2027-01-01' }],
    ['2025-11-25', { [VERSION]: '2026-07-28' }],
    ['2026-07-28 ', { [VERSION]: '2026-07-28' }],
    ['2026-07-28', { [VERSION]: null }],
    ['2026-07-28', { [VERSION]: ['2026-07-28'] }],
    ['', { [VERSION]: '2026-07-28' }],
  ])('%j differs from _meta %j', (version, meta) => {
    const reasons = withHeaders({ 'mcp-protocol-version': [version] }, ping(meta));
    expect(reasons?.map(({ code }) => code)).toEqual(['header_mismatch']);
  });

  test('is asked of requests, not of notifications, whose headers no revision defines', () => {
    const notification = message({ jsonrpc: '2.0', method: 'notifications/cancelled' });
    expect(agree({ 'mcp-protocol-version': '2026-07-28' }, notification)).toBe(true);
    const response = message({ jsonrpc: '2.0', id: 1, result: {} });
    expect(agree({ 'mcp-protocol-version': '2026-07-28' }, response)).toBe(true);
  });

  test('must be single, and is not compared with a record, which has no _meta', () => {
    expect(agree({ 'mcp-protocol-version': '2026-07-28' })).toBe(true);
    expect(withHeaders({ 'mcp-protocol-version': ['2025-11-25', '2025-11-25'] })).not.toBeNull();
    expect(withHeaders({ 'mcp-protocol-version': [] })).not.toBeNull();
  });
});

describe('Mcp-Param-*', () => {
  const args = {
    region: 'us-west1',
    Count: 42,
    dry: false,
    text: ' padded ',
    greeting: 'Hello, 世界',
    nothing: null,
    ratio: 1.5,
    filter: { region: 'eu', deep: { tenant: 'acme' } },
    list: [{ hidden: 'x' }, 'y'],
  };
  const toolCall = message({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'q', arguments: args } });

  test.each([
    ['region', 'us-west1'],
    ['region', 'eu'],
    ['REGION'.toLowerCase(), 'us-west1'],
    ['count', '42'],
    ['count', '42.0'],
    ['dry', 'false'],
    ['tenant', 'acme'],
    ['text', '=?base64?IHBhZGRlZCA=?='],
    ['greeting', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    ['named-otherwise', 'us-west1'],
    ['named-otherwise', '42'],
    ['named-otherwise', 'acme'],
  ])('%s: %s repeats an argument', (name, value) => {
    expect(agree({ [`mcp-param-${name}`]: value }, toolCall)).toBe(true);
  });

  test.each([
    ['region', 'acme'],
    ['region', ''],
    ['region', 'US-WEST1'],
    ['count', '43'],
    ['count', '42.5'],
    ['count', '4.2e1'],
    ['count', '042'],
    ['count', '0x2a'],
    ['dry', 'False'],
    ['dry', '0'],
    ['nothing', 'null'],
    ['nothing', 'us-west1'],
    ['ratio', '1.5'],
    ['filter', '[object Object]'],
    ['hidden', 'x'],
    ['hidden', 'y'],
    ['greeting', 'Hello, 世界'],
    ['greeting', '=?base64?SGVsbG8sIOS4lueVjA?='],
    ['', 'us-west1'],
    ['constructor', 'Object'],
  ])('%s: %s repeats none', (name, value) => {
    expect(agree({ [`mcp-param-${name}`]: value }, toolCall)).toBe(false);
  });

  test('must be single, and of tools/call', () => {
    expect(withHeaders({ 'mcp-param-region': ['us-west1', 'us-west1'] }, toolCall)).not.toBeNull();
    const get = message({ jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'p', arguments: { a: 'b' } } });
    expect(agree({ 'mcp-param-a': 'b' }, get)).toBe(false);
    expect(agree({ 'mcp-param-a': 'b' }, { kind: 'call', method: 'ping' })).toBe(false);
  });

  test('is not compared with a record that leaves the arguments out', () => {
    expect(agree({ 'mcp-param-a': 'b' }, { kind: 'call', method: 'tools/call', tool: 'q' })).toBe(true);
    expect(agree({ 'mcp-param-a': 'b' }, { kind: 'call', method: 'tools/call', tool: 'q', arguments: {} })).toBe(false);
    expect(agree({ 'mcp-param-a': '=?base64??' }, { kind: 'call', method: 'tools/call', tool: 'q' })).toBe(true);
    expect(agree({ 'mcp-param-a': '=?base64?=' }, { kind: 'call', method: 'tools/call', tool: 'q' })).toBe(false);
  });

  test('thousands of them are one reason of readable length', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`mcp-param-x${at}`, ['z'.repeat(300)]]));
    const [reason] = withHeaders(many, toolCall) ?? [];
    expect(reason?.message).toContain('and 4996 more');
    expect(reason?.message.length).toBeLessThan(2200);
    expect(reason?.actual).toHaveLength(16);
  });
});
