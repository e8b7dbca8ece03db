/** Registry and policy from files: the registry as given, the core that ships with audgate, the user's bundle. */
import { readFile } from 'node:fs/promises';
import { readBundle } from './policy/bundle.ts';
import { readCoreManifest } from './policy/manifest.ts';
import { loadRegistry } from './registry/load.ts';
import type { SourcedPolicy, Sources } from './service.ts';

export interface FileSources {
  /** File or directory. */
  readonly registry: string;
  /** Bundle of custom rules; null: none. */
  readonly bundle: string | null;
  readonly allow_modified_core: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function fileSources({ registry, bundle, allow_modified_core, now }: FileSources): Sources {
  return {
    registry: () => loadRegistry(registry, { now: Math.floor(now() / 1000) }),
    policy: async () => {
      const core = await readCore();
      const sources = { core, allowModifiedCore: allow_modified_core };
      return bundle === null ? { ok: true, sources: { ...sources, custom: null } } : withBundle(bundle, sources);
    },
  };
}

type Sourced = Extract<SourcedPolicy, { ok: true }>['sources'];

/**
 * The module and manifest that this release carries; beside `src/` and `dist/` alike.
 * @throws when they are not there, or the manifest is none: the installation is broken
 */
export async function readCore(): Promise<Sourced['core']> {
  const file = (name: string) => readFile(new URL(`../policies/${name}`, import.meta.url));
  const [wasm, manifest] = await Promise.all([file('core.wasm'), file('core.manifest.json')]);
  const read = readCoreManifest(manifest.toString());
  if (read === null) throw new Error('policies/core.manifest.json is not what audgate writes: install audgate anew');
  return { wasm: new Uint8Array(wasm), manifest: read };
}

async function withBundle(path: string, sources: Omit<Sourced, 'custom'>): Promise<SourcedPolicy> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return refused(`the bundle ${path} cannot be read (${why})`);
  }
  const read = readBundle(bytes);
  if (!read.ok) return refused(...read.problems.map((problem) => `${path}: ${problem}`));
  const { wasm, digest, rules } = read.bundle;
  const custom = { wasm, digest, rules: rules.map((rule) => ({ ...rule, file: `${path}:${rule.file}` })) };
  return { ok: true, sources: { ...sources, custom } };
}

const refused = (...messages: readonly string[]): SourcedPolicy => ({
  ok: false,
  problems: messages.map((message) => ({ severity: 'error', message })),
});
