/** The core module: audgate's own rules, compiled from `policies/core`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf } from './bundle.ts';
import { compile } from './compile.ts';
import type { CoreManifest } from './manifest.ts';
import type { Opa } from './opa.ts';
import { OPA_VERSION } from './opa.ts';
import { isTest, readFolder, type Sources, without, withStage } from './sources.ts';

export const CORE_ENTRYPOINTS = [
  'audgate/decision/decide',
  'audgate/decision/explain',
  'audgate/decision/allowed',
  'audgate/issuance/decide',
] as const;

export type BuiltCore =
  | { readonly ok: true; readonly wasm: Uint8Array<ArrayBuffer>; readonly manifest: CoreManifest }
  | { readonly ok: false; readonly output: string };

/** @param policies the folder that holds `core/` and `capabilities.json` */
export async function buildCore(opa: Opa, policies: string): Promise<BuiltCore> {
  const { rego } = await readFolder(join(policies, 'core'));
  const sources = without(rego, isTest);
  const capabilities = await readFile(join(policies, 'capabilities.json'), 'utf8');
  const built = await compile(opa, { sources, capabilities, entrypoints: CORE_ENTRYPOINTS });
  if (!built.ok) return built;
  const rules = await describe(opa, sources);
  const manifest = { digest: digestOf(built.wasm), opa: OPA_VERSION, entrypoints: [...CORE_ENTRYPOINTS], rules };
  return { ok: true, wasm: built.wasm, manifest };
}

/** What `opa inspect --annotations` says of each annotated package. */
const inspected = z.object({
  annotations: z.array(
    z.object({
      location: z.object({ file: z.string() }),
      path: z.array(z.object({ value: z.string() })),
      annotations: z.object({
        scope: z.string(),
        title: z.string(),
        custom: z.object({ reasons: z.array(z.string()) }).optional(),
      }),
    }),
  ),
});

/** The rules and their metadata, in the sources' order. @throws when a rule lacks its title or reasons */
async function describe(opa: Opa, sources: Sources): Promise<CoreManifest['rules']> {
  const ran = await withStage(sources, (folder) => opa.run(['inspect', '-a', '-f', 'json', '.'], { cwd: folder }));
  if (ran.code !== 0) throw new Error(`opa inspect failed: ${ran.stderr}`);
  const { annotations } = inspected.parse(JSON.parse(ran.stdout));
  return annotations
    .filter(({ annotations: { scope }, path }) => scope === 'package' && path[2]?.value === 'rules')
    .map(({ annotations: { title, custom }, location, path }) => {
      const name = path[3]?.value;
      if (name === undefined || custom === undefined) throw new Error(`${location.file} lacks custom.reasons`);
      return { name, file: `policies/core/${location.file}`, title, reasons: custom.reasons };
    });
}
