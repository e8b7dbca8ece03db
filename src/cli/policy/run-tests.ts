/** One run of all tests under a folder: `*_test.rego` on both engines, and case files. */

import type { SigningKey } from '../../policy/bundle-signature.ts';
import { type Toolchain, testPolicies } from '../../policy/custom.ts';
import type { RegoProblem } from '../../policy/problem.ts';
import { isTest, readFolder } from '../../policy/sources.ts';
import type { TestRun, TestTools } from '../../policy/test.ts';
import { readBuiltRules } from '../../testing/custom.ts';
import type { FileResult } from '../../testing/run.ts';
import type { Host } from '../host.ts';
import { print } from '../terminal.ts';
import { isCaseFile, runCases } from './cases.ts';
import { hasErrors } from './problems.ts';
import { toolchain } from './toolchain.ts';

export interface TestOptions {
  /** `wasm`: without OPA; `all`: with it, where there is one. */
  readonly engine: 'all' | 'wasm';
  /** A part of the names of tests, cases or case files. */
  readonly filter?: string;
  /** Built rules, for cases in place of those that their files name. */
  readonly bundle?: string;
  /** What the bundle must be signed with; null or absent: its signature is not looked at. */
  readonly key?: SigningKey | null;
}

export interface Report {
  readonly problems: readonly RegoProblem[];
  readonly runs: readonly TestRun[];
  readonly cases: readonly FileResult[];
  /** Null: there was no OPA; cases then did not run through `opa eval`. */
  readonly tools: Toolchain | null;
  /** Rego tests are there, and nothing could run them. */
  readonly untested: boolean;
}

/** @returns null when the bundle cannot be used, or there is neither OPA nor a case; standard error says which */
export async function runTests(folder: string, options: TestOptions, host: Host): Promise<Report | null> {
  const { engine, filter, bundle, key = null } = options;
  const built = bundle === undefined ? null : await readBuiltRules(bundle, key);
  if (built !== null && 'problems' in built) {
    print(host.stderr, ...built.problems.map(({ message }) => `audgate: ${message}`));
    return null;
  }
  const { rego, others } = await readFolder(folder);
  const hasCases = others.some(isCaseFile);
  const tools = engine === 'wasm' ? null : await toolchain(host);
  if (tools === null && !hasCases) {
    print(host.stderr, 'audgate: there are no cases (cases/*.yaml) that could be run without OPA');
    return null;
  }
  const note =
    tools === null ? 'running cases on WebAssembly and HTTP alone, without OPA …' : 'testing on both engines …';
  print(host.stderr, `audgate: ${note}`);
  const untested = tools === null && engine === 'all' && [...rego.keys()].some(isTest);
  // A folder of case files alone is fine; one with neither is not what was meant.
  const onlyCases = tools === null || (rego.size === 0 && hasCases);
  const { problems, runs } = onlyCases
    ? { problems: [], runs: [] }
    : await testPolicies(filtered(tools, filter), folder);
  // Rules that do not compile would fail every case for the same reason.
  const broken = hasErrors(problems) && runs.length === 0;
  const cases = broken ? [] : await runCases(folder, { tools, rules: built, filter }, host);
  return { problems, runs, cases, tools, untested };
}

const filtered = (tools: Toolchain, only: string | undefined): Toolchain & TestTools =>
  only === undefined ? tools : { ...tools, only };
