/** Results for people: a table, what failed with its reasons, and a summary. */
import type { Writable } from 'node:stream';
import { type Paint, table } from '../../src/cli/terminal.ts';
import type { Result } from '../judge/judge.ts';

type Stream = Writable & { readonly isTTY?: boolean };

/** Failures last, where a terminal ends; each with all that is wrong. */
export function reportLines(
  title: string,
  results: readonly Result[],
  stream: Stream,
  paint: Paint,
): readonly string[] {
  const rows = results.map((result) => [mark(result), result.name, result.observed, result.departure ?? '']);
  const lines = table(stream, ['', `case (${title})`, 'status', 'departs, because'], rows, (line, index) => {
    const result = results[index];
    if (result === undefined) return paint('bold', line);
    return result.ok ? (result.departure === null ? line : paint('yellow', line)) : paint('red', line);
  });
  const failures = results.filter(({ ok }) => !ok);
  return [
    ...lines,
    ...failures.flatMap((result) => [
      '',
      paint('red', `✗ ${result.name}${result.breach ? ' — something passed that audgate does not let pass' : ''}`),
      ...result.problems.map((problem) => `  ${problem}`),
    ]),
    '',
    paint(failures.length === 0 ? 'green' : 'red', `${title}: ${summary(results)}`),
  ];
}

export function summary(results: readonly Result[]): string {
  const { cases, departures, failed } = counts(results);
  return `${cases} cases, ${cases - departures - failed} as expected, ${departures} stated departures, ${failed} failed`;
}

export function counts(results: readonly Result[]) {
  return {
    cases: results.length,
    departures: results.filter(({ departure }) => departure !== null).length,
    failed: results.filter(({ ok }) => !ok).length,
  };
}

const mark = ({ ok, departure }: Result) => (ok ? (departure === null ? '✓' : '~') : '✗');
