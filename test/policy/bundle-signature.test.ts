/** OPA's scheme, held against OPA itself both ways. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CompactSign } from 'jose';
import { createTar } from 'nanotar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBundle, unpack } from '../../src/policy/bundle.ts';
import { readSigningKey, type SigningKey } from '../../src/policy/bundle-signature.ts';
import { type ModuleParts, writeBundle, writeSigned } from '../../src/policy/bundle-write.ts';
import { compile } from '../../src/policy/compile.ts';
import { opaForTests } from './compiled.ts';

const REGO = 'package custom.a\n\nsatisfied := true\n';
const AGGREGATOR = 'package custom\n\ndecide := data.custom.a.satisfied\n';
const PAIRS = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS512: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
type Algorithm = keyof typeof PAIRS;

const pem = (key: KeyObject) =>
  key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }).toString();

function keyOf(kind: 'public' | 'private', algorithm: Algorithm, key_id?: string): SigningKey {
  const { publicKey, privateKey } = PAIRS[algorithm];
  const read = readSigningKey(pem(kind === 'public' ? publicKey : privateKey), kind, { algorithm, key_id });
  if (!read.ok) throw new Error(read.problem);
  return read.key;
}

let parts: ModuleParts;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-signature-'));
  const capabilities = await readFile(new URL('../../policies/capabilities.json', import.meta.url), 'utf8');
  const sources = new Map([
    ['a.rego', REGO],
    ['decide.rego', AGGREGATOR],
  ]);
  const built = await compile(await opaForTests(), { sources, capabilities, entrypoints: ['custom/decide'] });
  if (!built.ok) throw new Error(built.output);
  const registry = new Map([['files.yaml', new TextEncoder().encode('servers: {} # é\n')]]);
  parts = { wasm: built.wasm, rules: [{ name: 'a', file: 'a.rego' }], sources, opa: '1.22.2', registry };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const opa = async (...args: readonly string[]) => (await opaForTests()).run(args, { cwd: folder });
const save = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
const problemsOf = async (bytes: Uint8Array, key: SigningKey | null) => {
  const read = await openBundle(bytes, key);
  return read.ok ? [] : read.problems;
};

/** The bundle with other files. */
function changed(bytes: Uint8Array, change: (files: Map<string, string | Uint8Array>) => void): Uint8Array {
  const entries = unpack(bytes);
  if (typeof entries === 'string') throw new Error(entries);
  const files = new Map<string, string | Uint8Array>(entries);
  change(files);
  return gzipSync(createTar([...files].map(([name, data]) => ({ name, data }))));
}

describe('held against OPA', () => {
  test.each(['ES256', 'ES384', 'RS256', 'PS512'] as const)(
    'OPA verifies what is signed here with %s',
    async (algorithm) => {
      const { bytes } = await writeSigned(parts, keyOf('private', algorithm, 'key-1'));
      await save('signed.tar.gz', bytes);
      await save('key.pub', pem(PAIRS[algorithm].publicKey));
      const verify = ['build', '-b', 'signed.tar.gz', '--verification-key', 'key.pub', '--signing-alg', algorithm];
      const ran = await opa(...verify, '--verification-key-id', 'key-1', '-o', 'out.tar.gz');
      expect(ran).toMatchObject({ code: 0 });
      // The same command refuses it once a file differs, so that it does verify.
      await save(
        'signed.tar.gz',
        changed(bytes, (files) => files.set('registry/files.yaml', 'servers: {}\n')),
      );
      expect((await opa(...verify, '--verification-key-id', 'key-1', '-o', 'out.tar.gz')).code).not.toBe(0);
    },
  );

  test.each(['ES256', 'RS256'] as const)('what OPA signs with %s is verified here', async (algorithm) => {
    await save('plain.tar.gz', writeBundle(parts).bytes);
    await save('key.pem', pem(PAIRS[algorithm].privateKey));
    const signed = await opa('sign', '-b', 'plain.tar.gz', '--signing-key', 'key.pem', '--signing-alg', algorithm);
    expect(signed).toMatchObject({ code: 0 });
    const signatures = await readFile(join(folder, '.signatures.json'));
    const bytes = changed(writeBundle(parts).bytes, (files) => files.set('.signatures.json', signatures));
    expect(await problemsOf(bytes, keyOf('public', algorithm))).toEqual([]);
    const other = changed(bytes, (files) => files.set('a.rego', `${REGO}# more\n`));
    expect(await problemsOf(other, keyOf('public', algorithm))).toEqual([
      '"a.rego" is not the file that was signed: its hash differs.',
    ]);
  });
});

