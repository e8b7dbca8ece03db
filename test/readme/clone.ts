/** A scratch clone of this checkout, and the environment of somebody who has just made it. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const git = (...args: readonly string[]) => execFileSync('git', ['-C', PROJECT, ...args], { encoding: 'utf8' });

/**
 * A real clone of HEAD, then whatever `git status` calls changed or new on top of it. On a clean checkout that is nothing,
 * so that exactly what is committed is tested; while somebody works, it is what they would commit.
 * @returns its folder, which the caller removes
 */
export async function cloneCheckout(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-readme-'));
  git('clone', '--quiet', PROJECT, folder);
  const changes = git('status', '--porcelain', '--no-renames', '--untracked-files=all', '-z').split('\0');
  for (const file of changes.map((change) => change.slice('XY '.length)).filter((name) => name !== '')) {
    const target = join(folder, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(PROJECT, file), target).catch(() => rm(target, { force: true }));
  }
  return folder;
}

/** Set by npm and vitest for the run of this test; a newcomer's shell has none of it. Their npm settings stay. */
const OURS =
  /^(npm_(?!config_(registry|userconfig|cache|cafile|https?_proxy)$)|VITEST|NODE_(?!EXTRA_CA_CERTS$)|INIT_CWD$)/;

export function newcomersEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  // npm puts the pinned Node first; a newcomer's commands start on whatever Node the machine has.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) };
}
