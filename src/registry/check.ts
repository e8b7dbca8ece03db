import type { LoadOptions } from './assemble.ts';
import { loadRegistry } from './load.ts';
import type { Problem } from './registry.ts';

export interface CheckReport {
  /** Errors and warnings, by file and position: what `registry check --json` prints. */
  readonly problems: readonly Problem[];
  /** The path itself cannot be read: wrong usage (exit 2), rather than problems in files (exit 1). */
  readonly missing: boolean;
}

/** Content of `registry check` (contract 8). */
export async function checkRegistry(path: string, options: LoadOptions): Promise<CheckReport> {
  const loaded = await loadRegistry(path, options);
  return loaded.ok
    ? { problems: loaded.warnings, missing: false }
    : { problems: loaded.problems, missing: loaded.missing };
}
