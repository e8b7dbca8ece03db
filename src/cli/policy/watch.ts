/** `policy test DIR --watch`: the same work again whenever a file under the folder changes, until Ctrl-C. */
import { watch } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, type Exit, type Host } from '../host.ts';
import { print, shown } from '../terminal.ts';

/** Milliseconds. An editor writes a file in several steps, and a checkout many files. */
const SETTLED_MS = 200;
/** Not read as tests or rules: what Git and editors keep beside them. */
const HIDDEN = /(^|[\\/])(\.|node_modules([\\/]|$))/;

/**
 * @param work one run. It may throw: what is half written breaks more than it will
 * @param written what a run writes itself
 */
export async function again(
  folder: string,
  work: () => Promise<Exit>,
  written: string | undefined,
  host: Host,
): Promise<Exit> {
  const stop = new AbortController();
  const forget = (['SIGINT', 'SIGTERM'] as const).map((signal) => host.onSignal(signal, () => stop.abort()));
  let changed = true;
  let wake = () => {};
  const ours = written === undefined ? null : resolve(written);
  const watching = notice(folder, stop.signal, (file) => {
    if (HIDDEN.test(file) || resolve(folder, file) === ours) return;
    changed = true;
    wake();
  });
  watching.catch(() => stop.abort());
  // Whoever stops it should not wait for the run under way.
  const stopped = new Promise<void>((done) => stop.signal.addEventListener('abort', () => done(), { once: true }));
  try {
    while (!stop.signal.aborted) {
      if (changed) {
        await Promise.race([wait(SETTLED_MS), stopped]);
        changed = false;
        await Promise.race([once(work, host), stopped]);
        if (!changed && !stop.signal.aborted) print(host.stderr, `audgate: waiting for changes in ${shown(folder)} …`);
      } else {
        await Promise.race([new Promise<void>((done) => (wake = done)), stopped]);
      }
    }
  } finally {
    stop.abort();
    await watching;
    for (const one of forget) one();
  }
  return EXIT.fine;
}

async function once(work: () => Promise<Exit>, host: Host): Promise<void> {
  try {
    await work();
  } catch (error) {
    print(host.stderr, `audgate: ${shown(error instanceof Error ? error.message : String(error))}`);
  }
}

/** Ends when it is told to. @throws when the folder can no longer be watched */
async function notice(folder: string, signal: AbortSignal, changed: (file: string) => void): Promise<void> {
  try {
    for await (const { filename } of watch(folder, { recursive: true, signal })) changed(filename ?? '');
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
