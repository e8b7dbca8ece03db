import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallSource } from '../../../src/decision/facts.ts';
import { comparePrecedence } from '../../../src/decision/reasons.ts';
import { type CallAsk, readCall } from '../../../src/facts/call/read.ts';
import type { Json } from '../../../src/json/value.ts';

const read = (ask: CallAsk, custom_rules = false) => readCall(ask, { custom_rules, call_from: 'body' });
const codes = (ask: CallAsk, custom_rules = false) => {
  const reading = read(ask, custom_rules);
  return reading.ok ? [] : reading.reasons.map(({ code }) => code);
};
const text = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/a"}}}';
const body = (content: string | Uint8Array): CallSource => ({ kind: 'body', body: content });
const message = (content: Json): CallSource => ({ kind: 'message', message: content });
const readFile = { method: 'tools/call', tool: 'read_file', arguments: { path: '/a' } } as const;
const call: CallSource = { kind: 'call', ...readFile };

describe('the three sources', () => {
  test('say the same', () => {
    expect(read({ source: call })).toEqual({ ok: true, call: readFile });
    expect(read({ source: message(JSON.parse(text)) })).toEqual({ ok: true, call: readFile, request_id: 7 });
    expect(read({ source: body(text) })).toEqual({ ok: true, call: readFile, request_id: 7 });
    expect(read({ source: body(Buffer.from(text)) })).toEqual({ ok: true, call: readFile, request_id: 7 });
  });

  test('none is call_missing', () => {
    expect(read({})).toEqual({ ok: false, reasons: [expect.objectContaining({ code: 'call_missing' })] });
  });

  test.each([
    ['', /ends too early/],
    ['{', /ends too early/],
    [
      '{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call"}',
      /"\/method" is a member that its object has already/,
    ],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":1e400}}', /"\/params\/a" is a number beyond/],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', /"\/id" is an integer beyond/],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":{"__proto__":{"name":"x"}}}', /not allowed/],
    ['{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}', /lone surrogate/],
    ['\ufeff{}', /byte order mark/],
    ['['.repeat(100_000), /deeper than 32/],
    [Uint8Array.from([0xff]), /UTF-8/],
  ])('a body that is no strict JSON is call_malformed: %j', (content, found) => {
    const reading = read({ source: body(content) });
    expect(reading).toEqual({
      ok: false,
      reasons: [
        {
          code: 'call_malformed',
          message: expect.stringMatching(found),
          expected: ['strict JSON'],
          actual: expect.any(Array),
        },
      ],
    });
  });

  test('all problems of a body are listed', () => {
    const reading = read({ source: body('{"a":1e400,"a":1e-400}') });
    if (reading.ok) throw new Error('read');
    expect(reading.reasons[0]?.actual).toHaveLength(3);
    expect(reading.reasons[0]?.message).toContain('(and 2 more)');
  });
});

