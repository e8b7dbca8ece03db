import { describe, expect, test } from 'vitest';
import type { CallSource } from '../../../src/decision/facts.ts';
import { readCall } from '../../../src/facts/call/read.ts';
import type { Json } from '../../../src/json/value.ts';

const text = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/a"}}}';
const body = (content: string): CallSource => ({ kind: 'body', body: content });
const message = (content: Json): CallSource => ({ kind: 'message', message: content });
const call: CallSource = { kind: 'call', method: 'tools/call', tool: 'read_file', arguments: { path: '/a' } };

describe('Mcp-Method and Mcp-Name', () => {
  const withHeaders = (headers: Record<string, string[]>, source: CallSource = call) => {
    const reading = readCall({ source, headers }, { custom_rules: false, call_from: 'body' });
    return reading.ok ? null : reading.reasons;
  };

  test.each([
    [{}],
    [{ 'mcp-method': ['tools/call'] }],
    [{ 'mcp-name': ['read_file'] }],
    [
      {
        'mcp-method': ['tools/call'],
        'mcp-name': ['read_file'],
        'mcp-param-path': ['/b'],
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
    [
      { 'mcp-name': ['=?base64?cmVhZF9maWxl?='] },
      ['read_file'],
      ['=?base64?cmVhZF9maWxl?='],
      /encoded form is not supported/,
    ],
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
    const told: CallSource = { kind: 'call', method: 'tools/call', tool: 'a', task: 't1' };
    expect(withHeaders({ 'mcp-name': ['a'] }, told)).toBeNull();
    expect(withHeaders({ 'mcp-name': ['t1'] }, { kind: 'call', method: 'tasks/get', task: 't1' })).toBeNull();
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
