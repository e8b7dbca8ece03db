/** `audgate policy test`: Rego tests on both engines, and case files. */
import { testPolicies } from '../../policy/custom.ts';
import { readFolder } from '../../policy/sources.ts';
import type { TestRun } from '../../policy/test.ts';
import { type Counts, count } from '../../testing/run.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples } from '../options.ts';
import { allThere } from '../paths.ts';
import { painter, print, printJson } from '../terminal.ts';
import { caseFailed, isCaseFile, printCases, runCases } from './cases.ts';
import { hasErrors, printRegoProblems } from './problems.ts';
import { toolchain } from './toolchain.ts';

interface Flags {
  readonly json?: true;
}

export const addTest: Add = (group, host, finish) => {
  group
    .command('test')
    .description('Run each *_test.rego on OPA’s own engine and compiled to WebAssembly, and each cases/*.yaml.')
    .argument('<dir>', 'folder of Rego files')
    .option('--json', 'print {"problems": […], "runs": […], "cases": […], "counts": {…}}')
    .addHelpText('after', examples('audgate policy test ./rules', 'audgate policy test ./rules --json'))
    .action((folder: string, flags: Flags) => finish(test(folder, flags, host)));
};

async function test(folder: string, flags: Flags, host: Host): Promise<Exit> {
  if (!(await allThere(host, [{ path: folder, as: 'the folder', kind: 'folder' }]))) return EXIT.usage;
  const tools = await toolchain(host);
  if (tools === null) return EXIT.usage;
  print(host.stderr, 'audgate: testing on both engines …');
  const { rego, others } = await readFolder(folder);
  // A folder of case files alone is fine; one with neither is not what was meant.
  const onlyCases = rego.size === 0 && others.some(isCaseFile);
  const { problems, runs } = onlyCases ? { problems: [], runs: [] } : await testPolicies(tools, folder);
  // Rules that do not compile would fail every case for the same reason.
  const cases = hasErrors(problems) && runs.length === 0 ? [] : await runCases(tools, folder, host);
  const counts = count(cases);
  if (flags.json) {
    printJson(host.stdout, { problems, runs, cases, counts });
  } else {
    printRegoProblems(host, 'stdout', folder, problems);
    printCases(cases, host);
    printCounts(runs, counts, host);
  }
  return hasErrors(problems) || cases.some(caseFailed) ? EXIT.refused : EXIT.fine;
}

function printCounts(runs: readonly TestRun[], counts: Counts, host: Host): void {
  const paint = painter(host.stdout, host.env);
  for (const { engine, passed, failed } of runs) {
    const line = `Rego tests on ${engine}: ${passed} passed, ${failed} failed`;
    print(host.stdout, paint(failed > 0 ? 'red' : 'green', line));
  }
  const { policy, facts, failed, unusable } = counts;
  if (policy + facts + unusable === 0) return;
  const ways = `${policy} through opa eval, WASM and HTTP, ${facts} through decide and HTTP`;
  const broken = unusable > 0 ? `, ${unusable} files cannot be run` : '';
  const line = `Cases: ${ways}; ${failed} failed${broken}`;
  print(host.stdout, paint(failed + unusable > 0 ? 'red' : 'green', line));
}
