/** All checks and tests of the Rego in this project: the core, the helpers of tests, and the recipes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nativeCapabilities } from '../src/policy/capabilities.ts';
import { CORE_DIGEST } from '../src/policy/core.digest.ts';
import { buildCore } from '../src/policy/core.ts';
import { buildPolicies, checkStrictly, openToolchain, type Toolchain, testPolicies } from '../src/policy/custom.ts';
import type { Opa } from '../src/policy/opa.ts';
import { problemAt, type RegoProblem, whole } from '../src/policy/problem.ts';
import { checkReferences } from '../src/policy/references.ts';
import { isTest, readFolder } from '../src/policy/sources.ts';
import { parse } from '../src/policy/syntax.ts';
import { checkCoverage, runTests, type TestRun } from '../src/policy/test.ts';

/** To judge all operations of a server in one evaluation: `opa test` and the differential tests hold it against single ones. */
const REPLACED = { package: 'audgate.decision', target: 'input.registered.operation' };

type Step = { readonly problems: readonly RegoProblem[]; readonly runs?: readonly TestRun[] };

/** @returns the exit code; every step runs, so that one report names all problems */
export async function testProject(opa: Opa, policies: string, print: (line: string) => void): Promise<number> {
  const tools = await openToolchain(opa, policies);
  let failed = false;
  const step = async (name: string, work: Promise<Step>) => {
    const { problems, runs = [] } = await work;
    const counts = runs.map(({ engine, passed, failed: bad }) => `${engine} ${passed} passed, ${bad} failed`);
    print(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${[name, ...counts].join('  ')}`);
    for (const { file, line, column, message, remedy } of problems)
      print(`     ${file}:${line}:${column} ${message}\n       ${remedy}`);
    failed ||= problems.length > 0;
  };
  await step('format', checkFormat(opa, policies));
  await step('core', testCore(tools, policies));
  await step('core.wasm and capabilities are fresh', checkFresh(opa, policies));
  for (const rule of await rulesIn(join(policies, 'recipes')))
    await step(`recipes/${rule}`, testRule(tools, join(policies, 'recipes', rule)));
  return failed ? 1 : 0;
}

/** Folders of rules; one without Rego holds cases of several. */
async function rulesIn(folder: string): Promise<readonly string[]> {
  const { rego } = await readFolder(folder);
  return [...new Set([...rego.keys()].map((file) => file.split('/')[0] ?? ''))];
}

async function checkFormat(opa: Opa, policies: string): Promise<Step> {
  const ran = await opa.run(['fmt', '--list', '--fail', policies]);
  if (ran.code === 0) return { problems: [] };
  const files = ran.stdout.split('\n').filter((file) => file !== '');
  const remedy = `Run: opa fmt --write ${policies}`;
  const problems = files.map((file) => problemAt(whole(file), 'The file is not formatted.', remedy));
  return { problems: problems.length > 0 ? problems : [problemAt(whole(policies), ran.stderr.trim(), remedy)] };
}

/** Strict check with the input's schema, the check of references, every test twice, and full coverage. */
async function testCore(tools: Toolchain, policies: string): Promise<Step> {
  const { rego } = await readFolder(join(policies, 'core'));
  const sources = new Map([...rego, ...tools.testing]);
  const { modules, problems: syntax } = await parse(tools.opa, sources);
  const static_ = [...syntax, ...checkReferences(modules, REPLACED), ...(await checkStrictly(tools, sources))];
  if (static_.length > 0) return { problems: static_ };
  const tested = await runTests(tools, sources);
  const uncovered = await checkCoverage(tools, sources, (file) => rego.has(file) && !isTest(file));
  return { problems: [...tested.problems, ...uncovered], runs: tested.runs };
}

async function checkFresh(opa: Opa, policies: string): Promise<Step> {
  const built = await buildCore(opa, policies);
  if (!built.ok) return { problems: [problemAt(whole('core'), built.output, 'Mend the core.')] };
  const committed = await readFile(join(policies, 'core.wasm'));
  const manifest: unknown = JSON.parse(await readFile(join(policies, 'core.manifest.json'), 'utf8'));
  const capabilities = await readFile(join(policies, 'capabilities.json'), 'utf8');
  const stale = [
    ...(committed.equals(built.wasm) ? [] : ['core.wasm']),
    ...(JSON.stringify(manifest) === JSON.stringify(built.manifest) ? [] : ['core.manifest.json']),
    ...(CORE_DIGEST === built.manifest.digest ? [] : ['core.digest.ts']),
    ...(capabilities === (await nativeCapabilities(opa)) ? [] : ['capabilities.json']),
  ];
  const remedy = 'Run: npm run policy:build -- --capabilities, and review what changed.';
  return {
    problems: stale.map((file) => problemAt(whole(file), 'The file is not what the sources compile to.', remedy)),
  };
}

async function testRule(tools: Toolchain, folder: string): Promise<Step> {
  const tested = await testPolicies(tools, folder);
  if (tested.problems.length > 0) return tested;
  const built = await buildPolicies(tools, folder);
  return built.ok ? tested : built;
}
