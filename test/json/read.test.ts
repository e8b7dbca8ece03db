import { describe, expect, test } from 'vitest';
import { readJson } from '../../src/json/read.ts';

const read = (text: string | Uint8Array, depth = 32) => readJson(text, { depth });
const problemsOf = (text: string | Uint8Array, depth = 32) => {
  const reading = read(text, depth);
  return reading.ok ? [] : reading.problems;
};
const accepts = (text: string) => expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) });
const refuses = (text: string | Uint8Array, pointer: string, message: RegExp) =>
  expect(problemsOf(text)).toEqual([{ pointer, message: expect.stringMatching(message) }]);

describe('what everyone reads alike is read', () => {
  test.each([
    'null',
    ' [1, 2.5, -0, 1e300, 0.1, 0e5, -0.0, 9007199254740991, -9007199254740991] ',
    '{"a":{"a":{"b":[{"a":1},{"a":2}]}}}',
    '{"constructor":1,"prototype":2,"toString":3,"hasOwnProperty":4}',
    '{"":"","a:b":"x:y","{\\"":"[\\\\","\\u005c\\u0022":":"}',
    '["\\ud83d\\ude00","😀","\\\\ud800","\\u0000"]',
    '{"1":1,"01":2,"0":3}',
    '{"A":1,"a":2,"ä":3,"a\u0308":4}',
    '"9007199254740993"',
    '{"\\u005f_proto_":1,"__proto":2}',
  ])('%s', accepts);

  test('names that every object inherits are members only where the text has them', () => {
    const reading = read('{"constructor":1}');
    if (!reading.ok) throw new Error('refused');
    const value = reading.value as object;
    expect([Object.hasOwn(value, 'constructor'), Object.hasOwn(value, 'toString')]).toEqual([true, false]);
  });

  test('bytes are read as UTF-8, also out of a larger buffer', () => {
    const bytes = Buffer.from('xx{"ä":"😀"}xx', 'utf8');
    expect(read(bytes.subarray(2, -2))).toEqual({ ok: true, value: { ä: '😀' } });
  });
});

