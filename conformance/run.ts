/** `npm run conformance`: sends the cases through a gateway and tells what came of them. */
import { readFile, writeFile } from 'node:fs/promises';
import { painter, print } from '../src/cli/terminal.ts';
import { CASES, SECTIONS } from './cases/all.ts';
import type { Case } from './cases/case.ts';
import type { Result } from './judge/judge.ts';
import { HELP, type Options, readOptions, type StartThem, Usage } from './options.ts';
import { NotReady, openStage } from './own.ts';
import { type GatewayRun, withTable } from './report/page.ts';
import { counts, reportLines } from './report/terminal.ts';
import { OWN, startStage } from './started.ts';
import { runSuite, type Stage } from './suite.ts';
import { setupScript } from './world/setup.ts';

const PAGE = new URL('../docs/gateways.md', import.meta.url);
const { stdout, stderr } = process;

try {
  process.exitCode = await run(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Usage || error instanceof NotReady)) throw error;
  print(stderr, error.message, ...(error instanceof Usage ? ['`--help` tells more.'] : []));
  process.exitCode = 2;
}

async function run(options: Options): Promise<number> {
  if (options.mode === 'help') return told(HELP);
  if (options.mode === 'gateway' && options.printSetup) return told(setupScript(options).trimEnd());
  const cases = CASES.filter(({ name }) => name.includes(options.case));
  if (cases.length === 0) throw new Usage(`No case has "${options.case}" in its name.`);
  const runs = options.mode === 'gateway' ? [await runOwn(options, cases)] : await runStarted(options, cases);
  if (options.json) stdout.write(`${JSON.stringify({ runs: runs.map(summed) }, null, 2)}\n`);
  else
    for (const { gateway, results } of runs)
      print(stdout, ...reportLines(gateway, results, stdout, painter(stdout, process.env)));
  return runs.some(({ results }) => results.some(({ ok }) => !ok)) ? 1 : 0;
}

interface Run {
  readonly gateway: string;
  readonly results: readonly Result[];
}

async function runOwn(options: Extract<Options, { mode: 'gateway' }>, cases: readonly Case[]): Promise<Run> {
  const stage = await openStage(options);
  try {
    return { gateway: options.url, results: await suite(options.url, stage, cases) };
  } finally {
    await stage.stop();
  }
}

async function runStarted({ gateways, write }: StartThem, cases: readonly Case[]): Promise<readonly Run[]> {
  const runs: GatewayRun[] = [];
  for (const gateway of gateways) {
    const own = await OWN[gateway]();
    const stage = await startStage(gateway, own).catch((error: unknown) => {
      throw new NotReady(error instanceof Error ? error.message : String(error));
    });
    try {
      runs.push({ gateway, results: await suite(gateway, stage, cases) });
    } finally {
      await stage.stop();
    }
  }
  const holds = runs.every(({ results }) => results.every(({ ok }) => ok));
  if (write && holds) await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8'), SECTIONS, runs));
  if (write && !holds) print(stderr, 'docs/gateways.md was not written: not all is as expected.');
  return runs;
}

/** Progress only where a person looks at it. */
async function suite(title: string, stage: Stage, cases: readonly Case[]): Promise<readonly Result[]> {
  const shows = stderr.isTTY === true;
  const results = await runSuite(stage, cases, (name, at) => {
    if (shows) stderr.write(`\r\x1b[K${title}: ${at + 1}/${cases.length} ${name}`);
  });
  if (shows) stderr.write('\r\x1b[K');
  return results;
}

function summed({ gateway, results }: Run) {
  return { gateway, ...counts(results), results };
}

function told(text: string): number {
  print(stdout, text);
  return 0;
}
