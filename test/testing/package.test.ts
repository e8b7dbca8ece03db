/** The examples of docs/testing.md run against the package as it is published. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const TSC = resolve('node_modules/typescript/bin/tsc');
const VITEST = resolve('node_modules/vitest/vitest.mjs');

let folder: string;
let examples: readonly string[];

beforeAll(async () => {
  const page = await readFile('docs/testing.md', 'utf8');
  examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  folder = await mkdtemp(join(tmpdir(), 'audgate-testing-'));
  const installed = join(folder, 'node_modules/audgate');
  await mkdir(installed, { recursive: true });
  await run(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist')]);
  for (const name of ['package.json', 'policies', 'schemas'])
    await cp(name, join(installed, name), { recursive: true });
  await symlink(resolve('node_modules'), join(installed, 'node_modules'));
  await symlink(resolve('node_modules/vitest'), join(folder, 'node_modules/vitest'));
  const types = { types: ['node'], typeRoots: [resolve('node_modules/@types')], skipLibCheck: true, noEmit: true };
  const compilerOptions = { module: 'NodeNext', target: 'ES2024', strict: true, ...types };
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const vitest = (file: string) =>
  run(process.execPath, [VITEST, 'run', '--root', folder, file], { env: { ...process.env, NO_COLOR: '1' } }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, output: stdout + stderr }),
  );

test('the tests of the page pass, and its matchers have types', async () => {
  const [tests = '', program = ''] = examples;
  await writeFile(join(folder, 'page.test.ts'), tests);
  await writeFile(join(folder, 'program.ts'), program);
  const typed = await run(process.execPath, [TSC, '-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(typed).toBe('');
  const { code, output } = await vitest('page.test.ts');
  expect(output).toMatch(/Tests +2 passed/);
  expect(code).toBe(0);
  const { stdout } = await run(process.execPath, [join(folder, 'program.ts')]);
  expect(JSON.parse(stdout)).toMatchObject({ token: 3, issuers: { corp: { jwks: { keys: [{ kid: 'test' }] } } } });
});

test('a code that there is not is a mistake of types, and a decision that is another fails', async () => {
  const [tests = ''] = examples;
  await writeFile(join(folder, 'wrong.test.ts'), tests.replace("'audience_mismatch'", "'token_expired'"));
  const { code, output } = await vitest('wrong.test.ts');
  expect(code).toBe(1);
  expect(output).toContain('expected a deny with token_expired, got deny: audience_mismatch (');
  await writeFile(join(folder, 'wrong.test.ts'), tests.replace("'audience_mismatch'", "'audience_mismatched'"));
  await expect(run(process.execPath, [TSC, '-p', folder])).rejects.toMatchObject({
    stdout: expect.stringContaining('"audience_mismatched"'),
  });
  expect((await vitest('wrong.test.ts')).output).toContain('there is no reason code audience_mismatched');
});
