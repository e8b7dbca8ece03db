/** Problems of Rego files, with paths that can be opened from where the command was started. */
import { join } from 'node:path';
import type { RegoProblem } from '../../policy/problem.ts';
import type { Host } from '../host.ts';
import { painter, print, shown } from '../terminal.ts';

export function printRegoProblems(
  host: Host,
  to: 'stdout' | 'stderr',
  folder: string,
  problems: readonly RegoProblem[],
) {
  const stream = host[to];
  const paint = painter(stream, host.env);
  for (const { severity, file, line, column, message, remedy } of problems) {
    const place = line === 0 ? '' : `:${line}:${column}`;
    const colour = severity === 'error' ? 'red' : 'yellow';
    print(
      stream,
      `${paint('bold', `${shown(join(folder, file))}${place}:`)} ${paint(colour, severity)}: ${shown(message)}`,
    );
    print(stream, `    ${paint('dim', shown(remedy))}`);
  }
}

export const hasErrors = (problems: readonly RegoProblem[]) => problems.some(({ severity }) => severity === 'error');
