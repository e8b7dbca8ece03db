/** A newcomer's machine: a fresh clone, the machine's own Node and npm, and nothing else, above all no OPA and no Go. */

import { execFile } from 'node:child_process';
import { access, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { cloneCheckout, newcomersEnvironment } from '../readme/clone.ts';
import { scratch } from './start.ts';

/** What a shell has anywhere (POSIX), as far as npm and install scripts use it. */
const TOOLS =
  'sh env cat chmod cp dirname basename echo false true ls ln mkdir mv pwd rm sed sleep test tr uname'.split(' ');

test('npm ci and npm run demo -- --once end with 0, with nothing but Node and npm on PATH', {
  timeout: 240_000,
}, async () => {
  const folder = await cloneCheckout();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = await bareEnvironment();
  const execute = (command: string) =>
    promisify(execFile)('sh', ['-c', command], { cwd: folder, env, maxBuffer: 2 ** 26 });

  for (const absent of ['go', 'opa', 'git', 'docker']) await expect(execute(`command -v ${absent}`)).rejects.toThrow();
  expect(Number((await execute('node -p process.versions.node')).stdout.split('.')[0])).toBeGreaterThanOrEqual(20);
  await execute('npm ci');
  const { stdout } = await execute('npm run demo -- --once');
  const [, right, all] = /^(\d+) of (\d+) calls answered as they should be\.$/m.exec(stdout) ?? [];
  expect(Number(all)).toBeGreaterThanOrEqual(14);
  expect(right).toBe(all);
});

/** PATH is one folder of links; the home is empty, so that no cached OPA is found. npm keeps its settings and cache. */
async function bareEnvironment(): Promise<NodeJS.ProcessEnv> {
  const home = await scratch();
  const bin = join(home, 'bin');
  await mkdir(bin);
  const env = newcomersEnvironment();
  const folders = (env.PATH ?? '').split(delimiter);
  for (const tool of ['node', 'npm', 'npx', ...TOOLS]) await symlink(await find(tool, folders), join(bin, tool));
  const { stdout: cache } = await promisify(execFile)('npm', ['config', 'get', 'cache'], { env });
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !/^(XDG_|GO)/.test(name))),
    PATH: bin,
    HOME: home,
    npm_config_userconfig: env.npm_config_userconfig ?? join(homedir(), '.npmrc'),
    npm_config_cache: cache.trim(),
  };
}

async function find(tool: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, tool);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return realpath(path);
  }
  throw new Error(`${tool} is not on PATH`);
}
