import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCall } from '../../../src/facts/call/read.ts';
import type { JsonObject } from '../../../src/json/value.ts';
import { callOf, readMessage, request } from './request.ts';

const malformed = ['call_malformed'];
describe('names that another reader takes for those that are read', () => {
  const full = { name: 'a', uri: 'u', arguments: {}, _meta: {}, ref: { type: 't', name: 'n', uri: 'u' } };

  test.each([
    [
      'Id',
      'ID',
      'Method',
      'METHOD',
      'Params',
      'paramſ',
      'JSONRPC',
      'jſonrpc',
      'Result',
      'erRor',
      'x\u0000',
      '\u007f',
      '\u0085',
    ],
  ])('at the root', (...names) => {
    for (const name of names) expect(callOf(request('tools/call', full, { [name]: 1 })), name).toEqual(malformed);
  });

  test.each([
    [
      'Name',
      'URI',
      'Arguments',
      'argumentſ',
      'Ref',
      'Task',
      'taſk',
      'tas\u212A',
      'taſ\u212A',
      'taskid',
      'tas\u212AId',
      'taskID',
    ],
    ['Notifications', 'notificationſ', '_Meta', '_META', 'a\nb'],
  ])('in params', (...names) => {
    for (const name of names) expect(callOf(request('tools/call', { ...full, [name]: 1 })), name).toEqual(malformed);
  });

  test.each([['Type', 'Name', 'uRi', 'a\u0000']])('in params.ref', (...names) => {
    for (const name of names)
      expect(callOf(request('completion/complete', { ...full, ref: { ...full.ref, [name]: 1 } })), name).toEqual(
        malformed,
      );
  });

  test.each([['IO.modelcontextprotocol/x', 'io.modelcontextprotocol\uff0f', 'io.ModelContextProtocol/x', 'a\u0009']])(
    'in params._meta',
    (upper, other, mixed, control) => {
      const meta = (name: string) => callOf(request('ping', { _meta: { [name]: 1 } }));
      expect([meta(upper), meta(mixed), meta(control)]).toEqual([malformed, malformed, malformed]);
      expect(meta('io.modelcontextprotocol/protocolVerſion')).toEqual({ method: 'ping' });
      expect(meta(other)).toEqual({ method: 'ping' });
    },
  );

  test('two of MCP’s own names in params._meta do not fold alike', () => {
    const own = 'io.modelcontextprotocol/';
    const meta = (a: string, b: string) => callOf(request('ping', { _meta: { [a]: 1, [b]: 2 } }));
    expect(meta(`${own}logLevel`, `${own}loglevel`)).toEqual(malformed);
    expect(meta(`${own}logLevel`, `${own}clientInfo`)).toEqual({ method: 'ping' });
    expect(meta('traceId', 'traceid')).toEqual({ method: 'ping' });
  });

  test('also without the name itself', () => {
    expect(callOf({ jsonrpc: '2.0', id: 1, Method: 'ping' })).toEqual(malformed);
    expect(callOf(request('tools/call', { Name: 'delete_all' }))).toEqual(malformed);
  });

  test('names that are read elsewhere, or only look alike, are data', () => {
    expect(
      callOf(request('ping', { Method: 1, Id: 2, names: 3, ｎame: 4, nаme: 5 }, { Name: 1, URI: 2, ıd: 3 })),
    ).toEqual({
      method: 'ping',
    });
    expect(callOf(request('ping', { _meta: { Name: 1 }, ref: 'Name' }))).toEqual({ method: 'ping' });
  });

  test('the reason names both', () => {
    const reading = readMessage(request('tools/call', { name: 'read_file', Name: 'delete_all' }));
    expect(reading).toMatchObject({
      ok: false,
      reasons: [
        { code: 'call_malformed', expected: ['name'], actual: ['Name'], message: expect.stringContaining('"Name"') },
      ],
    });
    expect(readMessage(request('ping', { '\u001b[2J': 1 }))).toMatchObject({
      reasons: [{ message: expect.stringContaining('"\\u001b[2J"') }],
    });
  });

  test('every spelling that differs in case alone is found, and nothing else', () => {
    const names = ['name', 'uri', 'arguments', 'ref', 'task', 'taskId', 'notifications', '_meta'];
    const spellings = (letter: string) => {
      const cases = [letter, letter.toLowerCase(), letter.toUpperCase()];
      return letter === 's' ? [...cases, 'ſ'] : letter === 'k' ? [...cases, '\u212A'] : cases;
    };
    const spelt = fc
      .constantFrom(...names)
      .chain((name) => fc.tuple(...[...name].map((letter) => fc.constantFrom(...spellings(letter)))))
      .map((letters) => letters.join(''));
    const others = fc.stringMatching(/^[^\p{Cc}]*$/u);
    fc.assert(
      fc.property(fc.oneof(spelt, others), (name) => {
        if (name === 'task') return;
        const impostor = names.some((known) => known !== name && new RegExp(`^${known}$`, 'iu').test(name));
        expect(callOf(request('ping', { [name]: {} }))).toEqual(impostor ? malformed : { method: 'ping' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('arguments that custom rules judge', () => {
  const withArguments = (args: JsonObject) => request('tools/call', { name: 'pay', arguments: args });

  test.each<JsonObject>([
    { amount: 1, Amount: 1000 },
    { a: { b: [0, { x: 1, X: 2 }] } },
    { task: 1, 'taſ\u212A': 2 },
    { σ: 1, ς: 2 },
  ])('%j is call_malformed while custom rules exist', (args) => {
    expect(callOf(withArguments(args), true)).toEqual(malformed);
    expect(callOf(withArguments(args), false)).toEqual({ method: 'tools/call', tool: 'pay', arguments: args });
  });

  test.each<JsonObject>([
    { a: { x: 1 }, b: { X: 1 } },
    { a: [{ x: 1 }, { X: 2 }] },
    { ss: 1, ß: 2 },
    { 'a\u0000': 1 },
    { Name: 1 },
  ])('%j is judged', (args) => expect(callOf(withArguments(args), true)).toMatchObject({ arguments: args }));

  test('of the caller’s own record too', () => {
    const source = { kind: 'call', method: 'tools/call', tool: 'pay', arguments: { amount: 1, AMOUNT: 2 } } as const;
    expect(readCall({ source }, { custom_rules: true, call_from: 'body' })).toMatchObject({
      ok: false,
      reasons: [{ code: 'call_malformed' }],
    });
    expect(readCall({ source }, { custom_rules: false, call_from: 'body' })).toMatchObject({ ok: true });
  });
});
