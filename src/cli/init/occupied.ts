/** What already stands where files are to be written. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param paths relative, with `/`
 * @returns those of them, and of their folders, that are in the way: any file, and any folder that is not a real one. A
 * link is never followed, because what is written through it would land elsewhere. Sorted, each once.
 */
export async function occupied(folder: string, paths: Iterable<string>): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const names = path.split('/');
    for (let depth = 1; depth <= names.length; depth += 1) {
      const part = names.slice(0, depth).join('/');
      const entry = await lstat(join(folder, part)).catch(absent);
      if (entry === null) break;
      if (depth < names.length && entry.isDirectory()) continue;
      found.add(part);
      break;
    }
  }
  return [...found].sort();
}

/** Whatever cannot be looked at is in the way too: writing there then says why. */
function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}
