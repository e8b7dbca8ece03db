/** A decision log, line by line. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Host } from './host.ts';
import { print, shown } from './terminal.ts';

/**
 * @param log its path; `-`: standard input
 * @returns whether it was read to its end; why not is said on standard error
 */
export async function readLog(log: string, host: Host, take: (line: string) => void): Promise<boolean> {
  const input = log === '-' ? host.stdin : createReadStream(log);
  let broken: Error | undefined;
  const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.once('error', (error: Error) => {
    broken = error;
    reader.close();
  });
  try {
    for await (const line of reader) take(line);
  } catch (error) {
    // Node 26 hands on what the stream met, Node 22 only ends.
    if (broken === undefined) throw error;
  }
  if (broken === undefined) return true;
  print(host.stderr, `audgate: --log ${shown(log)} cannot be read to its end (${shown(broken.message)})`);
  return false;
}
