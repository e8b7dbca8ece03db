/**
 * Revoked tokens from a file that is looked at twice a second. What is added counts at once; what is gone ends only when the
 * file is right and has lain still for a while, because many an editor empties a file before it writes it. So a mistake may
 * delay the end of a revocation, never its beginning.
 */
import { type BigIntStats, constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { isLongOver } from '../facts/revocation/entry.ts';
import { createList, type RevocationList } from '../facts/revocation/list.ts';
import type { RevocationSource } from '../facts/revocation/sources.ts';
import { errorCodeOf, type KeptParts, keep, type Look } from './revoked-kept.ts';
import { readList } from './revoked-text.ts';
import { seldom, tidyFile } from './revoked-tidy.ts';
import { appendToFile } from './revoked-write.ts';

/** Bytes of a list at most: some 100,000 entries, whose reading takes less than a second. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** Milliseconds between two looks: revoked is revoked within a second. */
const LOOK_MS = 500;
/** Nanoseconds for which a file must be what it is before entries that it does not hold any more end. */
const CALM_NS = 2_000_000_000n;
/** Milliseconds for which a file must lie still before its times alone say that it is the same: clocks of files are coarse. */
const SETTLED_MS = 3000;

export interface RevokedFileParts extends KeptParts {
  readonly path: string;
}

/** Reads once before it returns. `status` says how that went. */
export async function openRevokedFile(parts: RevokedFileParts): Promise<RevocationSource> {
  const { path, max_entries, now, ticks } = parts;
  let good: RevocationList = createList();
  /** Of a file that is broken, or that may still be written: all right lines that it has had since. */
  let recent: RevocationList | null = null;
  /** Entries of what was read last. */
  let count = 0;
  /** What the file was when it was last read, and since when. */
  let seen: { readonly print: string; readonly tick: bigint } | null = null;
  /** What came of it, once the file's times tell of every change. */
  let settled: Look | null = null;

  async function look(): Promise<Look> {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) return { confirmed: false, problems: [NO_FILE] };
    if (settled !== null && seen?.print === printOf(found)) return settled;
    settled = null;
    const read = await contents(path);
    if (typeof read === 'string') return { confirmed: false, problems: [read] };
    const { entries, problems } = await readList(read.text);
    const seconds = now() / 1000;
    const inForce = entries.filter((entry) => !isLongOver(entry, seconds));
    const list = createList();
    for (const entry of inForce) list.add(entry);
    count = list.size();

    const print = printOf(read.found);
    const first = seen === null;
    if (seen?.print !== print) seen = { print, tick: ticks() };
    const calm = first || ticks() - seen.tick >= CALM_NS;
    if (problems.length === 0 && calm) [good, recent] = [list, null];
    else {
      recent ??= createList();
      for (const entry of inForce) recent.add(entry);
    }
    const told: Look = { confirmed: true, problems: size() > max_entries ? [...problems, TOO_MANY] : problems };
    const still = now() - Number(read.found.mtimeMs) > SETTLED_MS;
    if (still && (calm || problems.length > 0)) settled = told;
    return told;
  }

  const size = () => Math.max(good.size(), count);
  const tidy = seldom(parts, () => tidyFile(path, now() / 1000));
  const kept = keep({
    ...parts,
    every_ms: LOOK_MS,
    look: async () => {
      try {
        return await look();
      } catch (error) {
        return { confirmed: false, problems: [`cannot be read (${errorCodeOf(error)})`] };
      }
    },
  });
  await kept.refresh();
  return {
    find: (token, issuer, seconds) => good.find(token, issuer, seconds) ?? recent?.find(token, issuer, seconds) ?? null,
    age: kept.age,
    unusable: () => (size() > max_entries ? TOO_MANY : null),
    status: () => ({ source: 'file', location: path, entries: size(), ...kept.status() }),
    async add(entries) {
      const problem = await appendToFile(path, entries);
      if (problem !== null) return problem;
      await tidy();
      await kept.refresh();
      return problem;
    },
    refresh: kept.refresh,
    knows: (event) => good.knows(event) || recent?.knows(event) === true,
    issuers: () => [...good.issuers(), ...(recent?.issuers() ?? [])],
    close: kept.close,
  };
}

const NO_FILE = 'is no file';
export const TOO_MANY = 'has more entries than revocation.max_entries';

const printOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) => [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** @returns why not, where it cannot be read */
async function contents(path: string): Promise<{ readonly text: string; readonly found: BigIntStats } | string> {
  // Not blocking: what is a file now may be a pipe by then, and nobody may ever write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Before its contents: what is written meanwhile is found at the next look.
    const found = await file.stat({ bigint: true });
    if (!found.isFile()) return NO_FILE;
    if (found.size > MAX_FILE_BYTES) return `has more than ${MAX_FILE_BYTES} bytes`;
    return { text: await file.readFile('utf8'), found };
  } finally {
    await file.close();
  }
}
