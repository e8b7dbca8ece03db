/** How commands read their options. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Exit, Host } from './host.ts';

/** How each command is added: its `action` hands the work to `finish`, which keeps the exit code. */
export type Add = (program: Command, host: Host, finish: (work: Promise<Exit>) => Promise<void>) => void;

/** An option with a value that may be given once: of two, one would silently lose. */
export function once(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, previous: string | undefined) => {
    if (previous !== undefined) throw new InvalidArgumentError('It was given twice.');
    return value;
  });
}

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
