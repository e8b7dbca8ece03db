/** Rego tests on both engines: OPA's own and WebAssembly, because they can differ and the second one decides. */
import { z } from 'zod';
import type { Opa } from './opa.ts';
import { problemAt, type RegoProblem } from './problem.ts';
import { type Sources, withStage } from './sources.ts';
import { problemsOf } from './syntax.ts';

export interface TestRun {
  readonly engine: 'opa' | 'wasm';
  readonly passed: number;
  readonly failed: number;
  /** In the order in which OPA names them. */
  readonly tests: readonly RegoTest[];
}

export interface RegoTest {
  /** Package and rule. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Null: it passed. */
  readonly failure: string | null;
}

const results = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    location: z.object({ file: z.string(), row: z.int(), col: z.int() }),
    fail: z.boolean().optional(),
    skip: z.boolean().optional(),
    error: z.unknown().optional(),
  }),
);

export interface TestTools {
  readonly opa: Opa;
  readonly capabilities: string;
  /** A part of the names of the tests to run. Default: all. */
  readonly only?: string;
}

/** Runs every test twice. No test at all is no problem here. */
export async function runTests(
  tools: TestTools,
  sources: Sources,
): Promise<{ readonly problems: readonly RegoProblem[]; readonly runs: readonly TestRun[] }> {
  const files = new Map([...sources].map(([file, text]) => [`rego/${file}`, text]));
  files.set('capabilities.json', tools.capabilities);
  return withStage(files, async (folder) => {
    const problems: RegoProblem[] = [];
    const runs: TestRun[] = [];
    for (const [engine, target] of [
      ['opa', 'rego'],
      ['wasm', 'wasm'],
    ] as const) {
      const some = tools.only === undefined ? [] : ['--run', literally(tools.only)];
      const args = ['test', ...some, '--format', 'json', '--target', target, '--capabilities', 'capabilities.json'];
      const ran = await tools.opa.run([...args, 'rego'], { cwd: folder });
      const run = readResults(engine, ran.stdout || ran.stderr);
      runs.push(run.run);
      problems.push(...run.problems);
    }
    return { problems, runs };
  });
}

/** As a regular expression, in which case does not matter. */
const literally = (text: string) => `(?i)${text.replaceAll(/[^A-Za-z0-9_ ]/g, '\\$&')}`;

function readResults(engine: TestRun['engine'], output: string) {
  const read = results.safeParse(parsed(output));
  if (!read.success) {
    // OPA prints no list when a file does not compile.
    return { run: { engine, passed: 0, failed: 0, tests: [] }, problems: problemsOf(output, '.') };
  }
  const where = engine === 'wasm' ? 'compiled to WebAssembly' : 'on OPA’s own engine';
  const remedy = 'Mend the rule or the test. If only one engine fails it, the rule uses a form on which they differ.';
  const tests = read.data.map(({ location, package: of, name, fail, error, skip }) => {
    // A skipped test (todo_…) shows nothing, so it counts as failed.
    const how = error !== undefined ? `broke: ${JSON.stringify(error)}` : skip ? 'is skipped' : fail ? 'failed' : null;
    return {
      name: `${of}.${name}`,
      file: location.file.replace(/^rego\//, ''),
      line: location.row,
      column: location.col,
      failure: how === null ? null : `${of}.${name} ${how} (${where}).`,
    };
  });
  const problems = tests.flatMap(({ failure, ...place }) =>
    failure === null ? [] : [problemAt(place, failure, remedy)],
  );
  const failed = problems.length;
  return { run: { engine, passed: tests.length - failed, failed, tests }, problems };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `opa test --coverage` says of each file. */
const coverage = z.object({
  files: z.record(
    z.string(),
    z.object({
      not_covered: z.array(z.object({ start: z.object({ row: z.int(), col: z.int().optional() }) })).optional(),
    }),
  ),
});

/** Lines of the files that `judged` picks which no test reached, on OPA's own engine. */
export function checkCoverage(
  tools: TestTools,
  sources: Sources,
  judged: (file: string) => boolean,
): Promise<readonly RegoProblem[]> {
  return withStage(sources, async (folder) => {
    const ran = await tools.opa.run(['test', '--coverage', '--format', 'json', '.'], { cwd: folder });
    const read = coverage.safeParse(parsed(ran.stdout));
    if (!read.success) return problemsOf(ran.stdout || ran.stderr, '.');
    const unseen = [...sources.keys()].filter((file) => judged(file) && !(file in read.data.files));
    const remedy = 'Write a test that needs it, or take it out.';
    return [
      ...unseen.map((file) => problemAt({ file, line: 0, column: 0 }, 'No test reaches this file.', remedy)),
      ...Object.entries(read.data.files).flatMap(([file, { not_covered }]) =>
        judged(file)
          ? (not_covered ?? []).map(({ start }) =>
              problemAt({ file, line: start.row, column: start.col ?? 0 }, 'No test reaches this expression.', remedy),
            )
          : [],
      ),
    ];
  });
}
