/** `policy test DIR --watch`: the same work again whenever a file changes that it depends on, until Ctrl-C. */
import { stat, watch } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EXIT, type Exit, type Host } from '../host.ts';
import { print, shown } from '../terminal.ts';

/** Milliseconds. An editor writes a file in several steps, and a checkout many files. */
const SETTLED_MS = 200;
/** Not read as tests or rules: what Git and editors keep beside them. */
const HIDDEN = /(^|[\\/])(\.|node_modules([\\/]|$))/;

export interface Watched {
  readonly folder: string;
  /** Files and folders that the work reads besides, asked for before each run: what is read may say what else is. */
  readonly beside: () => Promise<readonly string[]>;
  /** What a run writes itself. */
  readonly written: string | undefined;
}

/** @param work one run. It may throw: what is half written breaks more than it will */
export async function again(
  work: () => Promise<Exit>,
  { folder, beside, written }: Watched,
  host: Host,
): Promise<Exit> {
  const stop = new AbortController();
  const forget = (['SIGINT', 'SIGTERM'] as const).map((signal) => host.onSignal(signal, () => stop.abort()));
  let changed = true;
  let wake = () => {};
  const ours = written === undefined ? null : resolve(written);
  const seen = (within: string) => (file: string) => {
    if (HIDDEN.test(file) || resolve(within, file) === ours) return;
    changed = true;
    wake();
  };
  const watching = notice(folder, true, stop.signal, seen(folder));
  watching.catch(() => stop.abort());
  const others = new Map<string, Promise<void>>();
  const follow = async () => {
    for (const path of await beside().catch(() => [])) {
      const whole = resolve(path);
      if (others.has(whole) || `${whole}${sep}`.startsWith(`${resolve(folder)}${sep}`)) continue;
      const found = await stat(whole).catch(() => null);
      if (found === null) continue;
      // Editors put another file in a file's place, so that its folder is watched for its name.
      const name = found.isDirectory() ? null : basename(whole);
      const within = name === null ? whole : dirname(whole);
      const told = seen(within);
      const other = notice(within, name === null, stop.signal, (file) => {
        if (name === null || file === name) told(file);
      });
      // What is no longer there is looked for again before the next run.
      others.set(
        whole,
        other.catch(() => {}).finally(() => others.delete(whole)),
      );
    }
  };
  // Whoever stops it should not wait for the run under way.
  const stopped = new Promise<void>((done) => stop.signal.addEventListener('abort', () => done(), { once: true }));
  try {
    while (!stop.signal.aborted) {
      if (changed) {
        await Promise.race([wait(SETTLED_MS), stopped]);
        changed = false;
        await follow();
        await Promise.race([once(work, host), stopped]);
        if (!changed && !stop.signal.aborted) print(host.stderr, `audgate: waiting for changes in ${shown(folder)} …`);
      } else {
        await Promise.race([new Promise<void>((done) => (wake = done)), stopped]);
      }
    }
  } finally {
    stop.abort();
    await Promise.all([watching, ...others.values()]);
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
async function notice(
  folder: string,
  recursive: boolean,
  signal: AbortSignal,
  changed: (file: string) => void,
): Promise<void> {
  try {
    for await (const { filename } of watch(folder, { recursive, signal })) changed(filename ?? '');
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
