/** What the pages show of configurations, registries, rules and diagnostics is read as what they say it is. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { readList } from '../../src/sources/revoked-text.ts';
import { audgate } from '../cli/audgate.ts';
import { PROJECT, scratch } from '../e2e/start.ts';
import { blocksOf } from '../readme/blocks.ts';
import { problemsIn, registryOf, registryText } from '../registry/example.ts';

async function blockOf(page: string, language: string): Promise<string> {
  const blocks = blocksOf(await readFile(join(PROJECT, `docs/${page}.md`), 'utf8'));
  const [only, ...more] = blocks.filter((block) => block.language === language);
  expect(more, `docs/${page}.md shows more ${language} than is tried here`).toEqual([]);
  return only?.text ?? 'none';
}

test.each(['log', 'shadow', 'revocation'])('the configuration of docs/%s.md is one', async (page) => {
  const text = await blockOf(page, 'yaml');
  expect(readConfig(text, '/etc/audgate/config.yaml')).toMatchObject({ ok: true });
});

test('the waivers of docs/waivers.md stand at a server of a registry', async () => {
  const server = `tools: { read_file: {} }\n${(await blockOf('waivers', 'yaml')).trimEnd()}`;
  expect(problemsIn(registryText({ server }))).toEqual([]);
  const files = registryOf(registryText({ server })).servers.get('files');
  expect(files?.waivers.map(({ what }) => what)).toEqual(['audience', 'lifetime', 'observe']);
});

test('the entries of docs/revocation.md revoke', async () => {
  const { entries, problems } = await readList(await blockOf('revocation', 'jsonl'));
  expect(problems).toEqual([]);
  expect(entries.map(({ by }) => by)).toEqual(['sub', 'jti', 'client_id', 'issued_before', 'issued_before']);
});

test('the head of docs/shadow.md makes a rule that only reports', { timeout: 120_000 }, async () => {
  const folder = await scratch();
  const head = await blockOf('shadow', 'rego');
  await writeFile(
    join(folder, 'night_limit.rego'),
    `${head}\ndefault satisfied := false\n\nsatisfied if input.time.hour < 22\n\ndenials contains {"code": "night"} if input.time.hour >= 22\n`,
  );
  const bundle = join(folder, 'rules.tar.gz');
  const built = await audgate(['policy', 'build', folder, '-o', bundle]);
  expect(built.code, built.stderr).toBe(0);
  const { stdout } = await audgate(['policy', 'inspect', bundle]);
  expect(stdout).toMatch(/night_limit.*report/);
});

test('what docs/shadow.md shows of the log is JSON', async () => {
  expect(JSON.parse(await blockOf('shadow', 'json'))).toMatchObject({ kind: 'would_deny', untold: 0 });
});
