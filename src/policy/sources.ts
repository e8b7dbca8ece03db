/** Rego files of a folder, and a folder of their own to compile them in. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Relative path with `/` → text. Sorted by path. */
export type Sources = ReadonlyMap<string, string>;

export const isTest = (file: string): boolean => file.endsWith('_test.rego');

export function without(sources: Sources, unwanted: (file: string) => boolean): Sources {
  return new Map([...sources].filter(([file]) => !unwanted(file)));
}

export interface Folder {
  readonly rego: Sources;
  /** All other files, by relative path; those under a name with a leading dot, and installed packages, are left out. */
  readonly others: readonly string[];
}

/** Reads a folder. A folder behind a symbolic link is listed in `others`, not entered: links can run in circles. */
export async function readFolder(folder: string): Promise<Folder> {
  const rego = new Map<string, string>();
  const others: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(join(folder, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) await visit(file);
      else if (entry.name.endsWith('.rego') && (await stat(join(folder, file))).isFile())
        rego.set(file, await readFile(join(folder, file), 'utf8'));
      else others.push(file);
    }
  };
  await visit('');
  return { rego: new Map([...rego].sort(([a], [b]) => (a < b ? -1 : 1))), others };
}

/**
 * Writes the files to a new folder, runs `work` with its path, and removes it. OPA embeds the path of each source, as it
 * was spelled, into the module: commands run *in* this folder and name files relative to it, so that the bytes are equal
 * wherever they are built.
 */
export async function withStage<T>(
  files: ReadonlyMap<string, string>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-policy-'));
  try {
    for (const [file, text] of files) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), text);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
