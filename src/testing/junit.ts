/** Results of tests in the form that CI services read: JUnit's XML, one suite an engine or case file. */
import type { RegoProblem } from '../policy/problem.ts';
import type { TestRun } from '../policy/test.ts';
import type { FileResult } from './run.ts';

export interface Results {
  readonly problems: readonly RegoProblem[];
  readonly runs: readonly TestRun[];
  readonly cases: readonly FileResult[];
}

export interface Suite {
  readonly name: string;
  readonly tests: readonly {
    readonly name: string;
    readonly place: string;
    /** Null: it passed. */
    readonly failure: string | null;
    /** What `failure` says of it; default `failure`. `error`: nobody can say whether it passed. */
    readonly as?: 'failure' | 'error' | 'skipped';
  }[];
}

export function junit({ problems, runs, cases }: Results): string {
  const suites = [
    ...runs.map(({ engine, tests }) => ({
      name: `Rego tests on ${engine}`,
      tests: tests.map(({ name, file, line, failure }) => ({ name, place: `${file}:${line}`, failure })),
    })),
    // Where no test ran, each problem is one, so that a report of broken rules is not an empty one.
    ...(runs.every(({ tests }) => tests.length === 0) && problems.length > 0 ? [suiteOfProblems(problems)] : []),
    ...cases.map(suiteOfFile),
  ];
  return writeJunit(suites);
}

export function writeJunit(suites: readonly Suite[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(write).join('')}</testsuites>\n`;
}

const suiteOfProblems = (problems: readonly RegoProblem[]): Suite => ({
  name: 'Rego check',
  tests: problems.map(({ file, line, message, remedy }) => ({
    name: message,
    place: `${file}:${line}`,
    failure: `${message} ${remedy}`,
  })),
});

function suiteOfFile(result: FileResult): Suite {
  const { file } = result;
  if (!result.ok) {
    const failure = result.problems.map(({ message }) => message).join('\n');
    return { name: file, tests: [{ name: 'can be run', place: file, failure }] };
  }
  const tests = result.cases.map(({ name, line, differences }) => ({
    name,
    place: `${file}:${line}`,
    failure: differences.length === 0 ? null : differences.join('\n'),
  }));
  return { name: file, tests };
}

function write({ name, tests }: Suite): string {
  const count = (wanted: string) =>
    tests.filter(({ failure, as = 'failure' }) => failure !== null && as === wanted).length;
  const [errors, skipped] = [count('error'), count('skipped')];
  const lines = tests.map((test) => {
    const start = `    <testcase name="${escaped(test.name)}" classname="${escaped(test.place)}"`;
    if (test.failure === null) return `${start}/>\n`;
    const [first = ''] = test.failure.split('\n');
    const { as = 'failure' } = test;
    return `${start}>\n      <${as} message="${escaped(first)}">${escaped(test.failure)}</${as}>\n    </testcase>\n`;
  });
  const more = `${errors > 0 ? ` errors="${errors}"` : ''}${skipped > 0 ? ` skipped="${skipped}"` : ''}`;
  const head = `name="${escaped(name)}" tests="${tests.length}" failures="${count('failure')}"${more}`;
  return `  <testsuite ${head}>\n${lines.join('')}  </testsuite>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 §2.2 has no place for most control characters and lone surrogates, escaped or not. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (found) => ENTITIES[found] ?? found)
    .replaceAll(/[\n\t\r]/g, (found) => `&#${found.charCodeAt(0)};`);
}