describe('what readers disagree about is refused, with its place', () => {
  test.each([
    ['{"a":1,"a":1}', '/a', /already/],
    ['{"x":[0,{"a":1,"\\u0061":2}]}', '/x/1/a', /already/],
    ['{"a":{"b":1},"c":{"b":1,"b":{}}}', '/c/b', /already/],
    ['{"":1,"":2}', '', /a member twice/],
    ['{"a/b-c":1,"a/b-c":2}', '/a~1b-c', /already/],
    ['{"__proto__":{}}', '/__proto__', /not allowed/],
    ['[{"\\u005f\\u005fproto__":null}]', '/0/__proto__', /not allowed/],
    ['["\\ud800"]', '/0', /lone surrogate/],
    ['{"a":"x\\uDC00y"}', '/a', /lone surrogate/],
    ['{"a":"\ud800"}', '/a', /lone surrogate/],
    ['{"a":"\ud83d\\ude00"}', '/a', /lone surrogate/],
    ['{"a":{"\\ud800":1}}', '/a', /name with a lone surrogate/],
    ['{"a":1e400}', '/a', /beyond the range/],
    ['[-1E+999]', '/0', /beyond the range/],
    [`[${'9'.repeat(400)}]`, '/0', /beyond the range/],
    ['[1e-400]', '/0', /reads as 0/],
    [`[0.${'0'.repeat(400)}1]`, '/0', /reads as 0/],
    ['[9007199254740992]', '/0', /2\^53/],
    ['{"n":-9007199254740992}', '/n', /2\^53/],
    ['[123456789012345678901234567890]', '/0', /2\^53/],
    ['\ufeff{}', '', /byte order mark/],
  ])('%j', (text, pointer, message) => refuses(text, pointer, message));

  test.each([
    ['invalid bytes', [0x22, 0xff, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut character', [0x22, 0xf0, 0x9f, 0x98, 0x22]],
  ])('%s is not UTF-8', (_, bytes) => refuses(Uint8Array.from(bytes), '', /UTF-8/));

  test('a byte order mark in bytes', () => refuses(Uint8Array.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), '', /byte order/));
});

describe('depth', () => {
  test('[] is one level', () => {
    expect(read('[]', 1).ok).toBe(true);
    expect(read('{"a":1}', 1).ok).toBe(true);
    expect(read('[[]]', 1).ok).toBe(false);
    expect(read(`${'['.repeat(32)}${']'.repeat(32)}`, 32).ok).toBe(true);
    expect(read(`${'[{"a":'.repeat(16)}[]${'}]'.repeat(16)}`, 32).ok).toBe(false);
  });

  test('brackets in strings are none, and siblings are not deeper', () => {
    expect(read('["[[[[","]]{{\\"[["]', 1).ok).toBe(true);
    expect(read('[[],[],[{}],[]]', 3).ok).toBe(true);
  });

  test('100,000 brackets are refused before they become a value', () => {
    expect(problemsOf('['.repeat(100_000), 2)).toEqual([
      { pointer: '/0/0', message: expect.stringMatching(/deeper than 2/) },
    ]);
    expect(problemsOf('{"a":'.repeat(100_000), 2)[0]?.pointer).toBe('/a/a');
  });
});

describe('what JSON.parse refuses is refused, with its place', () => {
  test.each([
    ['', '', /ends too early/],
    ['  ', '', /ends too early/],
    ['{"a":[1,', '/a/1', /ends too early/],
    ['{"a":1', '/a', /ends too early/],
    ['{"a":1,}', '', /character 8/],
    ['[1,]', '/1', /no JSON value at character 4/],
    ['[1 2]', '/0', /character 4/],
    ['{} {}', '', /character 4/],
    ['{"a" 1}', '/a', /character 6/],
    ["{'a':1}", '', /character 2/],
    ['[01]', '/0', /no JSON value/],
    ['[1.]', '/0', /no JSON value/],
    ['[+1]', '/0', /no JSON value/],
    ['[-]', '/0', /no JSON value/],
    ['[NaN]', '/0', /no JSON value/],
    ['[Infinity]', '/0', /no JSON value/],
    ['[tru]', '/0', /no JSON value/],
    ['["a\nb"]', '/0', /badly escaped/],
    ['["\\x41"]', '/0', /badly escaped/],
    ['{"a":"b', '/a', /not closed/],
    ['[1]]', '', /character 4/],
    ['{"a":1]', '/a', /character 7/],
    ['// x\n{}', '', /no JSON value/],
    ['\u00a01', '', /no JSON value/],
  ])('%j', (text, pointer, message) => {
    expect(() => JSON.parse(text)).toThrow();
    refuses(text, pointer, message);
  });
});

describe('the list of problems', () => {
  test('holds each, in the order of the text', () => {
    const text = '{"a":1e999,"b":{"c":9007199254740992,"c":"\\ud800"},"__proto__":[1e-999]}';
    expect(problemsOf(text).map(({ pointer }) => pointer)).toEqual([
      '/a',
      '/b/c',
      '/b/c',
      '/b/c',
      '/__proto__',
      '/__proto__/0',
    ]);
  });

  test('holds nothing that is right', () => {
    expect(problemsOf('[true,false,null,"1e999",1e3,1e999]')).toEqual([
      { pointer: '/5', message: expect.stringMatching(/beyond the range/) },
    ]);
  });

  test('ends after 16', () => {
    expect(problemsOf(`[${'1e999,'.repeat(100)}0]`)).toHaveLength(16);
    expect(problemsOf(`{${'"a":1,'.repeat(100)}"b":0}`)).toHaveLength(16);
    expect(problemsOf(`[${'1e999,'.repeat(100)}`)).toHaveLength(16);
  });

  test('goes on to the place where the text is no JSON', () => {
    expect(problemsOf('{"a":1,"a":2,').map(({ message }) => message)).toEqual([
      expect.stringMatching(/already/),
      expect.stringMatching(/ends too early/),
    ]);
  });

  test('messages repeat nothing of the text, and pointers no long or broken name', () => {
    const secret = 's3cret';
    for (const text of [`{"a":"${secret}\\ud800"}`, `["${secret}\n"]`, `[${secret}]`, `{"${secret}":1,"${secret}":2}`])
      for (const { message } of problemsOf(text)) expect(message).not.toContain(secret);
    expect(problemsOf(`{"a":{"${'x'.repeat(256)}":[1e999]}}`)[0]?.pointer).toBe('/a');
    expect(problemsOf('{"a":{"\\ud800":[1e999]}}').map(({ pointer }) => pointer)).toEqual(['/a', '/a']);
  });

  test.each([
    ['right-to-left override', 'a\u202eb'],
    ['control', 'a\u0007b'],
    ['line break', 'a\nb'],
    ['markup', '"><script>'],
    ['token', `eyJ${'x'.repeat(80)}.eyJ${'y'.repeat(80)}.z`],
    ['other letters', 'naïve'],
  ])('pointers end before a name that is not plain: %s', (_, name) => {
    const text = JSON.stringify({ a: { [name]: { b: [1e300] } } }).replace('1e+300', '1e999');
    expect(problemsOf(text)).toEqual([{ pointer: '/a', message: expect.stringMatching(/beyond the range/) }]);
    const twice = `{"a":{${JSON.stringify(name)}:1,${JSON.stringify(name)}:2}}`;
    expect(problemsOf(twice)).toEqual([{ pointer: '/a', message: 'has a member twice' }]);
  });
});

describe('hostile texts cost time and memory in proportion to their length', () => {
  // A reader that is quadratic, or recurses on the text, does not end within the time that a test has.
  test.each([
    ['brackets', '['.repeat(2e6), false],
    ['quotes', '"'.repeat(2e6), false],
    ['backslashes', `["${'\\'.repeat(2e6)}"]`, true],
    ['escaped quotes', `["${'\\"'.repeat(1e6)}"]`, true],
    ['short strings', `[${'"",'.repeat(1e6)}""]`, true],
    ['short strings before one backslash', `[${'"",'.repeat(1e6)}"\\n"]`, true],
    ['digits', `[${'9'.repeat(2e6)}]`, false],
    ['a long fraction', `0.${'0'.repeat(2e6)}1`, false],
    ['one repeated name', `{${'"a":1,'.repeat(2e5)}"a":1}`, false],
    ['a long name around many defects', `{"${'x'.repeat(2e6)}":[${'1e999,'.repeat(20)}0]}`, false],
    ['spaces', `${' '.repeat(2e6)}1`, true],
  ])('%s', (_, text, accepted) => expect(read(text).ok).toBe(accepted));
});
