import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audgate, createWorld, FILES, serving } from './audgate.ts';

const run = promisify(execFile);
const TSC = resolve('node_modules/typescript/bin/tsc');

/** What `npm publish` would take: the tree without sources and tests, with `dist` built from them. */
let staged: string;
let packed: readonly string[];
let world: Awaited<ReturnType<typeof createWorld>>;

beforeAll(async () => {
  world = await createWorld();
  staged = await mkdtemp(join(tmpdir(), 'audgate-package-'));
  await run(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', join(staged, 'dist')]);
  const { files } = JSON.parse(await readFile('package.json', 'utf8'));
  for (const name of ['package.json', 'README.md', 'LICENSE', 'src', ...files]) {
    if (await there(name)) await cp(name, join(staged, name), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(staged, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: staged });
  packed = packedFiles(JSON.parse(stdout));
});
afterAll(async () => {
  await world.close();
  await rm(staged, { recursive: true, force: true });
});

const there = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** npm 12 prints the packages by name, earlier ones as a list. */
function packedFiles(printed: Record<string, { files: { path: string }[] }>): readonly string[] {
  return Object.values(printed).flatMap(({ files }) => files.map(({ path }) => path));
}

describe('the package', () => {
  test.each([
    'dist/main.js',
    'dist/index.js',
    'dist/index.d.ts',
    'policies/core.wasm',
    'policies/core.manifest.json',
    'policies/capabilities.json',
    'schemas/registry.schema.json',
    'LICENSE',
    'README.md',
  ])('holds %s', (file) => {
    expect(packed).toContain(file);
  });

  test('holds no sources, tests or what is only here', () => {
    const foreign = packed.filter(
      (file) => !/^(dist|policies|schemas|docs|registry|templates)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(file),
    );
    expect(foreign).toEqual([]);
  });

  test('decides as the sources do', async () => {
    const main = join(staged, 'dist/main.js');
    const args = ['decide', '--registry', world.registry, '--server', FILES, '--tool', 'read_file', '--json'];
    const { code, stdout } = await audgate(args, { stdin: await world.token(), main });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ decision: 'allow', server: 'files' });
  });

  test('checks rules as the sources do', async () => {
    const args = ['policy', 'check', 'policies/recipes', '--json'];
    const { code, stdout } = await audgate(args, { main: join(staged, 'dist/main.js') });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).problems).toEqual([]);
  });
});

/** A program of a user, beside which the package is installed. */
async function user(name: string, text: string): Promise<string> {
  const folder = join(staged, name);
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(staged, join(folder, 'node_modules/audgate'));
  const types = { types: ['node'], typeRoots: [resolve('node_modules/@types')] };
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2024',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    ...types,
  };
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  await writeFile(join(folder, 'program.ts'), text);
  return folder;
}
const types = (folder: string) =>
  run(process.execPath, [TSC, '-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );

describe('the library', () => {
  const QUESTION = `{ server: '${FILES}', token: process.argv[2] ?? null, source: { kind: 'call', method: 'tools/list' } }`;
  const program = `
import { lookup } from 'node:dns';
import { createIssuerFetch, createMetrics, createService, defaultConfig, fileSources, type Decision } from 'audgate';

const started = await createService({
  sources: fileSources({ registry: process.argv[3] ?? '', bundle: null, allow_modified_core: false, now: Date.now }),
  keys: defaultConfig().keys,
  now: Date.now,
  ticks: process.hrtime.bigint,
  newId: () => crypto.randomUUID(),
  fetch: createIssuerFetch({ lookup }),
  log: console,
  metrics: createMetrics(),
  recorder: { record: () => {}, flush: async () => {}, dropped: () => 0 },
});
if (!started.ok) throw new Error(JSON.stringify(started.problems));
const decision: Decision = await started.service.decide(${QUESTION}, { name: 'mine', servers: '*' });
console.log(decision.decision);
started.service.close();
`;

  test('decides in process, with the types that it says it has', async () => {
    const folder = await user('right', program);
    expect(await types(folder)).toBe('');
    const args = [join(folder, 'program.ts'), await world.token(), world.registry];
    expect((await run(process.execPath, args)).stdout).toBe('allow\n');
  });

  test('has types that tell a mistake', async () => {
    const folder = await user('wrong', program.replace('decision.decision', 'decision.decided'));
    expect(await types(folder)).toContain("'decided' does not exist");
  });
});

describe('the client', () => {
  const program = `
import { type Allow, createClient } from 'audgate/client';

const client = createClient({ url: process.argv[2] ?? '', timeout_ms: 5000 });
const server = '${FILES}';
const token = process.argv[3] ?? null;
const answer = await client.decide({ server, token, call: { method: 'tools/call', tool: 'read_file', arguments: {} } });
const of = (allow: Allow) => allow.principal.issuer;
console.log(answer.decision === 'allow' ? of(answer) : 'problem' in answer ? answer.problem.kind : answer.reasons[0]?.code);
const { tools } = await client.allowed({ server, token });
console.log(tools.join());
`;

  test('is imported by its name, and asks the program', async () => {
    const folder = await user('client', program);
    expect(await types(folder)).toBe('');
    const asked = async (url: string, token: string) =>
      (await run(process.execPath, [join(folder, 'program.ts'), url, token])).stdout.trim().split('\n');
    const { url, child, end } = await serving(['--registry', world.registry]);
    expect(await asked(url, await world.token())).toEqual([
      expect.stringMatching(/^https?:/),
      expect.stringContaining('read_file'),
    ]);
    expect(await asked(url, 'no token')).toEqual(['token_malformed']);
    child.kill('SIGTERM');
    await end;
    expect(await asked(url, 'no token')).toEqual(['unreachable']);
  });

  test('takes no question of another form', async () => {
    const folder = await user('mistaken', program.replace("method: 'tools/call', tool", "method: 'tools/call', tol"));
    expect(await types(folder)).toContain("'tol' does not exist");
  });

  test('brings nothing along but itself: its files import nothing from elsewhere', async () => {
    const files = await readdir(join(staged, 'dist/client'));
    const texts = await Promise.all(
      files.filter((file) => file.endsWith('.js')).map((file) => readFile(join(staged, 'dist/client', file), 'utf8')),
    );
    const imported = texts.flatMap((text) =>
      [...text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)].map(([, from]) => from),
    );
    expect(imported.filter((from) => !from?.startsWith('./'))).toEqual(['node:http']);
  });
});
