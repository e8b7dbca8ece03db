import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCoreManifest } from '../../src/policy/manifest.ts';

const released = await readFile('policies/core.manifest.json', 'utf8');

test('the released manifest is one', () => {
  expect(readCoreManifest(released)?.rules.map(({ name }) => name)).toContain('audience');
});

test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['another value', '[]'],
  ['no rules', JSON.stringify({ ...JSON.parse(released), rules: undefined })],
  ['a rule without file', JSON.stringify({ ...JSON.parse(released), rules: [{ name: 'a', title: '', reasons: [] }] })],
  ['a member that nobody knows', JSON.stringify({ ...JSON.parse(released), more: 1 })],
])('%s is none', (_, text) => {
  expect(readCoreManifest(text)).toBeNull();
});
