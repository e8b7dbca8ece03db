/** The page about users says what is so: its registry loads, its cases hold, its challenge is the one that is sent. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRegistryText } from '../../src/registry/load.ts';
import { runCaseFile } from '../../src/testing/run.ts';
import { PROJECT, scratch } from '../e2e/start.ts';
import { NOW } from '../property/world.ts';
import { blocksOf } from '../readme/blocks.ts';
import { runParts } from '../testing/parts.ts';

test('docs/step-up.md', async () => {
  const blocks = blocksOf(await readFile(join(PROJECT, 'docs/step-up.md'), 'utf8'));
  const [registry = '', cases = ''] = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text);
  const loaded = loadRegistryText(registry, { now: NOW, file: 'registry.yaml' });
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
  const folder = await scratch();
  await writeFile(join(folder, 'registry.yaml'), registry);
  const [challenge = ''] = blocks.filter(({ language }) => language === 'http').map(({ text }) => text.trim());
  const [, status, header = ''] = /^(\d+) (.*)$/.exec(challenge) ?? [];
  // The page shows the challenge of the one case that is refused for it.
  const shown = `reasons: [authentication_insufficient], status: ${status}`;
  expect(cases).toContain(shown);
  const challenged = cases.replace(
    shown,
    `${shown}, challenge: { headers: { www-authenticate: [${JSON.stringify(header)}] } }`,
  );
  await writeFile(join(folder, 'cases.yaml'), challenged);
  const result = await runCaseFile(join(folder, 'cases.yaml'), await runParts());
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.cases.flatMap(({ name, differences }) => differences.map((one) => `${name}: ${one}`))).toEqual([]);
  expect(result.cases.length).toBeGreaterThan(4);
});
