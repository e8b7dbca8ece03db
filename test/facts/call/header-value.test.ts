import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparesHeaders, decodeValue } from '../../../src/facts/call/header-value.ts';

const encode = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('a value of Mcp-Name or Mcp-Param-*', () => {
  test.each([
    ['us-west1', 'us-west1'],
    ['', ''],
    ['a b\tc', 'a b\tc'],
    ['=?base64?SGVsbG8sIOS4lueVjA==?=', 'Hello, 世界'],
    ['=?base64?bGluZTEKbGluZTI=?=', 'line1\nline2'],
    ['=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=', '=?base64?literal?='],
    ['=?base64??=', ''],
    ['=?base64?77u/YQ==?=', '\ufeffa'],
    ['=?Base64?YQ==?=', '=?Base64?YQ==?='],
    [' =?base64?YQ==?=', ' =?base64?YQ==?='],
    ['=?base64?YQ==', '=?base64?YQ=='],
  ])('%j stands for %j', (value, text) => expect(decodeValue(value)).toBe(text));

  test.each([
    ['not ASCII', 'größe'],
    ['a line end', 'a\nb'],
    ['a control character', 'a\u0000'],
    ['both markers and no room for them', '=?base64?='],
    ['no padding', '=?base64?YQ?='],
    ['padding with other bits', '=?base64?YR==?='],
    ['the URL alphabet', '=?base64?-_8=?='],
    ['white space in it', '=?base64?Y Q==?='],
    ['bytes that are no UTF-8', '=?base64?/w==?='],
    ['an overlong form', '=?base64?wIA=?='],
    ['half a pair', '=?base64?7aCA?='],
    ['two of them', '=?base64?YQ==?==?base64?YQ==?='],
  ])('%s stands for nothing', (_, value) => expect(decodeValue(value)).toBeNull());

  test('every text has exactly one encoded form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(text.isWellFormed());
        expect(decodeValue(encode(text))).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.base64String(), (encoded) => {
        const text = decodeValue(`=?base64?${encoded}?=`);
        expect(text === null || encode(text) === `=?base64?${encoded}?=`).toBe(true);
      }),
    );
  });
});

test.each([
  ['2026-07-28', true],
  ['2026-07-29', true],
  ['2030-01-01', true],
  ['2026-07-27', false],
  ['2025-11-25', false],
  ['', false],
  ['2026-07-28 ', false],
  ['DRAFT-2026-v1', false],
  ['2026-07-28x', false],
  ['9', false],
])('servers of revision %j compare headers: %s', (version, compares) => {
  expect(comparesHeaders(version)).toBe(compares);
});
