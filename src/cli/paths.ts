/** Whether the files and folders that a command was given are there: if not, the command was used wrongly. */
import { access, constants, stat } from 'node:fs/promises';
import type { Host } from './host.ts';
import { print, shown } from './terminal.ts';

export interface Wanted {
  readonly path: string;
  /** How the user named it: `--registry` or `PATH`. */
  readonly as: string;
  /** Default: either. */
  readonly kind?: 'file' | 'folder';
}

/** Says on standard error what is missing, all at once. */
export async function allThere(host: Host, wanted: readonly Wanted[]): Promise<boolean> {
  const found = await missing(wanted);
  print(host.stderr, ...found.map((line) => `audgate: ${line}`));
  return found.length === 0;
}

/** What is not there, or cannot be read, a sentence each. */
export async function missing(wanted: readonly Wanted[]): Promise<readonly string[]> {
  const complaints = await Promise.all(wanted.map(complaint));
  return complaints.filter((line) => line !== null);
}

async function complaint({ path, as, kind }: Wanted): Promise<string | null> {
  try {
    const entry = await stat(path);
    await access(path, constants.R_OK);
    if (kind === 'file' && entry.isDirectory()) return `${as} ${shown(path)} is a folder; a file was expected`;
    if (kind === 'folder' && !entry.isDirectory()) return `${as} ${shown(path)} is no folder`;
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return `${as} ${shown(path)} does not exist; check the path`;
    return `${as} ${shown(path)} cannot be read (${String(code)}); check its permissions`;
  }
}
