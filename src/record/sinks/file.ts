/**
 * Records in a file of one's own: appended, rotated by size, readable by its owner alone. One process a file: two that rotate
 * the same one would each rename the other's.
 */
import { type FileHandle, lstat, open, rename, stat } from 'node:fs/promises';
import type { Sink } from './sink.ts';

export interface FileSinkOptions {
  readonly file: string;
  /** Bytes after which `FILE` becomes `FILE.1`, that `FILE.2`, and so on. A single batch of lines is never divided. */
  readonly max_bytes: number;
  /** How many former files are kept; 0: the file begins anew. */
  readonly keep: number;
  /** Told, once until it is over, that rotation or permissions fail; records are written all the same. */
  readonly onTrouble: (message: string) => void;
}

/** Owner alone: records name people and what they did. */
const MODE = 0o600;
const NEWLINE = 0x0a;

interface Opened {
  readonly handle: FileHandle;
  readonly dev: number;
  readonly ino: number;
  /** Devices and pipes have no size, are not rotated, and keep their permissions. */
  readonly regular: boolean;
  /** Bytes. */
  size: number;
  /** The last line lacks its end: a process ended, or a disk was full, within it. */
  torn: boolean;
}

/** @throws when the file cannot be opened for appending */
export async function openFileSink({ file, max_bytes, keep, onTrouble }: FileSinkOptions): Promise<Sink> {
  let troubled = false;
  let current: Opened | null = null;

  async function openForAppending(): Promise<Opened> {
    const handle = await open(file, 'a+', MODE);
    try {
      const status = await handle.stat();
      const { dev, ino, size, mode } = status;
      // It takes 64 KiB without a reader, which would count as written, and then holds a thread that nothing can end.
      if (status.isFIFO()) throw new Error('it is a named pipe; write to a file, or to stdout and pipe that');
      const regular = status.isFile();
      if (regular && (mode & 0o777) !== MODE) await handle.chmod(MODE).catch(trouble('cannot be made private'));
      const torn = regular && size > 0 && (await lastByte(handle, size)) !== NEWLINE;
      return { handle, dev, ino, regular, size, torn };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  const trouble = (what: string) => (error: unknown) => {
    if (!troubled) onTrouble(`the decision log ${file} ${what} (${whyOf(error)}); records are still written`);
    troubled = true;
  };

  /** The file under its name: one that was removed or renamed by somebody else is begun anew. */
  async function inPlace(): Promise<Opened> {
    if (current !== null) {
      const found = await stat(file).catch(() => null);
      if (found?.ino === current.ino && found.dev === current.dev) {
        // Somebody else may have cut it (logrotate's copytruncate).
        current.size = found.size;
        return current;
      }
      await leave();
    }
    current = await openForAppending();
    return current;
  }

  async function leave(): Promise<void> {
    const left = current;
    current = null;
    await left?.handle.close().catch(() => {});
  }

  /** A file that cannot be renamed grows on: a record must not be lost for want of order. */
  async function rotate(full: Opened): Promise<Opened> {
    try {
      if (keep === 0) {
        await full.handle.truncate(0);
        full.size = 0;
        return full;
      }
      await makeRoom(1);
      await rename(file, `${file}.1`);
    } catch (error) {
      trouble('cannot be rotated')(error);
      return full;
    }
    troubled = false;
    await leave();
    current = await openForAppending();
    return current;
  }

  /**
   * Moves former files up only as far as one is missing: a rotation that failed after some were moved must not, tried again
   * with each record, push one after the other out of the last place.
   */
  async function makeRoom(at: number): Promise<void> {
    if (at >= keep || !(await isThere(`${file}.${at}`))) return;
    await makeRoom(at + 1);
    await rename(`${file}.${at}`, `${file}.${at + 1}`);
  }

  current = await openForAppending();
  return {
    async write(lines) {
      let to = await inPlace();
      const bytes = Buffer.from(to.torn ? `\n${lines}` : lines);
      if (to.regular && to.size > 0 && to.size + bytes.length > max_bytes) to = await rotate(to);
      const { written, error } = await writeAll(to.handle, bytes);
      if (error !== null) {
        // What was half written would be half a record, and of an allow that is refused.
        if (to.regular) await takeBack(to, written).catch(() => {});
        await leave();
        throw error;
      }
      to.size += bytes.length;
      to.torn = false;
    },
    close: leave,
  };
}

interface Written {
  /** Bytes. */
  readonly written: number;
  /** Why not all; null: all were. */
  readonly error: Error | null;
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<Written> {
  let written = 0;
  try {
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, null);
      written += bytesWritten;
    }
    return { written, error: null };
  } catch (error) {
    return { written, error: error instanceof Error ? error : new Error('unknown failure') };
  }
}

/** Only what stands at the end as it was written: what others wrote or cut meanwhile is theirs. */
async function takeBack({ handle, size }: Opened, written: number): Promise<void> {
  if ((await handle.stat()).size === size + written) await handle.truncate(size);
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}

/** Nothing is there only when the system says so. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** The system's code: its message repeats the path. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  return 'code' in error ? String(error.code) : error.message;
}
