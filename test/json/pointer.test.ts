import { expect, it } from 'vitest';
import { plainPointerTo, pointerTo } from '../../src/json/pointer.ts';

it('a pointer escapes its names, and shows all of them (RFC 6901 §3)', () => {
  expect(pointerTo([])).toBe('');
  expect(pointerTo(['a/b', 'c~d', '~1', '', 0])).toBe('/a~1b/c~0d/~01//0');
});

it('a plain pointer ends before the first name that is not plain', () => {
  expect(plainPointerTo(['a', 0, 'b/c', 'd'])).toBe('/a/0/b~1c/d');
  for (const name of ['', 'a b', 'a~b', 'ä', '\u202e', 'x'.repeat(65)]) {
    expect(plainPointerTo(['a', name, 'b'])).toBe('/a');
  }
});
