/**
 * `npm run policy:mutate`: leaves out one condition of the core's Rego at a time. Its own tests, or else a case of
 * `test/cases` on the module compiled anew, must notice each. A minute or two, so not part of `npm test`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile } from '../src/policy/compile.ts';
import { CORE_ENTRYPOINTS } from '../src/policy/core.ts';
import { openToolchain } from '../src/policy/custom.ts';
import { findOpa, opaCache } from '../src/policy/find.ts';
import { loadPolicy } from '../src/policy/load.ts';
import type { Opa } from '../src/policy/opa.ts';
import { readFolder, type Sources } from '../src/policy/sources.ts';
import { runTests } from '../src/policy/test.ts';
import { readCore } from '../src/sources.ts';
import { type FrozenCases, freeze, noticing, registriesOf } from '../src/testing/mutation/frozen.ts';
import { mutateRego } from '../src/testing/mutation/mutate-rego.ts';
import { percent } from '../src/testing/mutation/score.ts';
import { openCases } from '../src/testing/open.ts';

const CASES = 'test/cases';

const note = (line: string) => process.stderr.write(`${line}\n`);
const found = await findOpa({ env: process.env, cache: opaCache(process.env), platform: process.platform, note });
if (!found.ok) {
  note(found.message);
  process.exitCode = 2;
} else {
  process.exitCode = await mutateCore(found.opa);
}

async function mutateCore(opa: Opa): Promise<number> {
  const tools = await openToolchain(opa, 'policies');
  const { manifest } = await readCore();
  const { rego } = await readFolder('policies/core');
  const capabilities = await readFile('policies/capabilities.json', 'utf8');
  const newId = () => crypto.randomUUID();
  const files: FrozenCases[] = [];
  for (const name of (await readdir(CASES)).filter((file) => file.endsWith('.yaml'))) {
    const opened = await openCases(join(CASES, name), { tools });
    if (!opened.ok) throw new Error(`${opened.file} cannot be run`);
    files.push(await freeze(opened, newId));
  }

  /** The first case that the changed core decides otherwise. */
  const cases = async (changed: Sources): Promise<string | null | 'unusable'> => {
    const built = await compile(opa, { sources: changed, capabilities, entrypoints: CORE_ENTRYPOINTS });
    if (!built.ok) return 'unusable';
    for (const file of files) {
      const core = { wasm: built.wasm, manifest };
      const custom = file.opened.rules?.module ?? null;
      const loaded = await loadPolicy({ core, allowModifiedCore: true, custom, onAlarm: () => {} });
      // A core that does not answer an empty input with a refusal is never loaded.
      if (!loaded.ok) return 'loading';
      const by = await noticing(file, registriesOf(file.opened), loaded.policy, newId);
      if (by !== null) return by;
    }
    return null;
  };

  const beside = new Map([...tools.testing].map(([file, text]): [string, string] => [`testing/${file}`, text]));
  // What fails already would be taken for what notices.
  const { problems } = await runTests(tools, new Map([...rego, ...beside]));
  const failing = await cases(rego);
  if (problems.length > 0 || failing !== null) {
    note(`mend this first: ${problems.map(({ message }) => message).join(' ')} ${failing ?? ''}`);
    return 1;
  }
  const score = await mutateRego({
    opa,
    capabilities: tools.capabilities,
    sources: rego,
    beside,
    cases,
    suggest: () => '',
    onProgress: (done, all) => {
      if (done % 25 === 0 || done === all) note(`${done} of ${all}`);
    },
  });
  for (const { what, place } of score.survivors) process.stdout.write(`policies/core/${place} survived: ${what}\n`);
  const all = score.noticed + score.survivors.length;
  process.stdout.write(
    `${score.noticed} of ${all} left-out conditions were noticed (${percent(score)} %); ${score.void} do not compile or are marked redundant\n`,
  );
  return score.survivors.length === 0 ? 0 : 1;
}
