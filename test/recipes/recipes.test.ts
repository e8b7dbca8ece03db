/** The recipes: each is whole, passes its own tests on every engine, and has cases that notice a lost condition. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { codesOf } from '../../build/rego-metadata.ts';
import { audgate } from '../cli/audgate.ts';

const RECIPES = 'policies/recipes';
/** The folder `together` holds no rule, but cases for which all of them decide. */
const names = (await readdir(RECIPES)).filter((name) => name !== 'together').sort();

interface CaseFile {
  readonly cases: readonly {
    readonly name: string;
    readonly expect: { readonly decision: string; readonly reasons: readonly string[] };
  }[];
}

async function casesOf(name: string): Promise<CaseFile['cases']> {
  const folder = join(RECIPES, name, 'cases');
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  return files.flatMap((text) => (parse(text) as CaseFile).cases);
}

/** A copy to change. */
async function copyOf(name: string): Promise<{ readonly folder: string; readonly rule: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-recipe-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(RECIPES, name), folder, { recursive: true });
  return { folder, rule: join(folder, `${name}.rego`) };
}

test('there are ten and more', () => {
  expect(names.length).toBeGreaterThanOrEqual(10);
});

test('all pass, and nearly every mistake in rules and registry is noticed', { timeout: 300_000 }, async () => {
  const { code, stdout, stderr } = await audgate(['policy', 'test', RECIPES]);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toMatch(/Rego tests on opa: [1-9]\d* passed, 0 failed/);
  expect(stdout).toMatch(/Rego tests on wasm: [1-9]\d* passed, 0 failed/);
  const mutated = await audgate(['policy', 'test', RECIPES, '--mutate', '--min-score', '95']);
  expect(mutated.code, mutated.stdout).toBe(0);
});

test('all can be loaded at once: they are one bundle', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-recipes-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { code, stdout, stderr } = await audgate(['policy', 'build', RECIPES, '-o', join(folder, 'bundle.tar.gz')]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`rules ${names.join(', ')}`);
});

describe.each(names)('%s', (name) => {
  test('holds the rule, its tests and cases', async () => {
    const text = await readFile(join(RECIPES, name, `${name}.rego`), 'utf8');
    expect(text).toContain(`\npackage custom.${name}\n`);
    expect(text).toContain('\ndefault satisfied := false\n');
    expect(await readFile(join(RECIPES, name, `${name}_test.rego`), 'utf8')).toContain(`package custom.${name}_test\n`);
    expect((await casesOf(name)).length).toBeGreaterThan(5);
  });

  test('has a case for each of its codes, one that it lets pass, and one that is not its business', async () => {
    const cases = await casesOf(name);
    const seen = new Set(cases.flatMap(({ expect: { reasons } }) => reasons));
    const codes = codesOf(await readFile(join(RECIPES, name, `${name}.rego`), 'utf8'));
    expect(codes.filter((code) => !seen.has(`custom:${name}/${code}`))).toEqual([]);
    expect(cases.filter(({ expect: { decision } }) => decision === 'allow').length).toBeGreaterThan(1);
    expect(seen).toContain('tool_unknown');
  });
});

/** One condition of each, whose loss would open most. */
const LOST: readonly (readonly [string, string])[] = [
  ['amount_steps', '\tstep.scope in input.token.scopes\n'],
  ['argument_limit', '\tis_number(given)\n'],
  ['break_glass', '\tinput.now < window.until\n'],
  ['office_hours', '\tinput.time.weekday <= 5\n'],
  ['path_prefix', '\tregex.match(`^(/[A-Za-z0-9_-][A-Za-z0-9_. -]*)+$`, input.call.arguments.path)\n'],
  ['tenant_limit', '\tis_number(listed)\n'],
  ['two_person', '\tapproval.arguments == input.call.arguments\n'],
];

test.each(LOST)('%s without %j fails one of its cases', async (name, condition) => {
  const { folder, rule } = await copyOf(name);
  // The Rego tests would notice too: the cases alone must.
  await rm(join(folder, `${name}_test.rego`));
  const text = await readFile(rule, 'utf8');
  expect(text).toContain(condition);
  await writeFile(rule, text.replace(condition, ''));
  const { code, stdout } = await audgate(['policy', 'test', folder]);
  expect(code, stdout).toBe(1);
  expect(stdout).toMatch(/cases\/\w+\.yaml:\d+: failed: /);
});
