/** Where OPA comes from: PATH, else the cache outside the tree, else a build from source, which fills the cache. */
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OPA_VERSION, type Opa, opaAt, run, whyUnfit } from './opa.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  /** PATH is searched; all of it goes to `go install`, which has settings of its own. */
  readonly env: Environment;
  /** Folder for binaries, outside the tree. Null: nothing is kept, and nothing can be installed. */
  readonly cache: string | null;
  readonly platform: NodeJS.Platform;
  /** Gets one line for what a reader should know: a version passed over, an installation that takes a while. */
  readonly note: (line: string) => void;
}

export type FoundOpa = { readonly ok: true; readonly opa: Opa } | { readonly ok: false; readonly message: string };

const SOURCE = `github.com/open-policy-agent/opa@v${OPA_VERSION}`;

/** The cache folder that the environment asks for (XDG Base Directory), or null without a home. */
export function opaCache(env: Environment): string | null {
  const { XDG_CACHE_HOME, HOME } = env;
  if (XDG_CACHE_HOME?.startsWith('/') === true) return join(XDG_CACHE_HOME, 'audgate', 'opa');
  return HOME === undefined || HOME === '' ? null : join(HOME, '.cache', 'audgate', 'opa');
}

/** Finds or builds exactly the pinned OPA with WebAssembly. Any other is passed over with a note. */
export async function findOpa(surroundings: Surroundings): Promise<FoundOpa> {
  const { env, cache, platform, note } = surroundings;
  const binary = platform === 'win32' ? 'opa.exe' : 'opa';
  for (const folder of (env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const candidate = join(folder, binary);
    if (!(await isFile(candidate))) continue;
    const unfit = await whyUnfit(candidate);
    if (unfit === null) return { ok: true, opa: opaAt(candidate) };
    note(`${candidate} is passed over: ${unfit}.`);
  }
  const advice = `Put OPA ${OPA_VERSION} with WebAssembly on PATH (go install -tags opa_wasm ${SOURCE}), then run this again.`;
  if (cache === null) return { ok: false, message: `No OPA on PATH, and no HOME to keep one in. ${advice}` };
  const cached = join(cache, OPA_VERSION, binary);
  if (await isFile(cached)) {
    const unfit = await whyUnfit(cached);
    if (unfit === null) return { ok: true, opa: opaAt(cached) };
    note(`${cached} is built anew: ${unfit}.`);
  }
  const failed = await install(cached, surroundings);
  if (failed === null) return { ok: true, opa: opaAt(cached) };
  return { ok: false, message: `No OPA ${OPA_VERSION} was found, and none could be built: ${failed} ${advice}` };
}

/**
 * Builds OPA from source; Go's checksum database vouches for it. The binary is moved into place when it is whole and fit,
 * so that two builds at once, or one that is cut short, leave nothing half done.
 * @returns null, or what went wrong
 */
async function install(target: string, { env, platform, note }: Surroundings): Promise<string | null> {
  const home = join(target, '..');
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(home, 'build-'));
  try {
    note(`Building OPA ${OPA_VERSION} from source, once (about 75 s) …`);
    const built = await run('go', ['install', '-tags', 'opa_wasm', SOURCE], { env: { ...env, GOBIN: folder } });
    if (built.code !== 0) return `go install said: ${built.stderr.trim().split('\n').at(-1)}.`;
    const binary = join(folder, platform === 'win32' ? 'opa.exe' : 'opa');
    const unfit = await whyUnfit(binary);
    if (unfit !== null) return `the build is unfit: ${unfit}.`;
    await rename(binary, target);
    note(`OPA ${OPA_VERSION} is kept in ${target}.`);
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
