import { expect, it } from 'vitest';
import { nearestName } from '../../src/json/nearest.ts';

const KNOWN = ['registry', 'listen', 'limits', 'may'];

it.each([
  ['registy', 'registry'],
  ['Listen', 'listen'],
  ['lisetn', 'listen'],
  ['limit', 'limits'],
  ['my', 'may'],
  ['x', undefined],
  ['something', undefined],
  ['', undefined],
  ['r'.repeat(100_000), undefined],
])('%.20s → %s', (found, expected) => {
  expect(nearestName(found, KNOWN)).toBe(expected);
});