describe('the id that an error body answers', () => {
  const idOf = (content: Json) => read({ source: message(content) }).request_id;
  test.each<[string, Json, unknown]>([
    ['a number', { jsonrpc: '2.0', id: 0, method: 'ping' }, 0],
    ['a text', { jsonrpc: '2.0', id: 'x', method: 'ping' }, 'x'],
    ['none', { jsonrpc: '2.0', method: 'ping' }, undefined],
    ['of a call that is malformed', { jsonrpc: '2.0', id: 4, method: 'tools/call' }, 4],
    ['one that is no id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }, undefined],
    ['a list', { jsonrpc: '2.0', id: [1], method: 'ping' }, undefined],
    ['of a batch', [{ jsonrpc: '2.0', id: 4, method: 'ping' }], undefined],
    ['one that is no well-formed text', { jsonrpc: '2.0', id: '\ud800', method: 'ping' }, undefined],
    ['one too long to repeat', { jsonrpc: '2.0', id: 'x'.repeat(256), method: 'ping' }, undefined],
  ])('%s', (_, content, id) => expect(idOf(content)).toBe(id));

  test('a call with an id too long to repeat is read all the same', () => {
    expect(codes({ source: message({ jsonrpc: '2.0', id: 'x'.repeat(256), method: 'ping' }) })).toEqual([]);
  });
});

describe('the scheme', () => {
  test.each([undefined, 'Bearer', 'bearer', 'BEARER', 'bEaReR', 'DPoP', 'dpop', 'DPOP'])('%s is supported', (scheme) =>
    expect(codes({ source: call, ...(scheme === undefined ? {} : { scheme }) })).toEqual([]),
  );
  test.each(['Digest', 'Basic'])('%j is scheme_unsupported', (scheme) => {
    const reading = read({ source: call, scheme });
    expect(reading).toEqual({
      ok: false,
      reasons: [
        {
          code: 'scheme_unsupported',
          message: expect.stringMatching(/^Expected the scheme Bearer or DPoP, found .*\. Send /),
          expected: ['Bearer', 'DPoP'],
          actual: [scheme],
        },
      ],
    });
  });
  // What stands where a scheme should may be the token itself, sent without one.
  test.each(['', 'Bearer ', 'Bearer\u212A', 'opaque-token-5151'])(
    '%j is scheme_unsupported, and not repeated',
    (scheme) => {
      const reading = read({ source: call, scheme });
      const message =
        'Expected the scheme Bearer or DPoP, found something else. Send the access token with scheme Bearer, or DPoP with a proof.';
      expect(reading).toEqual({
        ok: false,
        reasons: [{ code: 'scheme_unsupported', message, expected: ['Bearer', 'DPoP'] }],
      });
    },
  );
});

describe('the caller’s own record', () => {
  const reasons = (record: object, custom_rules = false) =>
    codes({ source: { kind: 'call', ...record } as CallSource }, custom_rules);

  test.each([
    { method: 'ping' },
    { method: 'prompts/get', prompt: 'greet', arguments: {} },
    { method: 'resources/read', uri: 'file:///a' },
    { method: 'tools/call', tool: 'read_file' },
    { method: 'tasks/get', task: 't1' },
    { method: 'vendor/method', tool: 'read_file' },
    { method: 'completion/complete', prompt: 'greet' },
    { method: 'completion/complete', uri: 'file:///{path}' },
    { method: 'subscriptions/listen', lists: ['tools/list'], uris: ['file:///a'], tasks: ['t1'] },
    { method: 'subscriptions/listen', uris: [] },
    { method: 'http/get' },
    { method: 'http/delete' },
    { method: 'rpc/response' },
  ])('%j is read as it is', (record) =>
    expect(read({ source: { kind: 'call', ...record } })).toEqual({ ok: true, call: record }),
  );

  test.each([
    { method: '' },
    { method: 'a\u0000' },
    { method: 'tools/call' },
    { method: 'tools/call', tool: '' },
    { method: 'tools/call', tool: 'a\nb' },
    { method: 'tools/call', prompt: 'a' },
    { method: 'tools/call', tool: 'a', prompt: 'b' },
    { method: 'prompts/get', tool: 'a' },
    { method: 'ping', tool: 'a', uri: 'b' },
    { method: 'ping', tool: 'a' },
    { method: 'http/get', uri: 'b' },
    { method: '*' },
    { method: 'completion/complete' },
    { method: 'completion/complete', prompt: 'a', uri: 'b' },
    { method: 'completion/complete', tool: 'a' },
    { method: 'tasks/get' },
    { method: 'tasks/get', task: '' },
    { method: 'tasks/get', uri: 'a' },
    { method: 'tools/call', tool: 'read_file', task: 't1' },
    { method: 'tools/call', task: 't1' },
    { method: 'tasks/list', task: 't1' },
    { method: 'subscriptions/listen' },
    { method: 'subscriptions/listen', uris: ['a'], uri: 'b' },
    { method: 'subscriptions/listen', uris: [''] },
    { method: 'subscriptions/listen', uris: ['a b'] },
    { method: 'subscriptions/listen', lists: ['roots/list'] },
    { method: 'resources/read', uri: 'file:///a', uris: ['file:///b'] },
    { method: 'ping', lists: ['tools/list'] },
    { method: 'vendor/method', tool: 'a', uri: 'b' },
    { method: 'resources/read', tool: 'a' },
    { method: 'resources/read', uri: '\ud800' },
  ])('%j is call_malformed', (record) => expect(reasons(record)).toEqual(['call_malformed']));

  test('one list named very often is call_malformed', () => {
    const listen = (count: number) =>
      reasons({ method: 'subscriptions/listen', lists: Array(count).fill('tools/list') });
    expect([listen(256), listen(257)]).toEqual([[], ['call_malformed']]);
  });

  test('without arguments it is call_incomplete while custom rules exist', () => {
    for (const record of [
      { method: 'tools/call', tool: 'a' },
      { method: 'prompts/get', prompt: 'a' },
    ]) {
      expect(reasons(record, true)).toEqual(['call_incomplete']);
      expect(reasons(record, false)).toEqual([]);
      expect(reasons({ ...record, arguments: {} }, true)).toEqual([]);
    }
    expect(reasons({ method: 'resources/read', uri: 'file:///a' }, true)).toEqual([]);
    expect(reasons({ method: 'ping' }, true)).toEqual([]);
  });

  test('a message without arguments has none, and is complete', () => {
    const source = message({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'a' } });
    expect(read({ source }, true)).toEqual({ ok: true, call: { method: 'tools/call', tool: 'a', arguments: {} } });
  });
});

