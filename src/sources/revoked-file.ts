/**
 * Revoked tokens from a file that is looked at twice a second. The last good list is kept while the file is broken, and the
 * right lines of a broken one count at once: a mistake may delay the end of a revocation, never its beginning.
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
/** Milliseconds for which a file must lie still before its times alone say that it is the same: clocks of files are coarse. */
const SETTLED_MS = 3000;

export interface RevokedFileParts extends KeptParts {
  readonly path: string;
}

/** Reads once before it returns. `status` says how that went. */
export async function openRevokedFile(parts: RevokedFileParts): Promise<RevocationSource> {
  const { path, max_entries, now } = parts;
  let good: RevocationList = createList();
  /** Of a file that is broken: its right lines. */
  let partly: RevocationList | null = null;
  /** What the file was when it was last read, and whether it can change without its times showing it. */
  let seen: { readonly print: string; readonly settled: boolean; readonly look: Look } | null = null;

  async function look(): Promise<Look> {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) return { confirmed: false, problems: ['is no file'] };
    if (seen?.settled && seen.print === printOf(found)) return seen.look;
    const read = await contents(path);
    if (read === null) return { confirmed: false, problems: [`has more than ${MAX_FILE_BYTES} bytes`] };
    const { entries, problems } = await readList(read.text);
    const list = createList();
    const seconds = now() / 1000;
    for (const entry of entries) if (!isLongOver(entry, seconds)) list.add(entry);
    if (problems.length === 0) [good, partly] = [list, null];
    else partly = list;
    const still = now() - Number(read.found.mtimeMs);
    seen = { print: printOf(read.found), settled: still > SETTLED_MS, look: { confirmed: true, problems } };
    return seen.look;
  }

  const tidy = seldom(parts, () => tidyFile(path, now() / 1000));
  const size = () => good.size() + (partly?.size() ?? 0);
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
    find: (token, issuer, seconds) => good.find(token, issuer, seconds) ?? partly?.find(token, issuer, seconds) ?? null,
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
    knows: (event) => good.knows(event) || partly?.knows(event) === true,
    issuers: () => [...good.issuers(), ...(partly?.issuers() ?? [])],
    close: kept.close,
  };
}

export const TOO_MANY = 'has more entries than revocation.max_entries';

const printOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) => [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** @returns null: it is too large */
async function contents(path: string): Promise<{ readonly text: string; readonly found: BigIntStats } | null> {
  // Not blocking: what is a file now may be a pipe by then, and nobody may ever write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Before its contents: what is written meanwhile is found at the next look.
    const found = await file.stat({ bigint: true });
    if (found.size > MAX_FILE_BYTES) return null;
    return { text: await file.readFile('utf8'), found };
  } finally {
    await file.close();
  }
}
