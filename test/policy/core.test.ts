import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isFixedCode } from '../../src/decision/reasons.ts';
import { digestOf } from '../../src/policy/bundle.ts';
import { externalBuiltins, nativeCapabilities } from '../../src/policy/capabilities.ts';
import { CORE_DIGEST } from '../../src/policy/core.digest.ts';
import { buildCore } from '../../src/policy/core.ts';
import { inputSchema } from '../../src/policy/custom.ts';
import { coreManifest } from '../../src/policy/manifest.ts';
import type { Opa } from '../../src/policy/opa.ts';
import { compiled, opaForTests } from './compiled.ts';
import { folderOf } from './folder.ts';

let opa: Opa;
beforeAll(async () => {
  opa = await opaForTests();
});

const committed = async () => new Uint8Array(await readFile('policies/core.wasm'));
const manifest = async () => coreManifest.parse(JSON.parse(await readFile('policies/core.manifest.json', 'utf8')));

describe('the core module', () => {
  test('builds to the committed bytes, wherever it is built', async () => {
    const first = await buildCore(opa, 'policies');
    // Another temporary folder, of another length, for the stage; another working folder for the sources.
    const elsewhere = await folderOf({ 'deep/er/.keep': '' });
    const before = tmpdir();
    process.env.TMPDIR = join(elsewhere, 'deep/er');
    const second = await buildCore(opa, join(process.cwd(), 'policies')).finally(() => {
      process.env.TMPDIR = before;
    });
    if (!first.ok || !second.ok) throw new Error('the core does not build');
    expect(digestOf(first.wasm)).toBe(digestOf(second.wasm));
    expect(digestOf(first.wasm)).toBe(digestOf(await committed()));
    expect(first.manifest).toEqual(await manifest());
    await rm(elsewhere, { recursive: true, force: true });
  });

  test('is the one that the release pins', async () => {
    expect(digestOf(await committed())).toBe(CORE_DIGEST);
    expect((await manifest()).digest).toBe(CORE_DIGEST);
  });

  test('asks its host for no built-in', async () => {
    expect(await externalBuiltins(await committed())).toEqual(new Set());
  });

  test('has the ten rules, each with the codes that its text can deny with', async () => {
    const { rules } = await manifest();
    expect(rules.map(({ name }) => name).sort()).toEqual([
      'audience',
      'authentication',
      'authorization_details',
      'delegation',
      'issuer',
      'lifetime',
      'operation',
      'passthrough',
      'scope',
      'sender_constraint',
    ]);
    for (const { file, reasons } of rules) {
      const text = await readFile(file, 'utf8');
      const codes = [...text.matchAll(/"code": "(\w+)"|"(\w+_unknown)"/g)].map(([, code, unknown]) => code ?? unknown);
      const waived = text.includes('waivers.expired(') ? ['waiver_expired'] : [];
      // A proof that is none comes with its code, as a fact.
      const facts = text.includes('input.proof.dpop.refused') ? ['proof_invalid', 'proof_nonce_required'] : [];
      expect([...reasons].sort()).toEqual([...new Set([...codes, ...waived, ...facts])].sort());
      for (const code of reasons) expect(isFixedCode(code), code).toBe(true);
    }
  });
});

describe('capabilities', () => {
  const names = async (): Promise<string[]> =>
    JSON.parse(await readFile('policies/capabilities.json', 'utf8')).builtins.map(({ name }: { name: string }) => name);

  test('are what the pinned OPA compiles itself', async () => {
    expect(await readFile('policies/capabilities.json', 'utf8')).toBe(await nativeCapabilities(opa));
  });

  test('hold nothing that reads a clock, a network, chance or the process', async () => {
    for (const name of ['time.now_ns', 'http.send', 'rand.intn', 'uuid.rfc4122', 'opa.runtime', 'net.lookup_ip_addr'])
      expect(await names()).not.toContain(name);
  });

  test('hold nothing that opa-wasm answers in JavaScript', async () => {
    for (const name of ['sprintf', 'json.is_valid_schema', 'regex.split', 'yaml.unmarshal', 'print'])
      expect(await names()).not.toContain(name);
  });

  test('a module that uses one from outside is seen to ask for it', async () => {
    const wasm = await compiled('package p\n\nx := sprintf("%d", [input.a])\n', ['p/x']);
    expect(await externalBuiltins(wasm)).toEqual(new Set(['sprintf']));
  });
});

test('the input’s schema has no oneOf, which OPA would ignore', () => {
  expect(inputSchema()).toContain('anyOf');
  expect(inputSchema()).not.toContain('oneOf');
});
