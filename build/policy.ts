/**
 * `npm run policy:build` compiles the core and writes `policies/core.wasm`, its manifest and its pinned digest; with
 * `--capabilities` it first makes `policies/capabilities.json` anew, as after a change of OPA's version.
 */
import { writeFile } from 'node:fs/promises';
import { nativeCapabilities } from '../src/policy/capabilities.ts';
import { buildCore } from '../src/policy/core.ts';
import { findOpa, opaCache } from '../src/policy/find.ts';
import { digestModule } from './policy-digest.ts';

const note = (line: string) => process.stderr.write(`${line}\n`);
const found = await findOpa({ env: process.env, cache: opaCache(process.env), platform: process.platform, note });
if (!found.ok) {
  note(found.message);
  process.exit(2);
}
if (process.argv.includes('--capabilities'))
  await writeFile('policies/capabilities.json', await nativeCapabilities(found.opa));
const built = await buildCore(found.opa, 'policies');
if (!built.ok) {
  note(built.output);
  process.exit(1);
}
await writeFile('policies/core.wasm', built.wasm);
await writeFile('policies/core.manifest.json', `${JSON.stringify(built.manifest, null, 2)}\n`);
await writeFile('src/policy/core.digest.ts', digestModule(built.manifest.digest));
note(`policies/core.wasm ${built.manifest.digest} (${built.wasm.length} bytes, ${built.manifest.rules.length} rules)`);
