import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../../../src/facts/call/fold.ts';

/** The platform's own simple case folding: ECMA-262 defines /iu by it. */
const alike = (a: string, b: string) => new RegExp(`^${literal(a)}$`, 'iu').test(b);
const literal = (text: string) => [...text].map((c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`).join('');

const characters: readonly string[] = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));
const CASED = /[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u;
const cased = characters.filter((character) => CASED.test(character));

describe('fold', () => {
  test.each([
    ['Name', 'name'],
    ['paramſ', 'params'],
    ['taſ\u212A', 'task'],
    ['ΣΑΣ', 'σας'],
    ['STRAẞE', 'straße'],
    ['\u{10400}', '\u{10428}'],
    ['Ꭰ', 'ꭰ'],
    ['\ufb05', '\ufb06'],
  ])('%s is %s', (a, b) => expect(fold(a)).toBe(fold(b)));

  test.each([
    ['straße', 'strasse'],
    ['İd', 'id'],
    ['ıd', 'id'],
    ['é', 'e\u0301'],
    ['ﬁ', 'fi'],
    ['ａ', 'a'],
  ])('%s is not %s', (a, b) => expect(fold(a)).not.toBe(fold(b)));

  test('every character with case folds with those, and only those, that /iu finds alike', () => {
    const text = cased.join('');
    const classes = Map.groupBy(cased, fold);
    for (const character of cased) {
      const found = text.match(new RegExp(literal(character), 'giu'));
      expect(classes.get(fold(character)), literal(character)).toEqual(found);
    }
  });

  test('a character without case is its own fold', () => {
    const others = characters.filter((character) => !CASED.test(character));
    expect(others.filter((character) => fold(character) !== character)).toEqual([]);
  });

  test('texts are alike as /iu finds them, whatever stands around a character', () => {
    const letters = fc.constantFrom(...'aAkK\u212ASsſΣσςıIiİßẞ\ufb05\ufb06\u0390\u1fd3\u{10400}\u{10428}');
    const pairs = fc.array(fc.tuple(letters, letters), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(pairs, fc.boolean(), (drawn, same) => {
        // Half the texts differ in case alone, as far as that goes, so that both answers are met often.
        const a = drawn.map(([letter]) => letter).join('');
        const b = same
          ? drawn.map(([letter]) => letter.toUpperCase()).join('')
          : drawn.map(([, letter]) => letter).join('');
        expect(fold(a) === fold(b)).toBe(alike(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test('a fold is its own fold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fold(fold(text))).toBe(fold(text));
      }),
    );
  });
});