test('signed and unconfigured is refused, and so is the reverse', async () => {
  const signed = (await writeSigned(parts, keyOf('private', 'ES256'))).bytes;
  expect(await problemsOf(signed, keyOf('public', 'ES256'))).toEqual([]);
  expect(await problemsOf(signed, null)).toEqual([expect.stringContaining('no key to verify it with is configured')]);
  expect(await problemsOf(writeBundle(parts).bytes, null)).toEqual([]);
  expect(await problemsOf(writeBundle(parts).bytes, keyOf('public', 'ES256'))).toEqual([
    expect.stringContaining('is not signed'),
  ]);
});

test('a signature that repeats gives a bundle that repeats', async () => {
  const [one, two] = [
    await writeSigned(parts, keyOf('private', 'RS256')),
    await writeSigned(parts, keyOf('private', 'RS256')),
  ];
  expect(Buffer.compare(one.bytes, two.bytes)).toBe(0);
});

describe('refused', () => {
  const forged = async (payload: object, header: object = {}, algorithm: Algorithm = 'ES256') => {
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    return new CompactSign(bytes).setProtectedHeader({ alg: algorithm, ...header }).sign(PAIRS[algorithm].privateKey);
  };
  const withSignatures = (text: string) =>
    changed(writeBundle(parts).bytes, (files) => files.set('.signatures.json', text));
  const list = (...signatures: readonly string[]) => JSON.stringify({ signatures });
  const told = async (text: string, key_id?: string) =>
    (await problemsOf(withSignatures(text), keyOf('public', 'ES256', key_id))).join(' ');

  test('another key, another algorithm, no signature', async () => {
    const other = (await writeSigned(parts, keyOf('private', 'ES384'))).bytes;
    expect(await problemsOf(other, keyOf('public', 'ES256'))).toEqual([
      expect.stringContaining('another algorithm than ES256'),
    ]);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const read = readSigningKey(pem(stranger.publicKey), 'public', { algorithm: 'ES256' });
    if (!read.ok) throw new Error(read.problem);
    expect(await problemsOf((await writeSigned(parts, keyOf('private', 'ES256'))).bytes, read.key)).toEqual([
      expect.stringContaining('does not verify with the configured key'),
    ]);
    expect(await told('{"signatures": []}')).toContain('holds 0 signatures');
    expect(await told(list('a', 'b'))).toContain('holds 2 signatures');
    expect(await told(list('no.jwt'))).toContain('no JWT');
    expect(await told('[]')).toContain('no list of signatures');
    expect(await told('{"signatures": ["x"], "plugin": "mine"}')).toContain('plugin');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`;
    expect(await told(list(none))).toContain('another algorithm');
  });

  test('files that were not signed, are missing, are listed twice, are hashed with what is broken', async () => {
    expect(await told(list(await forged({ files: [] })))).toContain(
      '"policy.wasm" is not among the files that were signed',
    );
    const file = (name: string, algorithm = 'SHA-256') => ({ name, hash: '00', algorithm });
    expect(await told(list(await forged({ files: [file('gone.rego')] })))).toContain(
      '"gone.rego", which the bundle does not hold',
    );
    expect(await told(list(await forged({ files: [file('a.rego'), file('a.rego')] })))).toContain('"a.rego" twice');
    expect(await told(list(await forged({ files: [file('a.rego', 'MD5')] })))).toContain('with "MD5"');
    expect(await told(list(await forged({})))).toContain('does not list files');
  });

  test('another key id, a scope, a critical header', async () => {
    expect(await told(list(await forged({ files: [] })), 'key-1')).toContain('names no key, and "key-1"');
    expect(await told(list(await forged({ files: [] }, { kid: 'key-2' })), 'key-1')).toContain('names the key "key-2"');
    expect(await told(list(await forged({ files: [], keyid: 'key-2' })), 'key-1')).toContain('names the key "key-2"');
    expect(await told(list(await forged({ files: [], scope: 'write' })))).toContain('scope "write"');
    expect(await told(list(await forged({ files: [] }, { b64: true, crit: ['b64'] })))).toContain('crit or b64');
  });
});

test.each([
  ['no PEM', 'hello', 'ES256', 'holds no public key'],
  ['a private key', pem(PAIRS.ES256.privateKey), 'ES256', 'holds a private key'],
  ['another kind', pem(PAIRS.RS256.publicKey), 'ES256', 'type rsa, and ES256 takes ec'],
  ['another curve', pem(PAIRS.ES384.publicKey), 'ES256', 'curve secp384r1'],
  ['too short a key', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), 'RS256', '1024 bits'],
])('no key to verify with: %s', (_, text, algorithm, problem) => {
  const read = readSigningKey(text, 'public', { algorithm });
  expect(read.ok ? '' : read.problem).toContain(problem);
});