describe('a body with Content-Encoding', () => {
  const sent = (...values: string[]) => codes({ source: body(text), headers: { 'content-encoding': values } });
  test.each([[[]], [['']], [['identity']], [['Identity']]])('%j is read', (values) => {
    expect(sent(...values)).toEqual([]);
  });
  test.each([[['br']], [['GZIP']], [['identity', 'gzip']], [['identity, br']]])(
    '%j is call_malformed: text that is JSON as it stands may be another message once decoded',
    (values) => expect(sent(...values)).toEqual(['call_malformed']),
  );
});

describe('a body whose Content-Type names another charset', () => {
  const sent = (...values: string[]) => codes({ source: body(text), headers: { 'content-type': values } });
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=UTF8',
    'text/plain',
    '',
  ])('%s is read', (value) => expect(sent(value)).toEqual([]));
  test.each([
    'application/json; charset=utf-7',
    'application/json; charset=utf-16le',
    'application/json; charset=utf-8; charset=utf-7',
    'application/json; charset=utf-7; charset=utf-8',
    "application/json; charset*=utf-7''utf-7",
    'application/json; CHARSET = "utf-7"',
    'application/json; charset=',
    'application/json, text/plain; charset=utf-8',
  ])('%s is call_malformed: a server may read another message in the same bytes', (value) => {
    expect(sent(value)).toEqual(['call_malformed']);
  });
  test('counts wherever it stands', () => {
    expect(sent('application/json', 'application/json; charset=utf-7')).toEqual(['call_malformed']);
  });
});

describe('all reasons of the stage', () => {
  test('are given, one a code, in the order of precedence', () => {
    const incomplete: CallSource = { kind: 'call', method: 'tools/call', tool: 'a' };
    const headers = { 'mcp-name': ['b'], 'mcp-method': ['c'] };
    expect(codes({ scheme: 'Basic', source: incomplete, headers }, true)).toEqual([
      'scheme_unsupported',
      'call_incomplete',
      'header_mismatch',
    ]);
    expect(codes({ scheme: 'Basic', source: body('') })).toEqual(['scheme_unsupported', 'call_malformed']);
    expect(codes({ scheme: 'Basic' })).toEqual(['scheme_unsupported', 'call_missing']);
  });

  test('whatever a client writes is read or refused, never thrown, and every evidence is cut', () => {
    const strings = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('tools/call', 'ping', '2.0', 'name', 'x'.repeat(1000)),
    );
    const keys = fc.oneof(
      fc.constantFrom(
        'jsonrpc',
        'id',
        'method',
        'params',
        'name',
        'Name',
        'arguments',
        '_meta',
        'ref',
        'task',
        'result',
      ),
      strings,
    );
    const json = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 3 },
        strings,
        fc.double({ noNaN: true }),
        fc.constantFrom(null, true),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(keys, tie('json'), { maxKeys: 5, noNullPrototype: true }),
      ),
    })).json;
    const likely = fc.tuple(strings, json).map(([method, params]) => ({ jsonrpc: '2.0', id: 1, method, params }));
    const sources = fc.oneof(
      json.map(message),
      likely.map(message),
      json.map((value) => body(JSON.stringify(value))),
      strings.map(body),
      fc.uint8Array().map(body),
    );
    const headers = fc.dictionary(fc.constantFrom('mcp-name', 'mcp-method', 'x'), fc.array(strings, { maxLength: 20 }));
    fc.assert(
      fc.property(sources, headers, strings, fc.boolean(), (source, given, scheme, custom) => {
        const reading = read({ source, headers: given, scheme }, custom);
        if (reading.ok) return;
        const found = reading.reasons.map(({ code }) => code);
        expect(found).toEqual([...new Set(found)].sort(comparePrecedence));
        for (const { message: sentence, expected = [], actual = [] } of reading.reasons) {
          expect(sentence).toMatch(/^[^\p{Cc}\p{Cs}]{1,2200}$/u);
          for (const list of [expected, actual]) {
            expect(list.length).toBeLessThanOrEqual(16);
            for (const value of list) expect(String(value)).toMatch(/^[^\p{Cc}\p{Cs}]{0,255}$/u);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
