/** Forms in which identifiers are compared for lint and messages; never to decide. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { folded, normalised, withoutTrailingSlashes } from '../../src/registry/uri.ts';

describe('the normalised form', () => {
  test.each([
    ['HTTPS://A.example:443/./mcp/', 'https://a.example/mcp'],
    ['https://a.example', 'https://a.example'],
    ['https://a.example///', 'https://a.example'],
    ['https://a.example/mcp//?q=/#f/', 'https://a.example/mcp?q=/#f'],
    ['no url//', 'no url'],
    ['//', ''],
    ['', ''],
  ])('of %s is %s', (identifier, form) => {
    expect(normalised(identifier)).toBe(form);
    expect(folded(identifier)).toBe(form.replace(/^https:/, '').toLowerCase());
  });
});

/** Milliseconds, a thousand times what linear work takes; quadratic work takes half a minute, and is ended. */
const ENDLESS = 5000;
const ends = (work: () => unknown): unknown => runInNewContext('work()', { work }, { timeout: ENDLESS });

// A client writes such texts, and none may stop the process.
describe('two hundred thousand slashes', () => {
  const slashes = '/'.repeat(200_000);

  test.each([
    ['in a path', `https://a.example/${slashes}a`, 200_019],
    ['in a query', `https://a.example/?${slashes}a`, 200_019],
    ['in no URL', `${slashes}a`, 200_001],
  ])('%s are normalised at once', (_, text, length) => {
    expect(ends(() => normalised(text))).toHaveLength(length);
  });

  test('at the end are taken off', () => {
    expect(withoutTrailingSlashes(`a/b${slashes}`)).toBe('a/b');
  });
});
