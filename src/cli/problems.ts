/** Problems in files, one `file:line:column` each, as editors and people find them. */
import type { ReloadProblem } from '../decide/decider.ts';
import type { Host } from './host.ts';
import { painter, print, shown } from './terminal.ts';

/** @param to standard output where problems are what was asked for, else standard error */
export function printProblems(host: Host, to: 'stdout' | 'stderr', problems: readonly ReloadProblem[]): void {
  const stream = host[to];
  const paint = painter(stream, host.env);
  for (const problem of problems) {
    const severity = paint(problem.severity === 'error' ? 'red' : 'yellow', problem.severity);
    if (!('file' in problem)) {
      print(stream, `${severity}: ${shown(problem.message)}`);
      continue;
    }
    const { file, line, column, path, message, remedy } = problem;
    const place = paint('bold', `${shown(file)}:${line}:${column}:`);
    print(stream, `${place} ${severity}: ${shown(path)} ${shown(message)}`, `    ${paint('dim', shown(remedy))}`);
  }
}
