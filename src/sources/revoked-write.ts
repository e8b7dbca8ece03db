/**
 * Entries into a list of revoked tokens. Whoever writes appends, and looks afterwards whether what it appended to still is the
 * list, so that several may write at once, and an editor that replaces the file takes nothing away unseen.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { WrittenEntry } from '../facts/revocation/entry.ts';
import { errorCodeOf } from './revoked-kept.ts';
import type { Valkey } from './valkey.ts';

/** Times that a file may be replaced under the hands of a writer. */
const TRIES = 5;

/** @returns why not, or null once it lies on the disk; never rejects. The file must exist. */
export async function appendToFile(path: string, entries: readonly WrittenEntry[]): Promise<string | null> {
  // Escaped, because readers take the character itself for bytes that are no UTF-8.
  const lines = entries.map((entry) => `${JSON.stringify(entry).replaceAll('\ufffd', '\\ufffd')}\n`).join('');
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) if (await append(path, lines)) return null;
    return 'is replaced all the time';
  } catch (error) {
    return `cannot be written (${errorCodeOf(error)})`;
  }
}

/** @returns whether the file that was written to is still there under its name */
async function append(path: string, lines: string): Promise<boolean> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NONBLOCK);
  try {
    const { size, dev, ino } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(size - 1, 0));
    // A line that somebody left open would swallow the next. An empty line more is nobody's.
    const isOpen = bytesRead === 1 && buffer[0] !== 0x0a;
    const text = Buffer.from(isOpen ? `\n${lines}` : lines);
    const { bytesWritten } = await file.write(text);
    if (bytesWritten !== text.length) throw new Error('only a part was written');
    await file.sync();
    const now = await stat(path);
    return now.dev === dev && now.ino === ino;
  } finally {
    await file.close();
  }
}

/** @returns why not, or null; never rejects */
export async function addToStream(
  valkey: Pick<Valkey, 'run'>,
  key: string,
  entries: readonly WrittenEntry[],
): Promise<string | null> {
  for (const entry of entries) {
    const answer = await valkey.run('XADD', [key, '*', ...Object.entries(entry).flat()]);
    if (!answer.ok) return answer.problem;
  }
  return null;
}
