/** `policy build` with a registry and a signature, and `policy inspect` of what it wrote. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audgate, createWorld, registryOf } from './audgate.ts';

let world: Awaited<ReturnType<typeof createWorld>>;
let registry: string;
const file = (name: string) => join(world.folder, name);
beforeAll(async () => {
  world = await createWorld();
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

const EXAMPLES = 'policies/examples';
const SIGNED = ['--signing-alg', 'RS256', '--key-id', 'key-1'];
const build = (output: string, ...more: readonly string[]) =>
  audgate(['policy', 'build', EXAMPLES, '--registry', registry, '-o', file(output), ...more]);

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
    const { code, stderr } = await audgate(['policy', 'build', EXAMPLES, '--registry', bad, '-o', file('bad.tar.gz')]);
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
