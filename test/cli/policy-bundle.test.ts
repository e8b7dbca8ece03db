/** `policy build` with a registry and a signature, and `policy inspect` of what it wrote. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { twoRules } from '../policy/two-rules.ts';
import { audgate, createWorld, FILES, registryOf } from './audgate.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let registry: string;
const file = (name: string) => join(world.folder, name);
beforeAll(async () => {
  world = await createWorld();
  rules = await twoRules(world.folder);
  registry = file('registry');
  await mkdir(registry);
  const { issuers, servers } = registryOf(world.key);
  await writeFile(join(registry, 'issuers.yaml'), JSON.stringify({ issuers }));
  await writeFile(join(registry, 'servers.yaml'), JSON.stringify({ servers }));
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(file('key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await writeFile(file('key.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
});
afterAll(() => world.close());

let rules: string;
const SIGNED = ['--signing-alg', 'RS256', '--key-id', 'key-1'];
const build = (output: string, ...more: readonly string[]) =>
  audgate(['policy', 'build', rules, '--registry', registry, '-o', file(output), ...more]);

describe('policy build and inspect', () => {
  test('a registry and a signature are packed, the same bytes each time', async () => {
    const signing = ['--signing-key', file('key.pem'), ...SIGNED];
    const built = await build('one.tar.gz', ...signing);
    expect(built).toMatchObject({ code: 0 });
    expect(built.stdout).toContain('registry issuers.yaml, servers.yaml\nsigned RS256 key-1\n');
    expect((await build('two.tar.gz', ...signing)).code).toBe(0);
    expect(Buffer.compare(await readFile(file('one.tar.gz')), await readFile(file('two.tar.gz')))).toBe(0);

    const verify = ['--verification-key', file('key.pub'), ...SIGNED];
    const { code, stdout } = await audgate(['policy', 'inspect', file('one.tar.gz'), '--json', ...verify]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rules: [{ name: 'argument_limit' }, { name: 'office_hours' }],
      registry: { files: ['issuers.yaml', 'servers.yaml'], servers: ['billing', 'files'], issuers: ['corp'] },
      signature: { algorithm: 'RS256', key_id: 'key-1', verified: true },
      problems: [],
    });
    const unasked = await audgate(['policy', 'inspect', file('one.tar.gz')]);
    expect(unasked.code).toBe(0);
    expect(unasked.stdout).toContain('signature RS256 key-1, not verified');
    const wrong = ['--verification-key', file('key.pub'), '--signing-alg', 'RS256', '--key-id', 'key-2'];
    const refused = await audgate(['policy', 'inspect', file('one.tar.gz'), ...wrong]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('NOT verified');
    expect(refused.stdout).toContain('names the key "key-1", and "key-2"');
  });

  test('a registry with a problem is not packed', async () => {
    const bad = await world.write('bad.yaml', 'servers: { files: { resourse: x } }\n');
    const { code, stderr } = await audgate(['policy', 'build', rules, '--registry', bad, '-o', file('bad.tar.gz')]);
    expect(code).toBe(1);
    expect(stderr).toContain('resourse');
    await expect(readFile(file('bad.tar.gz'))).rejects.toThrow('ENOENT');
  });

  test.each([
    ['a key without an algorithm', () => ['--signing-key', file('key.pem')], '--signing-key needs --signing-alg'],
    ['an algorithm without a key', () => ['--signing-alg', 'RS256'], 'belong to --signing-key'],
    ['an algorithm that is none', () => ['--signing-key', file('key.pem'), '--signing-alg', 'none'], 'none'],
    ['a public key', () => ['--signing-key', file('key.pub'), '--signing-alg', 'RS256'], 'holds no private key'],
    ['a key of another kind', () => ['--signing-key', file('key.pem'), '--signing-alg', 'ES256'], 'ES256 takes ec'],
  ])('wrong usage: %s', async (_, flags, told) => {
    const { code, stderr } = await build('never.tar.gz', ...flags());
    expect(code).toBe(2);
    expect(stderr).toContain(told);
  });

  test('inspect says what is wrong with what is no bundle', async () => {
    const { code, stdout } = await audgate(['policy', 'inspect', await world.write('no.tar.gz', 'hello')]);
    expect(code).toBe(1);
    expect(stdout).toContain('not compressed with gzip');
  });
});

describe('registry check --format github', () => {
  test('is one command a problem, and nothing in a file can write another', async () => {
    const text =
      'servers:\n  files:\n    resource: "x\\n::error::owned, 100%: yes"\n    max_lifetime_seconds: 1\n    issuers: [a]\n';
    const path = await world.write('a,b:c.yaml', text);
    const { code, stdout } = await audgate(['registry', 'check', path, '--format', 'github']);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(line).toMatch(/^::(error|warning) file=[^,:]*a%2Cb%3Ac\.yaml,line=\d+,col=\d+,title=[^,:]+::\S/);
    expect(stdout).toMatch(/line=3,col=15,/);
  });

  test('a registry without problems says nothing', async () => {
    expect(await audgate(['registry', 'check', registry, '--format', 'github'])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('a registry alone', () => {
  const alone = (name: string, ...more: readonly string[]) =>
    audgate(['policy', 'build', '--registry', registry, '-o', file(name), ...more]);

  test('is built without OPA, the same bytes each time, and inspect says that it holds no rules', async () => {
    const built = await alone('alone.tar.gz');
    expect(built).toMatchObject({ code: 0 });
    expect(built.stdout).toContain('rules (none)\nregistry issuers.yaml, servers.yaml\n');
    expect((await alone('again.tar.gz')).code).toBe(0);
    expect(Buffer.compare(await readFile(file('alone.tar.gz')), await readFile(file('again.tar.gz')))).toBe(0);
    const { code, stdout } = await audgate(['policy', 'inspect', file('alone.tar.gz'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rules: [], module: null, registry: { servers: ['billing', 'files'] } });
  });

  test('decides like the registry that it holds', async () => {
    expect((await alone('decides.tar.gz')).code).toBe(0);
    const ask = ['--server', FILES, '--tool', 'read_file', '--json'];
    const token = await world.token();
    const [packed, plain] = [
      await audgate(['decide', '--bundle', file('decides.tar.gz'), ...ask], { stdin: token }),
      await audgate(['decide', '--registry', registry, ...ask], { stdin: token }),
    ];
    expect(packed.code).toBe(0);
    expect(JSON.parse(packed.stdout)).toMatchObject({ decision: 'allow', revision: JSON.parse(plain.stdout).revision });
    const tested = await audgate(['policy', 'test', rules, '--engine', 'wasm', '--bundle', file('decides.tar.gz')]);
    expect(tested).toMatchObject({ code: 2 });
    expect(tested.stderr).toContain('holds a registry alone, and no rules');
  });

  test('neither rules nor a registry is nothing to build', async () => {
    const { code, stderr } = await audgate(['policy', 'build', '-o', file('never.tar.gz')]);
    expect(code).toBe(2);
    expect(stderr).toContain('nothing to build');
  });
});

describe('a signed bundle, and every command that takes one', () => {
  const VERIFY = () => ['--verification-key', file('key.pub'), ...SIGNED];
  const WRONG = () => ['--verification-key', file('key.pub'), '--signing-alg', 'RS256', '--key-id', 'key-2'];
  const log = () => file('empty.log');
  const commands: readonly (readonly [string, (bundle: string) => readonly string[]])[] = [
    ['decide', (bundle) => ['decide', '--bundle', bundle, '--server', FILES, '--method', 'tools/list']],
    ['explain', (bundle) => ['explain', '--bundle', bundle, '--server', FILES, '--method', 'tools/list']],
    ['replay', (bundle) => ['replay', '--log', log(), '--bundle', bundle]],
    ['diff', (bundle) => ['diff', bundle, bundle]],
    ['policy inspect', (bundle) => ['policy', 'inspect', bundle]],
  ];
  beforeAll(async () => {
    await writeFile(log(), '');
    const signing = ['--signing-key', file('key.pem'), ...SIGNED];
    const output = ['--registry', registry, '-o'];
    expect((await audgate(['policy', 'build', ...output, file('signed.tar.gz'), ...signing])).code).toBe(0);
    expect((await audgate(['policy', 'build', ...output, file('unsigned.tar.gz')])).code).toBe(0);
  });

  test.each(commands)('%s verifies it with the same flags, and refuses what does not verify', async (_, command) => {
    const stdin = await world.token();
    expect(await audgate([...command(file('signed.tar.gz')), ...VERIFY()], { stdin })).toMatchObject({ code: 0 });
    const wrong = await audgate([...command(file('signed.tar.gz')), ...WRONG()], { stdin });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout + wrong.stderr).toContain('"key-2" is configured as key_id');
    const unsigned = await audgate([...command(file('unsigned.tar.gz')), ...VERIFY()], { stdin });
    expect(unsigned.code).toBe(1);
    expect(unsigned.stdout + unsigned.stderr).toContain('is not signed');
    const half = await audgate([...command(file('signed.tar.gz')), '--signing-alg', 'RS256'], { stdin });
    expect(half).toMatchObject({ code: 2 });
    expect(half.stderr).toContain('--verification-key');
  });

  test.each(commands.slice(0, 2))('%s refuses it without a key, and names the flags', async (_, command) => {
    const { code, stderr } = await audgate(command(file('signed.tar.gz')), { stdin: await world.token() });
    expect(code).toBe(1);
    expect(stderr).toContain('--verification-key FILE and --signing-alg NAME');
  });

  test.each(commands.slice(2))('%s puts nothing in force: it says that nobody verified it', async (_, command) => {
    const { code, stdout, stderr } = await audgate(command(file('signed.tar.gz')));
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(/not verified|was not looked at/);
  });
});
