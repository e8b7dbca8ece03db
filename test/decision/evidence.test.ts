/** Whatever a client, token or custom rule wrote leaves the process legible, cut, and as well-formed text (contract 2). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidence, legible, MAX_VALUE_LENGTH, MAX_VALUES } from '../../src/decision/evidence.ts';
import { readJson } from '../../src/json/read.ts';

/** Any UTF-16 at all: astral characters, lone surrogates, controls and bidi characters among them, near the limits. */
const unit = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('😀', '\u202e', '\u0000', '\u2066', '\u061c', '\ufeff', 'a'),
);
const hostile = fc
  .tuple(fc.array(unit, { maxLength: 40 }), fc.nat(300), fc.array(unit, { minLength: 1, maxLength: 3 }))
  .map(([start, times, repeated]) => start.join('') + repeated.join('').repeat(times));

describe('a text', () => {
  it('that is harmless and short stays as it is', () => {
    expect(legible('Grüße, 世界 😀')).toBe('Grüße, 世界 😀');
    expect(legible('x'.repeat(255))).toBe('x'.repeat(255));
  });

  it.each([
    ['a character too many', 'x'.repeat(256), `${'x'.repeat(254)}…`],
    ['control characters', 'a\r\n\u0085b', 'a\\u000d\\u000a\\u0085b'],
    ['bidi characters', '\u202etxt\u2069', '\\u202etxt\\u2069'],
    ['a lone surrogate', 'a\ud83db\ude00', 'a\\ud83db\\ude00'],
    ['a pair at the cut', `a${'😀'.repeat(200)}`, `a${'😀'.repeat(126)}…`],
    ['a pair before the cut', '😀'.repeat(200), `${'😀'.repeat(127)}…`],
    ['a pair that escapes push across the cut', `\n${'😀'.repeat(125)}`, `\\u000a${'😀'.repeat(124)}…`],
  ])('with %s', (_, text, shown) => {
    expect(legible(text)).toBe(shown);
  });

  it('of any characters, at any limit, is well-formed, within the limit, and without control or bidi characters', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 300 }), (text, limit) => {
        const shown = legible(text, limit);
        expect(shown.length).toBeLessThanOrEqual(limit);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/u);
        // Whatever is left out is marked.
        if (!shown.endsWith('…')) expect(shown.length).toBeGreaterThanOrEqual(text.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a list of evidence', () => {
  it('shows sixteen values, and marks the cut', () => {
    const values = Array.from({ length: 40 }, (_, at) => at);
    expect(evidence(values.slice(0, 16))).toEqual(values.slice(0, 16));
    expect(evidence(values)).toEqual([...values.slice(0, 15), '…']);
  });

  it('writes a number that strict JSON does not carry as text', () => {
    expect(evidence([0.5, -7, 1e20, 2 ** 53, Number.NEGATIVE_INFINITY])).toEqual([
      0.5,
      -7,
      '100000000000000000000',
      '9007199254740992',
      '-Infinity',
    ]);
  });

  it('of any values is strict JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(hostile, fc.double()), { maxLength: 40 }), (values) => {
        const shown = evidence(values);
        expect(shown.length).toBeLessThanOrEqual(MAX_VALUES);
        for (const value of shown) expect(String(value).length).toBeLessThanOrEqual(MAX_VALUE_LENGTH);
        expect(readJson(JSON.stringify(shown), { depth: 1 })).toEqual({
          ok: true,
          value: JSON.parse(JSON.stringify(shown)),
        });
      }),
    );
  });
});
