/** What a run of tests found, for people. */
import { type Coverage, gapsOf } from '../../testing/coverage.ts';
import { count } from '../../testing/run.ts';
import type { Host } from '../host.ts';
import { painter, print, shown, table } from '../terminal.ts';
import { printCases } from './cases.ts';
import { printRegoProblems } from './problems.ts';
import type { Report } from './run-tests.ts';

/** @param coverage null: nobody asked for it */
export function printReport(folder: string, report: Report, coverage: Coverage | null, host: Host): void {
  printRegoProblems(host, 'stdout', folder, report.problems);
  printCases(report.cases, host);
  if (coverage !== null) printCoverage(coverage, host);
  printCounts(report, host);
}

function printCoverage(coverage: Coverage, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  const { rules, operations } = coverage;
  const byRule = rules.map(({ rule, satisfied, denied }) => [rule, String(satisfied), String(denied)]);
  const byOperation = operations.map(({ server, operation, allow, deny }) => [
    shown(server),
    shown(operation),
    String(allow),
    String(deny),
  ]);
  print(stdout, ...table(stdout, ['RULE', 'SATISFIED', 'DENIED'], byRule), '');
  print(stdout, ...table(stdout, ['SERVER', 'OPERATION', 'ALLOWED', 'DENIED'], byOperation), '');
  for (const gap of gapsOf(coverage)) print(stdout, `${paint('yellow', 'not covered:')} ${shown(gap)}`);
}

function printCounts({ runs, cases, tools }: Report, host: Host): void {
  const paint = painter(host.stdout, host.env);
  for (const { engine, passed, failed } of runs) {
    const line = `Rego tests on ${engine}: ${passed} passed, ${failed} failed`;
    print(host.stdout, paint(failed > 0 ? 'red' : 'green', line));
  }
  const { policy, facts, failed, unusable } = count(cases);
  if (policy + facts + unusable === 0) return;
  const engines = tools !== null ? 'opa eval, WASM and HTTP' : 'WASM and HTTP';
  const ways = `${policy} through ${engines}, ${facts} through decide and HTTP`;
  const broken = unusable > 0 ? `, ${unusable} files cannot be run` : '';
  const line = `Cases: ${ways}; ${failed} failed${broken}`;
  print(host.stdout, paint(failed + unusable > 0 ? 'red' : 'green', line));
}
