/** `audgate init`, and what it writes: typed as its README says, with the package as npm packs it, and no network. */
import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { blocksOf } from '../readme/blocks.ts';
import { paste } from '../readme/shell.ts';
import { inProcess } from './in-process.ts';

const run = promisify(execFile);

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audgate-init-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();

describe('init', () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await scratch(), 'policy');
  });

  test('writes the repository, and says which files', async () => {
    const { code, stdout } = await inProcess(['init', folder]);
    expect(code).toBe(0);
    const files = await filesIn(folder);
    expect(stdout).toBe(files.map((file) => `${join(folder, file)}\n`).join(''));
    expect(files).toEqual(
      expect.arrayContaining([
        ...['README.md', '.gitignore', '.github/workflows/policy.yaml', 'cases/billing.yaml'],
        ...['registry/issuers.yaml', 'registry/files.yaml', 'registry/billing.yaml'],
        ...['rules/refund_limit/refund_limit.rego', 'rules/refund_limit/refund_limit_test.rego'],
      ]),
    );
  });

  test('a working folder that was removed is told, and not waited for', async () => {
    const [gone, main] = [await scratch(), resolve(import.meta.dirname, '../../src/main.ts')];
    const command = `rmdir '${gone}' && exec '${process.execPath}' '${main}' init policy`;
    const failed = run('sh', ['-c', command], { cwd: gone, timeout: 60_000 });
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') });
  });

  test('each YAML of registry and cases names a schema for editors, and that schema is there', async () => {
    await inProcess(['init', folder]);
    const files = (await filesIn(folder)).filter((file) => /^(registry|cases)\//.test(file));
    expect(files).toHaveLength(6);
    for (const file of files) {
      const text = await readFile(join(folder, file), 'utf8');
      const [, schema = 'none'] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
      await expect(access(join(folder, file, '..', schema)), file).resolves.toBeUndefined();
    }
  });

  test('CI installs the very version that wrote it', async () => {
    await inProcess(['init', folder]);
    const workflow = await readFile(join(folder, '.github/workflows/policy.yaml'), 'utf8');
    expect(workflow).toContain('npm install --no-save audgate@0.0.0\n');
    expect(workflow + (await readFile(join(folder, 'README.md'), 'utf8'))).not.toContain('AUDGATE_VERSION');
  });

  test('goes into a folder that holds other things', async () => {
    await mkdir(join(folder, 'docs'), { recursive: true });
    await writeFile(join(folder, 'LICENSE'), 'mine');
    expect((await inProcess(['init', folder])).code).toBe(0);
    expect(await readFile(join(folder, 'LICENSE'), 'utf8')).toBe('mine');
  });

  test('names all that is in the way, and then writes nothing', async () => {
    await mkdir(join(folder, 'cases'), { recursive: true });
    await writeFile(join(folder, 'README.md'), 'mine');
    await writeFile(join(folder, 'cases/files.yaml'), 'mine');
    await writeFile(join(folder, 'rules'), 'a file, no folder');
    const before = await filesIn(folder);
    const { code, stdout } = await inProcess(['init', folder, '--json']);
    expect(code).toBe(1);
    const { files, problems } = JSON.parse(stdout);
    expect(files).toEqual([]);
    expect(problems.map(({ file }: { file: string }) => file)).toEqual(['README.md', 'cases/files.yaml', 'rules']);
    expect(await filesIn(folder)).toEqual(before);
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('mine');
    const { stdout: printed } = await inProcess(['init', folder]);
    expect(printed.match(/: error: /g)).toHaveLength(3);
  });

  test('writes through no link, where files would land elsewhere', async () => {
    const elsewhere = await scratch();
    await mkdir(folder);
    await symlink(elsewhere, join(folder, 'registry'));
    const { code, stdout } = await inProcess(['init', folder]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${join(folder, 'registry')}: error`);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test('a file in the folder’s place is wrong usage', async () => {
    await writeFile(folder, '');
    expect(await inProcess(['init', folder])).toMatchObject({ code: 2, stdout: '' });
    expect(await inProcess(['init', join(folder, 'below')])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('the package that npm packs writes a repository', () => {
  let place: string;
  let repository: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'audgate-init-packed-'));
    repository = join(place, 'policy');
    await install(place);
    const bin = join(place, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    // Offline: what is not in this folder cannot be had, and nothing may be asked for it.
    env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, npm_config_offline: 'true' };
    await run('npx', ['audgate', 'init', 'policy'], { cwd: place, env });
  });
  afterAll(() => rm(place, { recursive: true, force: true }));

  test('with all its files, those with a dot too', async () => {
    await inProcess(['init', join(place, 'from-sources')]);
    expect(await filesIn(repository)).toEqual(await filesIn(join(place, 'from-sources')));
  });

  test('whose README leads through: each command ends well', { timeout: 180_000 }, async () => {
    const page = await readFile(join(repository, 'README.md'), 'utf8');
    const [block, ...more] = blocksOf(page);
    expect(more).toEqual([]);
    const said = await paste(block?.text ?? 'false', repository, env).ended;
    expect(said.code, `${said.stdout}\n${said.stderr}`).toBe(0);
    expect(said.stdout).toContain('0 errors, 0 warnings');
    expect(said.stdout).toContain('rules refund_limit: no problems');
    expect(said.stdout).toMatch(/Rego tests on wasm: [1-9]\d* passed, 0 failed/);
    expect(said.stdout).toMatch(/^bundle\.tar\.gz sha256:/m);
    const [, serve = 'false'] = /`(npx audgate serve [^`]+)`/.exec(page) ?? [];
    const server = paste(`${serve} --listen 127.0.0.1:0`, repository, env);
    const [line] = await server.until(/^\{"event":"listening".*\}$/m);
    const status = await fetch(`${JSON.parse(line).url}/v1/status`);
    expect(await status.json()).toMatchObject({
      registry: { servers: 2 },
      policy: { custom: { rules: ['refund_limit'] } },
    });
    server.interrupt();
    await server.ended;
  });

  test('whose CI runs the same commands, and passes', { timeout: 180_000 }, async () => {
    const workflow = parse(await readFile(join(repository, '.github/workflows/policy.yaml'), 'utf8'));
    const steps: readonly { readonly run?: string }[] = workflow.jobs.policy.steps;
    const commands = steps.flatMap((step) => step.run ?? []).filter((command) => !command.startsWith('npm install'));
    expect(commands.map((command) => command.split(' ').slice(2, 4).join(' '))).toEqual([
      ...['registry check', 'policy check', 'policy test', 'policy build'],
    ]);
    const { code, stdout, stderr } = await paste(commands.join('\n'), repository, env).ended;
    expect(code, `${stdout}\n${stderr}`).toBe(0);
  });

  test('whose CI fails when a rule loses its limit', { timeout: 180_000 }, async () => {
    const file = join(repository, 'rules/refund_limit/refund_limit.rego');
    const rule = await readFile(file, 'utf8');
    await writeFile(file, rule.replace('\tamount <= limit\n', ''));
    const { code, stdout } = await paste('npx audgate policy test .', repository, env).ended;
    await writeFile(file, rule);
    expect(code).toBe(1);
    expect(stdout).toContain('cases/billing.yaml');
  });

  test('whose tests notice every mistake that is planted', { timeout: 180_000 }, async () => {
    const { code, stdout } = await paste('npx audgate policy test . --mutate --min-score 100', repository, env).ended;
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('Score: 100 %');
  });
});

/** The packed package in `node_modules` of `place`, its dependencies beside it, as `npm install` would leave them. */
async function install(place: string): Promise<void> {
  const staged = join(place, 'staged');
  const built = join(staged, 'dist');
  await mkdir(staged);
  await run(process.execPath, [
    resolve('node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
    '--outDir',
    built,
  ]);
  const { files, dependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const name of ['package.json', 'README.md', 'LICENSE', ...files]) {
    if (name !== 'dist') await cp(name, join(staged, name), { recursive: true });
  }
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: staged });
  const modules = join(place, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  await run('tar', ['-xzf', join(staged, stdout.trim()), '-C', modules]);
  await run('mv', [join(modules, 'package'), join(modules, 'audgate')]);
  const main = join(modules, 'audgate/dist/main.js');
  await chmod(main, 0o755);
  await symlink(main, join(modules, '.bin/audgate'));
  for (const name of Object.keys(dependencies)) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(resolve('node_modules', name), join(modules, name));
  }
}
