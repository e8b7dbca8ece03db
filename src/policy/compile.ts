/** Rego → WebAssembly. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from './bundle.ts';
import type { Opa } from './opa.ts';
import { isTest, type Sources, without, withStage } from './sources.ts';

export type Compiled =
  | { readonly ok: true; readonly wasm: Uint8Array<ArrayBuffer> }
  /** What OPA printed. */
  | { readonly ok: false; readonly output: string };

export interface CompileInput {
  readonly sources: Sources;
  /** OPA capabilities (JSON): what the modules may use. */
  readonly capabilities: string;
  readonly entrypoints: readonly string[];
}

/**
 * Compiles without optimisation: level 1 crashes and level 2 gave modules 40 times slower (OPA 1.22.2).
 * Tests are left out.
 */
export function compile(opa: Opa, { sources, capabilities, entrypoints }: CompileInput): Promise<Compiled> {
  const files = new Map([...without(sources, isTest)].map(([file, text]) => [`rego/${file}`, text]));
  files.set('capabilities.json', capabilities);
  return withStage(files, async (folder) => {
    const args = ['build', '-t', 'wasm', '--prune-unused', '--capabilities', 'capabilities.json'];
    const entries = entrypoints.flatMap((entrypoint) => ['-e', entrypoint]);
    const ran = await opa.run([...args, ...entries, '-o', 'bundle.tar.gz', 'rego'], { cwd: folder });
    if (ran.code !== 0) return { ok: false, output: ran.stderr.trim() };
    const entriesOf = unpack(await readFile(join(folder, 'bundle.tar.gz')));
    const wasm = typeof entriesOf === 'string' ? undefined : entriesOf.get('policy.wasm');
    if (wasm === undefined) return { ok: false, output: `opa build wrote no module: ${String(entriesOf)}` };
    return { ok: true, wasm };
  });
}
