/** Rules of bundles compared: the module decides, and its Rego is only what it says of itself. */
import { expect, test } from 'vitest';
import { compareRules } from '../../src/replay/diff/rules.ts';
import type { OpenedBundle } from '../../src/replay/open.ts';

function bundleOf(digest: string, sources: Readonly<Record<string, string>>): OpenedBundle {
  const rules = [
    { name: 'a', file: 'a.rego' },
    { name: 'b', file: 'b.rego' },
  ];
  const custom = { wasm: new Uint8Array(), digest, rules, denials: new Map() };
  return { custom, registry: null, revision: digest, unverified: false, sources: new Map(Object.entries(sources)) };
}

const names = (before: OpenedBundle, after: OpenedBundle) =>
  compareRules(before, after).map(({ name, change }) => [name, change]);
const SOURCES = { 'a.rego': 'a', 'b.rego': 'b', 'shared.rego': 's' };

test('another module of the same Rego leaves no rule as it was', () => {
  const before = bundleOf('sha256:1', SOURCES);
  expect(names(before, before)).toEqual([]);
  expect(names(before, bundleOf('sha256:2', SOURCES))).toEqual([
    ['rule a', 'changed'],
    ['rule b', 'changed'],
  ]);
});

test('of another module by another file that one is told, and by a shared file each', () => {
  const before = bundleOf('sha256:1', SOURCES);
  expect(names(before, bundleOf('sha256:2', { ...SOURCES, 'b.rego': 'other' }))).toEqual([['rule b', 'changed']]);
  expect(names(before, bundleOf('sha256:2', { ...SOURCES, 'shared.rego': 'other' }))).toHaveLength(2);
});
