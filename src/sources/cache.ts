/**
 * The last good bundles on disk, for a start without network and for a way back. Files are named by the SHA-256 of their
 * bytes, which is compared when they are read; whoever may write to the folder can still put another good bundle into it, so
 * that signatures are verified again as well.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../policy/bundle.ts';
import { MAX_BUNDLE } from './download.ts';

export interface Cache {
  /** @returns null when it is not there, or not what its name says */
  read(digest: string): Promise<Uint8Array | null>;
  /** Of the last one that was in force, and when the server last said that it is the newest (milliseconds); null: none. */
  last(): Promise<{ readonly digest: string; readonly confirmed_at: number } | null>;
  /** @param at milliseconds since the epoch; a restart must not make a bundle younger */
  confirm(at: number): Promise<void>;
  /** Keeps a good bundle as the last one, and removes the oldest beyond the bound. */
  keep(digest: string, bytes: Uint8Array): Promise<void>;
  /** Whether others of this machine may write to it, which no digest finds out. */
  isOpenToOthers(): Promise<boolean>;
  /** Digests, the last used first. */
  list(): Promise<readonly string[]>;
}

const NAME = /^[0-9a-f]{64}\.tar\.gz$/;
const LAST = 'last-good';
/** Bits of a mode by which group or all others may write. */
const OTHERS_WRITE = 0o022;

/**
 * @param most good bundles that are kept
 * @param place where they come from: what was kept of another place is never the last one of this
 */
export function openCache(folder: string, most: number, place: string): Cache {
  const origin = digestOf(new TextEncoder().encode(place));
  const fileOf = (digest: string) => join(folder, `${digest.slice('sha256:'.length)}.tar.gz`);

  async function read(digest: string): Promise<Uint8Array | null> {
    const found = await stat(fileOf(digest)).catch(() => null);
    if (!found?.isFile() || found.size > MAX_BUNDLE) return null;
    const bytes = await readFile(fileOf(digest)).catch(() => null);
    return bytes !== null && digestOf(bytes) === digest ? bytes : null;
  }

  async function list(): Promise<readonly string[]> {
    const names = (await readdir(folder).catch(() => [])).filter((name) => NAME.test(name));
    const dated = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
    );
    return dated.toSorted((a, b) => b.at - a.at).map(({ name }) => `sha256:${name.slice(0, 64)}`);
  }

  /** Whole or not at all, also when the machine stops in between. */
  async function write(file: string, content: Uint8Array | string): Promise<void> {
    const draft = `${file}.${crypto.randomUUID()}.draft`;
    try {
      const handle = await open(draft, 'wx', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  return {
    read,
    async last() {
      const text = await readFile(join(folder, LAST), 'utf8').catch(() => '');
      const [, digest, at, from] = /^(sha256:[0-9a-f]{64}) (\d{1,15}) (sha256:[0-9a-f]{64})\n$/.exec(text) ?? [];
      return digest === undefined || from !== origin ? null : { digest, confirmed_at: Number(at) };
    },
    async confirm(at) {
      const { digest } = (await this.last()) ?? {};
      if (digest !== undefined) await write(join(folder, LAST), `${digest} ${at} ${origin}\n`);
    },
    async keep(digest, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if ((await read(digest)) !== null) {
        const now = new Date();
        await utimes(fileOf(digest), now, now);
      } else await write(fileOf(digest), bytes);
      const before = await this.last();
      await write(join(folder, LAST), `${digest} ${before?.confirmed_at ?? 0} ${origin}\n`);
      for (const old of (await list()).slice(most)) if (old !== digest) await rm(fileOf(old), { force: true });
    },
    async isOpenToOthers() {
      const found = await stat(folder).catch(() => null);
      return found !== null && (found.mode & OTHERS_WRITE) !== 0;
    },
    list,
  };
}
