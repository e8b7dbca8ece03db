/** A bundle from a file or a folder, and what every source of bundles is to the service. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningConfig } from '../config/bundle.ts';
import type { BundleStatus } from '../decide/decider.ts';
import { type Files, MAX_UNPACKED, misplacedIn, openBundle, openFiles, type ReadBundle } from '../policy/bundle.ts';
import { readSigningKey, type SigningKey } from '../policy/bundle-signature.ts';
import { MAX_BUNDLE } from './download.ts';

/** One bundle that a reload may try. */
export interface Offer {
  /** What messages name as the file. */
  readonly place: string;
  readonly read: ReadBundle;
  /** It is in force now. */
  accepted(): Promise<void>;
  /** It is not. @returns whether there is another to try at once, where nothing is in force yet */
  refused(problems: readonly string[]): boolean;
}

export interface BundleSource {
  /** Never rejects for what stands in files or comes over the network. */
  offer(): Promise<Offer>;
  status(): BundleStatus;
  isStale(): boolean;
}

export type KeyOrNot =
  | { readonly ok: true; readonly key: SigningKey | null }
  | { readonly ok: false; readonly problem: string };

/** Read anew each time, so that a key can be replaced. */
export async function signingKey(signing: SigningConfig | undefined): Promise<KeyOrNot> {
  if (signing === undefined) return { ok: true, key: null };
  const file = signing.public_key;
  try {
    const read = readSigningKey(await readFile(file, 'utf8'), 'public', signing);
    return read.ok ? read : { ok: false, problem: `bundle.signing.public_key ${file} ${read.problem}.` };
  } catch (error) {
    return { ok: false, problem: `bundle.signing.public_key ${file} cannot be read (${codeOf(error)}).` };
  }
}

export function pathBundle(path: string, signing: SigningConfig | undefined, now: () => number): BundleSource {
  let inForce: Pick<BundleStatus, 'revision' | 'registry' | 'signed' | 'confirmed_at'> | null = null;
  let checked: number | null = null;
  let last: BundleStatus['last_error'] = null;
  return {
    async offer() {
      checked = now();
      const at = checked;
      const read = await readPath(path, signing);
      return {
        place: path,
        read,
        async accepted() {
          last = null;
          if (!read.ok) return;
          const { revision, registry } = read.bundle;
          const confirmed_at = time(at);
          inForce = { revision, registry: registry !== null, signed: signing !== undefined, confirmed_at };
        },
        refused(problems) {
          last = { at: time(now()), problems };
          return false;
        },
      };
    },
    status: () => ({
      source: 'file',
      location: path,
      digest: null,
      ...(inForce ?? { revision: null, registry: false, signed: false, confirmed_at: null }),
      from_cache: false,
      checked_at: checked === null ? null : time(checked),
      stale: false,
      pinned: null,
      kept: [],
      last_error: last,
    }),
    isStale: () => false,
  };
}

async function readPath(path: string, signing: SigningConfig | undefined): Promise<ReadBundle> {
  const key = await signingKey(signing);
  if (!key.ok) return refused(key.problem);
  try {
    const found = await stat(path);
    if (!found.isDirectory()) {
      // A pipe or a device may never end, and all later reloads would wait for it.
      if (!found.isFile()) return refused(`${path} is neither a file nor a folder.`);
      if (found.size > MAX_BUNDLE)
        return refused(`${path}: the file is no bundle: it exceeds ${MAX_BUNDLE / 1024 / 1024} MiB.`);
      return placed(path, await openBundle(await readFile(path), key.key));
    }
    const files = await readFolder(path);
    return placed(
      path,
      typeof files === 'string' ? refused(`the folder holds ${files}.`) : await openFiles(files, key.key),
    );
  } catch (error) {
    return refused(`the bundle ${path} cannot be read (${codeOf(error)})`);
  }
}

export function placed(place: string, read: ReadBundle): ReadBundle {
  return read.ok ? read : refused(...read.problems.map((problem) => `${place}: ${problem}`));
}

export const refused = (...problems: readonly string[]): ReadBundle => ({ ok: false, problems });
export const time = (milliseconds: number) => new Date(milliseconds).toISOString();

const OWN: readonly string[] = ['.manifest', '.signatures.json'];

/**
 * A bundle that lies unpacked. Names with a leading dot are left out but for the bundle's own: volumes of Kubernetes keep
 * their versions under such. Links to files are followed, links to folders not.
 * @returns in the middle of a sentence, what has no place there
 */
async function readFolder(folder: string): Promise<Files | string> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let size = 0;
  const visit = async (relative: string): Promise<string | null> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      const name = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.name.startsWith('.') && !OWN.includes(name)) continue;
      if (entry.isDirectory()) {
        const wrong = await visit(name);
        if (wrong !== null) return wrong;
        continue;
      }
      const misplaced = misplacedIn(name);
      if (misplaced !== null) return `${JSON.stringify(name)}, ${misplaced}`;
      const found = await stat(join(folder, name));
      if (!found.isFile()) return `${JSON.stringify(name)}, which is no file`;
      size += found.size;
      if (size > MAX_UNPACKED) return `more than ${MAX_UNPACKED / 1024 / 1024} MiB`;
      files.set(name, new Uint8Array(await readFile(join(folder, name))));
    }
    return null;
  };
  return (await visit('')) ?? files;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
