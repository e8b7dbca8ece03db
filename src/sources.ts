/** Registry and policy: the registry from files or from the bundle, the core that ships with audgate, the user's bundle. */
import { readFile } from 'node:fs/promises';
import type { BundleConfig, SigningConfig } from './config/bundle.ts';
import type { ReloadProblem } from './decide/decider.ts';
import { readCoreManifest } from './policy/manifest.ts';
import type { LoadOptions } from './registry/assemble.ts';
import { checkThreads } from './registry/check-apart.ts';
import { loadRegistry, loadRegistryFiles } from './registry/load.ts';
import type { LoadedRegistry } from './registry/registry.ts';
import type { Threads } from './registry/thread.ts';
import type { Reading, SourcedPolicy, SourcedShadow, Sources } from './service.ts';
import { type BundleSource, type Offer, pathBundle } from './sources/bundle.ts';
import { poll } from './sources/poll.ts';
import { remoteBundle } from './sources/remote.ts';
import { watchPaths } from './sources/watch.ts';

export interface FileSources {
  /** File or directory; null: the bundle holds it. */
  readonly registry: string | null;
  /** Bundle of custom rules, a file or a folder; null: none. */
  readonly bundle: string | null;
  /** What the bundle must be signed with; absent: it must not be signed. */
  readonly signing?: SigningConfig | undefined;
  readonly allow_modified_core: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Sources of a command, or of a service that is told when to read them. */
export function fileSources({ bundle, signing, ...rest }: FileSources): Sources {
  return sourcesOf({ ...rest, source: bundle === null ? null : pathBundle(bundle, signing, rest.now) });
}

export interface ConfiguredSources extends Omit<FileSources, 'bundle' | 'signing'> {
  readonly bundle: BundleConfig | null;
  /** Bundle that is judged beside it; null: none. It must be signed as the live one must. */
  readonly shadow: string | null;
  /** Reload when files change. */
  readonly watch: boolean;
  /** From 0 to below 1, evenly. */
  readonly random: () => number;
}

export interface PinnedSources extends Sources {
  /** The one bundle that reloads take from now on, by digest; undefined: whatever is newest. */
  readonly pin: (digest: string | undefined) => void;
}

/** Milliseconds between two looks at files, and for which they must lie still. */
const LOOK_MS = 2000;
const QUIET_MS = 150;

/** Sources of `serve`: they look for changes themselves. */
export function configuredSources({ bundle, shadow, watch, random, ...rest }: ConfiguredSources): PinnedSources {
  const { remote, path, signing } = bundle ?? {};
  const { now, registry } = rest;
  const fetched = remote === undefined ? null : remoteBundle({ remote, signing, now });
  const source = fetched ?? (path === undefined ? null : pathBundle(path, signing, now));
  const threads = checkThreads();
  const files = [registry, path, shadow, signing?.public_key].filter((file) => typeof file === 'string');
  return {
    ...sourcesOf({ ...rest, source, threads }),
    ...(shadow !== null && { shadow: () => readShadow(shadow, signing, rest) }),
    pin: (digest) => fetched?.pin(digest),
    watch(reload, onEvent) {
      const changed = async () => {
        await reload();
      };
      const ends: (() => void)[] = [];
      if (watch) ends.push(watchPaths({ paths: files, changed, interval_ms: LOOK_MS, quiet_ms: QUIET_MS }));
      if (fetched !== null && remote !== undefined)
        ends.push(poll({ source: fetched, polling: remote.polling, random, changed, onEvent }));
      return () => {
        for (const end of ends) end();
        threads.close();
      };
    },
    ...(fetched !== null && remote?.stop_when_stale === true && { isHeldBack: fetched.isStale }),
  };
}

async function readShadow(
  path: string,
  signing: BundleConfig['signing'],
  { allow_modified_core, now }: Pick<FileSources, 'allow_modified_core' | 'now'>,
): Promise<SourcedShadow> {
  const offer = await pathBundle(path, signing, now).offer();
  const sourced = withOffer(offer, { core: await readCore(), allowModifiedCore: allow_modified_core });
  if (!sourced.ok || !offer.read.ok || offer.read.bundle.registry === null) return sourced;
  const loaded = await loadFrom(null, offer, { now: Math.floor(now() / 1000) });
  return loaded.ok ? { ...sourced, registry: loaded.registry } : loaded;
}

interface Parts extends Omit<FileSources, 'bundle' | 'signing'> {
  readonly source: BundleSource | null;
  /** On which a registry is read; absent: on one that is started for it. */
  readonly threads?: Threads;
}

function sourcesOf({ registry, source, allow_modified_core, now, threads }: Parts): Sources {
  const begin = async (): Promise<Reading> => {
    const offer = source === null ? null : await source.offer();
    return {
      registry: () => loadFrom(registry, offer, { now: Math.floor(now() / 1000), threads }),
      async policy() {
        const sources = { core: await readCore(), allowModifiedCore: allow_modified_core };
        return offer === null ? { ok: true, sources: { ...sources, custom: null } } : withOffer(offer, sources);
      },
      async settled(ok, problems) {
        if (offer === null) return false;
        if (!ok) return offer.refused(problems.map(textOf));
        await offer.accepted();
        return false;
      },
    };
  };
  return {
    begin,
    registry: async () => (await begin()).registry(),
    policy: async () => (await begin()).policy(),
    ...(source !== null && { bundle: () => source.status() }),
  };
}

/** Of two registries one would silently lose. */
async function loadFrom(path: string | null, offer: Offer | null, options: LoadOptions): Promise<LoadedRegistry> {
  const packed = offer?.read.ok === true ? offer.read.bundle.registry : null;
  const place = offer?.place ?? '';
  if (path !== null && packed === null) return loadRegistry(path, options);
  if (path !== null) {
    const message = `There are two registries: ${path}, and the one that the bundle holds.`;
    return noRegistry(place, message, 'Name no registry, or build the bundle without --registry.');
  }
  if (packed !== null) {
    const files = [...packed].map(([name, content]) => ({ file: `${place}:registry/${name}`, content }));
    return loadRegistryFiles(files, options);
  }
  // A bundle that cannot be read is told as that.
  if (offer?.read.ok === false) return { ok: false, missing: false, problems: [] };
  const remedy = 'Name one with --registry or registry:, or build the bundle with --registry.';
  return noRegistry(place, 'There is no registry: none is configured, and the bundle holds none.', remedy);
}

function noRegistry(file: string, message: string, remedy: string): LoadedRegistry {
  const problem = { severity: 'error', file, line: 1, column: 1, path: '', value: null, message, remedy } as const;
  return { ok: false, missing: false, problems: [problem] };
}

const textOf = (problem: ReloadProblem) =>
  'file' in problem ? `${problem.file}:${problem.line}: ${problem.message} ${problem.remedy}` : problem.message;

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

function withOffer({ read, place }: Offer, sources: Omit<Sourced, 'custom'>): SourcedPolicy {
  if (!read.ok)
    return { ok: false, problems: read.problems.map((message) => ({ severity: 'error', message }) as const) };
  if (read.bundle.custom === null) return { ok: true, sources: { ...sources, custom: null } };
  const { wasm, digest, rules, denials } = read.bundle.custom;
  const located = rules.map((rule) => ({ ...rule, file: `${place}:${rule.file}`, lines: denials.get(rule.name) }));
  const custom = { wasm, digest, rules: located };
  return { ok: true, sources: { ...sources, custom } };
}
