/**
 * `npm run policy:build` compiles the core and writes `policies/core.wasm`, its manifest and its pinned digest; with
 * `--capabilities` it first makes `policies/capabilities.json` anew, as after a change of OPA's version.
 * `npm run policy:test` checks and tests all Rego of the project on both engines.
 */
import { writeFile } from 'node:fs/promises';
import { nativeCapabilities } from '../src/policy/capabilities.ts';
import { buildCore } from '../src/policy/core.ts';
import { findOpa, opaCache } from '../src/policy/find.ts';
import type { Opa } from '../src/policy/opa.ts';
import { digestModule, manifestText } from './policy-digest.ts';
import { testProject } from './policy-test.ts';

const note = (line: string) => process.stderr.write(`${line}\n`);
const [command, ...flags] = process.argv.slice(2);
const found = await findOpa({ env: process.env, cache: opaCache(process.env), platform: process.platform, note });
if (!found.ok) {
  note(found.message);
  process.exitCode = 2;
} else if (command === 'build') {
  process.exitCode = await build(found.opa);
} else if (command === 'test') {
  process.exitCode = await testProject(found.opa, 'policies', (line) => process.stdout.write(`${line}\n`));
} else {
  note('Usage: build/policy.ts build [--capabilities] | test');
  process.exitCode = 2;
}

async function build(opa: Opa): Promise<number> {
  if (flags.includes('--capabilities')) await writeFile('policies/capabilities.json', await nativeCapabilities(opa));
  const built = await buildCore(opa, 'policies');
  if (!built.ok) {
    note(built.output);
    return 1;
  }
  const { wasm, manifest } = built;
  await writeFile('policies/core.wasm', wasm);
  await writeFile('policies/core.manifest.json', manifestText(manifest));
  await writeFile('src/policy/core.digest.ts', digestModule(manifest.digest));
  note(`policies/core.wasm ${manifest.digest} (${wasm.length} bytes, ${manifest.rules.length} rules)`);
  return 0;
}
