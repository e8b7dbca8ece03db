/**
 * Tells when files change. The system's own notices make it quick where they come; comparing what lies there makes it sure:
 * network file systems, volumes of containers and editors that replace a file by renaming send few notices or the wrong ones.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface WatchParts {
  /** Files or folders; they need not be there now. */
  readonly paths: readonly string[];
  /** Awaited, so that changes meanwhile are one change more, and never two at once. */
  readonly changed: () => Promise<void>;
  /** Between two looks without any notice. */
  readonly interval_ms: number;
  /** Nothing may change for so long before `changed` is called: a save is often several writes. */
  readonly quiet_ms: number;
}

/** @returns what ends it */
export function watchPaths({ paths, changed, interval_ms, quiet_ms }: WatchParts): () => void {
  let ended = false;
  let wake: () => void = () => {};
  /** A notice that came while nobody waited. */
  let noticed = false;
  const watchers = new Map<string, FSWatcher>();

  const notice = () => {
    noticed = true;
    wake();
  };
  function listen(): void {
    for (const path of paths) {
      // The folder around a file: the file itself goes away when another takes its name.
      for (const place of [dirname(path), path]) {
        if (watchers.has(place)) continue;
        try {
          const watcher = watch(place, { persistent: false }, (_, name) => {
            if (place === path || name === null || name === basename(path) || name.startsWith('..')) notice();
          });
          const drop = () => {
            watcher.close();
            if (watchers.get(place) === watcher) watchers.delete(place);
          };
          watcher.on('error', drop);
          watchers.set(place, watcher);
        } catch {
          // Not there, or no more watches are to be had: the looks find it.
        }
      }
    }
  }

  const pause = (milliseconds: number, listens: boolean) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      wake = () => {
        if (listens || ended) end();
      };
      if (ended || (listens && noticed)) end();
    });
  const look = () => Promise.all(paths.map((path) => fingerprint(path))).then((all) => all.join('\n'));

  async function run(): Promise<void> {
    let known = await look();
    while (!ended) {
      listen();
      await pause(interval_ms, true);
      noticed = false;
      if (ended) return;
      let seen = await look();
      if (seen === known) continue;
      for (;;) {
        await pause(quiet_ms, false);
        if (ended) return;
        const again = await look();
        if (again === seen) break;
        seen = again;
      }
      known = seen;
      // A new file under the same name needs a new watch.
      for (const path of paths) {
        watchers.get(path)?.close();
        watchers.delete(path);
      }
      await changed();
    }
  }
  void run();
  return () => {
    ended = true;
    wake();
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** Differs whenever a file under the path was written, replaced, added or removed. Links to files are followed. */
async function fingerprint(path: string, enters = true): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isDirectory() || !enters)
      return `${path} ${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
    const entries = (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith('..'));
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    // Folders behind links are not entered: two that lead back would take for ever.
    const inside = await Promise.all(entries.map((entry) => fingerprint(join(path, entry.name), entry.isDirectory())));
    return [`${path}/`, ...inside].join('\n');
  } catch (error) {
    return `${path} ${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'}`;
  }
}
