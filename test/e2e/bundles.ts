/** Bundles of custom rules: built as their authors build them, or put together by hand where the build would refuse. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { aggregatorOf } from '../../src/policy/aggregate.ts';
import { unpack } from '../../src/policy/bundle.ts';
import { writeBundle } from '../../src/policy/bundle-write.ts';
import { compile } from '../../src/policy/compile.ts';
import { OPA_VERSION } from '../../src/policy/opa.ts';
import { opaForTests } from '../policy/compiled.ts';
import { type Ended, PROJECT, run, scratch } from './start.ts';

/** File → Rego. */
export type Rego = Readonly<Record<string, string>>;

/** `audgate policy build`. */
export async function build(rego: Rego): Promise<Ended & { readonly bundle: string }> {
  const folder = await scratch();
  for (const [file, text] of Object.entries(rego)) {
    await mkdir(dirname(join(folder, 'rules', file)), { recursive: true });
    await writeFile(join(folder, 'rules', file), text);
  }
  const bundle = join(folder, 'rules.tar.gz');
  return { bundle, ...(await run(['src/main.ts', 'policy', 'build', join(folder, 'rules'), '-o', bundle])) };
}

/**
 * What somebody could build who goes around the build's checks.
 * @param rules those that the manifest names
 * @param aggregator the package `custom`; by default the one that the build would generate for these rules
 */
export async function forge(rego: Rego, rules: readonly string[], aggregator = aggregatorOf(rules)): Promise<string> {
  const sources = new Map([...Object.entries(rego), ['aggregator.rego', aggregator]]);
  const capabilities = await readFile(join(PROJECT, 'policies/capabilities.json'), 'utf8');
  const built = await compile(await opaForTests(), { sources, capabilities, entrypoints: ['custom/decide'] });
  if (!built.ok) throw new Error(built.output);
  const [fallback = ''] = sources.keys();
  const listed = rules.map((name) => ({ name, file: sources.has(`${name}.rego`) ? `${name}.rego` : fallback }));
  return save(writeBundle({ wasm: built.wasm, rules: listed, sources, opa: OPA_VERSION }).bytes);
}

type Files = Map<string, string | Uint8Array>;

/** A bundle with other files in it. */
export async function tamper(bundle: string, change: (files: Files) => void): Promise<string> {
  const entries = unpack(await readFile(bundle));
  if (typeof entries === 'string') throw new Error(entries);
  const files: Files = new Map(entries);
  change(files);
  return save(gzipSync(createTar([...files].map(([name, data]) => ({ name, data })))));
}

/** A bundle with another manifest: the text in it that stands for the first is replaced. */
export function tamperManifest(bundle: string, from: string, to: string): Promise<string> {
  return tamper(bundle, (files) => {
    const text = Buffer.from(files.get('.manifest') ?? '').toString();
    if (!text.includes(from)) throw new Error(`the manifest does not hold ${from}: ${text}`);
    files.set('.manifest', text.replace(from, to));
  });
}

async function save(bytes: Uint8Array): Promise<string> {
  const file = join(await scratch(), 'rules.tar.gz');
  await writeFile(file, bytes);
  return file;
}
