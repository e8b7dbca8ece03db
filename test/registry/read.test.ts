/** What two readers of a file could understand differently is refused. */
import { describe, expect, test } from 'vitest';
import { problemsIn, registryOf, registryText, told } from './example.ts';

describe('a file is refused', () => {
  test.each([
    ['a duplicate key', 'servers: {}\nservers: {}\n', 'error /servers 2:1', 'stands here twice'],
    ['a duplicate that looks different', 'labels:\n  "1": 1\n  1: 2\n', 'error /labels/1 3:3', 'stands here twice'],
    ['a duplicate in JSON', '{"servers":{},"servers":{}}', 'error /servers 1:15', 'stands here twice'],
    ['several documents', 'servers: {}\n---\nservers: {}\n', 'error  2:1', 'several documents'],
    ['binary', 'servers: !!binary aGk=\n', 'error  1:10', 'Unresolved tag'],
    ['a tag of its own', 'servers: !x {}\n', 'error  1:10', 'Unresolved tag'],
    ['a core tag', 'servers: !!map {}\n', 'error /servers 1:16', 'tag'],
    ['YAML 1.1', '%YAML 1.1\n---\nservers: {}\n', 'error  3:1', 'YAML 1.1'],
    ['a mapping as key', '? {a: 1}\n: 2\n', 'error  1:3', 'keys must be strings'],
    ['an unknown alias', 'servers: *a\n', 'error /servers 1:10', 'No anchor &a'],
    ['a circular alias', 'servers: &a { x: *a }\n', 'error /servers/x 1:18', 'No anchor &a'],
    ['broken syntax', 'servers: {\n', 'error  2:1', 'not well-formed'],
    ['nothing', '', 'error  1:1', 'empty'],
    ['only a comment', '# soon\n', 'error  1:1', 'empty'],
    ['a merge key', 'servers: { <<: {} }\n', 'error /servers/<< 1:12', 'a key of letters'],
  ])('for %s', (_, text, place, says) => {
    const [first, ...more] = problemsIn(text);
    expect(first === undefined ? '' : told(first)).toBe(place);
    expect(first?.message).toContain(says);
    if (!says.includes('key of letters')) expect(more.filter(({ path }) => path !== first?.path)).toEqual([]);
  });

  test('for aliases that expand without end, and at once', () => {
    const levels = Array.from({ length: 30 }, (_, n) =>
      n === 0 ? 'l0: &l0 [1, 1]' : `l${n}: &l${n} [*l${n - 1}, *l${n - 1}]`,
    );
    const problems = problemsIn(`labels:\n${levels.map((line) => `  ${line}\n`).join('')}`);
    expect(problems.map(({ message }) => message)).toEqual(['The aliases of this file expand too far.']);
  });

  const maps = (levels: number) => `${'{ a: '.repeat(levels)}1${' }'.repeat(levels)}`;
  const lines = (levels: number) => Array.from({ length: levels }, (_, at) => `${' '.repeat(at)}a:\n`).join('');
  test.each([
    ['flow mappings', registryText({ server: `labels: ${maps(40)}` }), '12:158'],
    ['block mappings', lines(33), '33:33'],
    ['lists on one line', `${'- '.repeat(33)}x`, '1:65'],
    ['far more than a parser can stand', maps(1500), '1:161'],
    ['far more block mappings', lines(1500), '33:33'],
    ['brackets without end', '['.repeat(20_000), '1:33'],
  ])('for what is nested deeper than a request may be, with one clear problem: %s', (_, text, place) => {
    const problems = problemsIn(text);
    expect(problems.map(told)).toEqual([`error  ${place}`]);
    expect(problems[0]?.message).toBe('Nested deeper than 32 levels.');
  });

  test('for aliases that nest deeper than that, one in the other', () => {
    const levels = Array.from({ length: 2000 }, (_, n) => `l${n}: &l${n} { a: { a: ${n === 0 ? 1 : `*l${n - 1}`} } }`);
    const problems = problemsIn(`labels:\n${levels.map((line) => `  ${line}\n`).join('')}`);
    expect(new Set(problems.map(({ message }) => message))).toEqual(new Set(['Nested deeper than 32 levels.']));
    expect(problems[0]?.path).toBe('/labels/l15/a/a');
  });
});

test('32 levels of nesting are read', () => {
  expect(problemsIn(registryText({ server: `labels: ${'{ a: '.repeat(29)}1${' }'.repeat(29)}` }))).toEqual([]);
});

test('anchors may spare repetition', () => {
  const registry = registryOf(
    registryText({ server: 'tools: { a: &read { scopes: [files:read] }, b: *read, c: *read }' }),
  );
  const operation = registry.servers.get('files')?.operation({ method: 'tools/call', tool: 'c' });
  expect(operation?.scopes).toEqual(['files:read']);
});

test('core schema: yes is a word, a timestamp is text', () => {
  const registry = registryOf(registryText({ server: 'labels: { a: yes, b: 2026-01-01, c: 0x10, d: null, e: true }' }));
  expect(registry.servers.get('files')?.labels).toEqual({ a: 'yes', b: '2026-01-01', c: 16, d: null, e: true });
});

test('a problem below an alias is shown at the alias', () => {
  const problems = problemsIn(registryText({ server: 'tools: { a: &x { scope: [] }, b: *x }' }));
  expect(problems.map(told)).toEqual([
    'error /servers/files/tools/a/scope 12:22',
    'error /servers/files/tools/b/scope 12:38',
  ]);
});

test('problems show nothing of a syntax error’s surroundings', () => {
  expect(JSON.stringify(problemsIn('issuers: { corp: { jwks: { keys: [{ d: "hunter2" '))).not.toContain('hunter2');
});
