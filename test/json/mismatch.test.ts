import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { mismatches } from '../../src/json/mismatch.ts';

const schema = z.strictObject({
  name: z.string(),
  list: z.array(z.strictObject({ count: z.int() })).optional(),
  map: z.record(z.string(), z.strictObject({ colour: z.string().exactOptional() })).default({}),
  either: z
    .union([z.string(), z.strictObject({ base64: z.string() })], { error: 'must be one of two' })
    .nullable()
    .optional(),
});

function found(value: unknown, notes = {}) {
  const parsed = schema.safeParse(value);
  return mismatches(schema, value, parsed.error?.issues ?? [], notes).map(
    ({ pointer, message }) => `${pointer}: ${message}`,
  );
}

describe('a mismatch is told by pointer, with what was expected and found', () => {
  it.each([
    ['nothing', { name: 'x', either: { base64: '' } }, []],
    ['a missing member', {}, ['/name: is missing: expected a string']],
    ['null', { name: null }, ['/name: must be a string, and is null']],
    ['a list for a text', { name: [] }, ['/name: must be a string, and is a list']],
    [
      'a member in a list',
      { name: '', list: [{ count: 1 }, { count: 1.5 }] },
      ['/list/1/count: must be an integer, and is a number'],
    ],
    ['the root', 7, [': must be an object, and is a number']],
    ['neither of two', { name: '', either: 7 }, ['/either: must be one of two']],
    ['inside one of two', { name: '', either: { base64: 7 } }, ['/either/base64: must be a string, and is a number']],
    ['a near name', { name: '', lists: [] }, ['/lists: is an unknown member: did you mean "list"?']],
    [
      'a near name in a list',
      { name: '', list: [{ count: 1, cuont: 1 }] },
      ['/list/0/cuont: is an unknown member: did you mean "count"?'],
    ],
    [
      'a near name in a map',
      { name: '', map: { a: { color: '' } } },
      ['/map/a/color: is an unknown member: did you mean "colour"?'],
    ],
    [
      'a near name in one of two',
      { name: '', either: { base64: '', base46: 1 } },
      ['/either/base46: is an unknown member: did you mean "base64"?'],
    ],
    ['a far name', { name: '', zzzzzz: 1 }, ['/zzzzzz: is an unknown member: expected one of name, list, map, either']],
    ['a name with a slash', { name: '', 'na/me': 1 }, ['/na~1me: is an unknown member: did you mean "name"?']],
  ])('%s', (_, value, expected) => {
    expect(found(value)).toEqual(expected);
  });

  it('all at once', () => {
    expect(found({ nam: 1, list: {}, map: { a: 1 } })).toHaveLength(4);
  });

  it('without names that are unfit to repeat: too long, or not plain', () => {
    const long = 'secret'.repeat(20);
    expect(found({ name: '', [long]: 1, 'new\nline': 1, '"><script>': 1 }).join()).not.toMatch(/secret|\n|script/);
    expect(found({ name: '', map: { [long]: { colour: 1 } } })).toEqual(['/map: must be a string, and is a number']);
  });

  it('with a note where there is one', () => {
    expect(found({ name: '', proof: {} }, { '/proof': 'comes later' })).toEqual(['/proof: comes later']);
  });

  it('no more than 16 of them, however many there are', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => at);
    const unknown = Object.fromEntries(many.map((at) => [`x${at}`, 1]));
    expect(found({ name: '', list: many })).toHaveLength(16);
    expect(found({ name: '', ...unknown })).toHaveLength(16);
    expect(found({ name: '', either: { base64: '', ...unknown } })).toHaveLength(16);
  });
});
