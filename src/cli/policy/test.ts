/** `audgate policy test`: Rego tests on both engines, and case files. */
import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option } from 'commander';
import { coverageOf, gapsOf } from '../../testing/coverage.ts';
import { junit } from '../../testing/junit.ts';
import { count } from '../../testing/run.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { type Add, examples, once } from '../options.ts';
import { allThere } from '../paths.ts';
import { print, printJson, shown } from '../terminal.ts';
import { addVerification, readVerification, type VerificationFlags } from '../verification.ts';
import { caseFailed, namedByCases } from './cases.ts';
import { mutate } from './mutate.ts';
import { printReport } from './print-report.ts';
import { hasErrors } from './problems.ts';
import { type Report, runTests, type TestOptions } from './run-tests.ts';
import { again } from './watch.ts';

interface Flags extends Omit<TestOptions, 'key'>, VerificationFlags {
  readonly json?: true;
  readonly junit?: string;
  readonly coverage?: true;
  readonly requireCoverage?: true;
  readonly mutate?: true;
  readonly minScore?: number;
  readonly watch?: true;
}

export const addTest: Add = (group, host, finish) => {
  const command = group
    .command('test')
    .description('Run each *_test.rego on OPA’s own engine and compiled to WebAssembly, and each cases/*.yaml.')
    .argument('<dir>', 'folder of Rego files and cases')
    .addOption(once('--filter <text>', 'run only what has this in its name: tests, cases, case files'))
    .addOption(
      new Option('--engine <engine>', 'wasm: cases alone, on the compiled policy, without OPA')
        .choices(['all', 'wasm'])
        .default('all'),
    )
    .addOption(once('--bundle <file>', 'built rules, for cases in place of those that their files name'));
  addVerification(command)
    .option('--coverage', 'tell which rules, tools, prompts and resources no case allows or denies')
    .option('--require-coverage', 'the same, and end with 1 where there are such')
    .option('--mutate', 'then change registry and rules, one place at a time, and list what no test or case notices')
    .addOption(
      new Option('--min-score <percent>', 'with --mutate: end with 1 where fewer changes are noticed')
        .argParser(percentage)
        .implies({ mutate: true }),
    )
    .addOption(once('--junit <file>', 'write the results as JUnit XML too'))
    .option('--watch', 'run again whenever a file changes, in the folder or named by its cases, until Ctrl-C')
    .option('--json', 'print {"problems": […], "runs": […], "cases": […], "counts": {…}}')
    .addHelpText(
      'after',
      examples(
        'audgate policy test ./rules',
        'audgate policy test . --filter refund',
        'audgate policy test . --coverage',
        'audgate policy test . --mutate --min-score 95',
        'audgate policy test . --engine wasm --bundle rules.tar.gz --junit results.xml',
      ),
    )
    .action((folder: string, flags: Flags) => finish(test(folder, flags, host)));
};

async function test(folder: string, flags: Flags, host: Host): Promise<Exit> {
  const { bundle } = flags;
  const wanted = bundle === undefined ? [] : [{ path: bundle, as: '--bundle', kind: 'file' } as const];
  if (!(await allThere(host, [{ path: folder, as: 'the folder', kind: 'folder' }, ...wanted]))) return EXIT.usage;
  const verification = await readVerification(flags, host, bundle !== undefined);
  if (!verification.ok) return EXIT.usage;
  const options = { ...flags, key: verification.key };
  if (!flags.watch) return run(folder, options, host);
  const beside = async () => [...(await namedByCases(folder)), ...(bundle === undefined ? [] : [bundle])];
  return again(() => run(folder, options, host), { folder, beside, written: flags.junit }, host);
}

async function run(folder: string, flags: Flags & Pick<TestOptions, 'key'>, host: Host): Promise<Exit> {
  const report = await runTests(folder, flags, host);
  if (report === null) return EXIT.usage;
  if (!flags.mutate) return tell(folder, report, flags, host);
  const { problems, cases, tools } = report;
  // What fails already would be taken for what notices.
  if (hasErrors(problems) || cases.some(caseFailed)) return tell(folder, report, flags, host);
  return mutate(folder, flags, tools, host);
}

function percentage(value: string): number {
  const number = Number(value);
  if (!/^\d{1,3}$/.test(value) || number > 100) throw new InvalidArgumentError('Write a whole number, 0 to 100.');
  return number;
}

async function tell(folder: string, report: Report, flags: Flags, host: Host): Promise<Exit> {
  const { problems, runs, cases, untested } = report;
  const coverage = flags.coverage || flags.requireCoverage ? coverageOf(cases) : null;
  const gaps = coverage === null ? [] : gapsOf(coverage);
  if (flags.json) {
    const counts = count(cases);
    printJson(host.stdout, { problems, runs, cases, counts, ...(coverage && { coverage: { ...coverage, gaps } }) });
  } else {
    printReport(folder, report, coverage, host);
  }
  if (flags.junit !== undefined && !(await written(flags.junit, junit(report), host))) return EXIT.usage;
  if (hasErrors(problems) || cases.some(caseFailed)) return EXIT.refused;
  const ran = runs.some(({ tests }) => tests.length > 0) || cases.some((file) => file.ok && file.cases.length > 0);
  if (flags.filter !== undefined && !ran) {
    print(host.stderr, `audgate: nothing has ${shown(flags.filter)} in its name, so nothing was tested`);
    return EXIT.usage;
  }
  if (untested) {
    print(host.stderr, 'audgate: the Rego tests did not run, because there is no OPA; --engine wasm leaves them out');
    return EXIT.usage;
  }
  return flags.requireCoverage && gaps.length > 0 ? EXIT.refused : EXIT.fine;
}

async function written(path: string, text: string, host: Host): Promise<boolean> {
  try {
    await writeFile(path, text);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
    print(host.stderr, `audgate: ${shown(path)} cannot be written (${code}); choose another with --junit`);
    return false;
  }
}
