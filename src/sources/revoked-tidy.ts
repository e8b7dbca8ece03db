/** Lists of revoked tokens are fed for years: what has long ended is taken out of them, now and then. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isLongOver, readEntryText } from '../facts/revocation/entry.ts';

/** Nanoseconds between two times. */
const SELDOM_NS = 3_600_000_000_000n;
/** Bytes of a file below which nothing is worth taking out. */
const SMALL_BYTES = 1024 * 1024;
/** After which nobody works at it any more. */
const FORGOTTEN_SECONDS = 86_400;

/**
 * Does the work at most once an hour, and not in the first. What fails is tried an hour later: the list is right without.
 */
export function seldom({ ticks }: { readonly ticks: () => bigint }, work: () => Promise<unknown>): () => Promise<void> {
  let last = ticks();
  return async () => {
    if (ticks() - last < SELDOM_NS) return;
    last = ticks();
    await work().catch(() => {});
  };
}

/**
 * Writes the file anew without the entries that have long ended; all other lines stay as they are. What somebody appends
 * meanwhile is taken over: writers look afterwards whether the file that they wrote to still has its name, and this looks
 * afterwards whether the file that it replaced became longer. Two never do it at once.
 * @param now seconds since the epoch
 * @throws when it cannot be written, or would belong to somebody else; the file is as it was then
 */
export async function tidyFile(path: string, now: number, small = SMALL_BYTES): Promise<void> {
  const place = await realpath(path);
  const former = await open(place, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await former.stat();
    if (size <= small) return;
    const text = await former.readFile();
    // Lines are cut out of bytes, so that what is no UTF-8 stays what it is.
    const lines = text.toString('latin1').split('\n');
    const kept = lines.filter((line) => !hasEnded(line, now));
    if (kept.length < lines.length) await replace(place, former, kept.join('\n'), text.length, now);
  } finally {
    await former.close();
  }
}

/** @param from bytes of the former file that were read */
async function replace(place: string, former: FileHandle, kept: string, from: number, now: number): Promise<void> {
  // Beside the file, so that it can be renamed; whoever makes the folder is alone.
  const folder = `${place}.tidy`;
  await removeForgotten(folder, now);
  await mkdir(folder, { mode: 0o700 });
  try {
    const temporary = join(folder, 'list');
    // Appended to, because others may by the time that the rest is taken over.
    const next = await open(temporary, 'ax', 0o600);
    try {
      const [was, is] = [await former.stat(), await next.stat()];
      if (was.uid !== is.uid || was.gid !== is.gid) throw new Error('the file is somebody else’s');
      await next.chmod(was.mode & 0o777);
      await next.writeFile(kept, 'latin1');
      await next.sync();
      await rename(temporary, place);
      await takeOver(former, from, next);
    } finally {
      await next.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of a process that ended in the midst of it, a day ago at least. */
async function removeForgotten(folder: string, now: number): Promise<void> {
  const found = await stat(folder).catch(() => null);
  if (found !== null && found.ctimeMs / 1000 < now - FORGOTTEN_SECONDS)
    await rm(folder, { recursive: true, force: true });
}

function hasEnded(line: string, now: number): boolean {
  const read = readEntryText(Buffer.from(line.trim(), 'latin1').toString());
  return read.ok && isLongOver(read.entry, now);
}

/** What was appended after it was read. */
async function takeOver(former: FileHandle, from: number, next: FileHandle): Promise<void> {
  const { size } = await former.stat();
  if (size <= from) return;
  const { buffer, bytesRead } = await former.read(Buffer.alloc(size - from), 0, size - from, from);
  await next.writeFile(buffer.subarray(0, bytesRead));
  await next.sync();
}
