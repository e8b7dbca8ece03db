/** What records are judged by again, and what is compared: registry and rules as a pull request would ship them. */
import { readFile, stat } from 'node:fs/promises';
import type { ReloadProblem } from '../decide/decider.ts';
import { type Bundle, openFiles, readBundle, unpack } from '../policy/bundle.ts';
import { SIGNATURES, type SigningKey } from '../policy/bundle-signature.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import { loadRegistry, loadRegistryFiles } from '../registry/load.ts';
import type { LoadedRegistry, Registry } from '../registry/registry.ts';
import { readCore } from '../sources.ts';

export interface OpenedBundle extends Bundle {
  /** Rego sources by path, for readers of them. The module alone decides. */
  readonly sources: ReadonlyMap<string, string>;
  /** It is signed, and nobody looked at the signature. */
  readonly unverified: boolean;
}

export type Failed = { readonly ok: false; readonly problems: readonly ReloadProblem[] };
export type Opened<T> = { readonly ok: true; readonly opened: T } | Failed;

const failed = (...messages: readonly string[]): Failed => ({
  ok: false,
  problems: messages.map((message) => ({ severity: 'error', message })),
});

/** @param key null: whether it is signed is only told, because nothing is put in force here */
export async function openBundleFile(path: string, key: SigningKey | null): Promise<Opened<OpenedBundle>> {
  const bytes = await readFile(path);
  const files = unpack(bytes);
  const read = key === null || typeof files === 'string' ? readBundle(bytes) : await openFiles(files, key);
  if (!read.ok) return failed(...read.problems.map((problem) => `${path}: ${problem}`));
  const texts = typeof files === 'string' ? [] : [...files].filter(([name]) => name.endsWith('.rego'));
  const sources = new Map(texts.map(([name, content]) => [name, new TextDecoder().decode(content)]));
  const unverified = key === null && typeof files !== 'string' && files.has(SIGNATURES);
  return { ok: true, opened: { ...read.bundle, sources, unverified } };
}

/** A registry file or folder, or a bundle, told apart by its first bytes (gzip, RFC 1952 §2.3.1). */
export interface Side {
  /** Null: a bundle without registry. */
  readonly registry: Registry | null;
  /** Null: a registry alone. */
  readonly bundle: OpenedBundle | null;
}

/**
 * @param now seconds since the epoch
 * @param key that a bundle must be signed with; null: its signature is not looked at
 */
export async function openSide(path: string, now: number, key: SigningKey | null): Promise<Opened<Side>> {
  if (!(await isGzip(path))) {
    const loaded = await loadRegistry(path, { now });
    return loaded.ok ? { ok: true, opened: { registry: loaded.registry, bundle: null } } : loaded;
  }
  const read = await openBundleFile(path, key);
  if (!read.ok) return read;
  const packed = await packedRegistry(read.opened, path, now);
  if (packed?.ok === false) return packed;
  return { ok: true, opened: { registry: packed?.registry ?? null, bundle: read.opened } };
}

/** @returns null when the bundle holds none */
export async function packedRegistry(bundle: Bundle, path: string, now: number): Promise<LoadedRegistry | null> {
  if (bundle.registry === null) return null;
  const files = [...bundle.registry].map(([name, content]) => ({ file: `${path}:registry/${name}`, content }));
  return loadRegistryFiles(files, { now });
}

async function isGzip(path: string): Promise<boolean> {
  if ((await stat(path)).isDirectory()) return false;
  const bytes = await readFile(path);
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The pinned core, and the bundle's rules. @param bundle null: no custom rules */
export async function openPolicy(bundle: OpenedBundle | null): Promise<Opened<Policy>> {
  const { custom = null } = bundle ?? {};
  const loaded = await loadPolicy({ core: await readCore(), allowModifiedCore: false, custom, onAlarm: () => {} });
  return loaded.ok ? { ok: true, opened: loaded.policy } : failed(...loaded.problems);
}
