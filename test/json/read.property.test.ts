import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../src/json/read.ts';

const read = (text: string | Uint8Array) => readJson(text, { depth: 32 });

describe('for every value and text', () => {
  /** Texts of any characters; only names that this reader allows. */
  const words = fc.string({ unit: 'binary' }).filter((word) => word.isWellFormed() && word !== '__proto__');
  const values = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 8, withCrossShrink: true },
      words,
      fc.constantFrom(null, true, false, -0, 1e300, 5e-324),
      fc.maxSafeInteger(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n)),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(words, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).value;

  test('it agrees with JSON.parse, in text and bytes, compact and spaced', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        const expected = { ok: true, value: JSON.parse(text) };
        expect(read(text)).toStrictEqual(expected);
        expect(read(new TextEncoder().encode(text))).toStrictEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('it agrees with JSON.parse on fast-check’s own JSON, but for integers that no double holds', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const reading = read(text);
        if (reading.ok) expect(reading.value).toStrictEqual(JSON.parse(text));
        else for (const { message } of reading.problems) expect(message).toMatch(/2\^53|not allowed/);
      }),
    );
  });

  test('it never accepts what JSON.parse refuses, whatever byte was changed', () => {
    fc.assert(
      fc.property(
        values,
        fc.nat(),
        fc.constantFrom(...'{}[],:"\\0-+.eE \u0000\ufeff\ud800x'),
        (value, at, character) => {
          const text = JSON.stringify(value);
          const place = at % (text.length + 1);
          const broken = text.slice(0, place) + character + text.slice(place + 1);
          const reading = read(broken);
          if (reading.ok) expect(reading.value).toStrictEqual(JSON.parse(broken));
          else expect(reading.problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a repeated member is found in whatever object, place and spelling', () => {
    const spell = (name: string, escaped: boolean) =>
      escaped
        ? `"${[...name].map((c) => (c.length === 1 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c)).join('')}"`
        : JSON.stringify(name);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(words, values), { minLength: 1, maxLength: 5, selector: ([name]) => name }),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        values,
        fc.array(fc.constantFrom('array', 'object'), { maxLength: 5 }),
        (members, which, where, escaped, again, around) => {
          const [name] = members[which % members.length] ?? [''];
          const written = members.map(([each, value]) => `${JSON.stringify(each)}:${JSON.stringify(value)}`);
          const twin = `${spell(name, escaped)}:${JSON.stringify(again)}`;
          const place = where % (written.length + 1);
          const object = `{${[...written.slice(0, place), twin, ...written.slice(place)].join(',')}}`;
          const wrap = (inner: string, kind: string) => (kind === 'array' ? `[0,${inner}]` : `{"b":${inner},"c":[]}`);
          const reading = read(around.reduce(wrap, object));
          expect(reading).toMatchObject({
            ok: false,
            problems: [
              { message: expect.stringMatching(/^(is a member that its object has already|has a member twice)$/) },
            ],
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
