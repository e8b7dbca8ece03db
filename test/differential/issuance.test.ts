/** Issuance by the committed WebAssembly module and by `opa eval`: generated requests, equal answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { issuanceInput } from '../../src/decision/issuance-input.ts';
import { readFacts } from '../../src/issuance/facts.ts';
import { openEngine } from '../../src/policy/engine.ts';
import { ISSUE } from '../../src/policy/issue.ts';
import { readFolder } from '../../src/policy/sources.ts';
import { canonicalSets, evaluateRego } from '../../src/testing/rego.ts';
import { issuanceQuestions } from '../issuance/questions.ts';
import { EVERYONE, NOW, registryOf } from '../issuance/world.ts';
import { opaForTests } from '../policy/compiled.ts';

const POLICIES = join(import.meta.dirname, '..', '..', 'policies');
const COUNT = 1500;
/** Fixed, so that a failure is seen again. */
const SEED = 20261123;

it(`answers ${COUNT} generated requests as opa eval does, and their inputs are inputs by the schema`, async () => {
  const registry = registryOf();
  const questions = fc.sample(issuanceQuestions, { numRuns: COUNT, seed: SEED });
  const whole = questions.map((question) => readFacts(question, EVERYONE, registry, NOW).input);
  expect(whole.filter((input) => !issuanceInput.safeParse(input).success)).toEqual([]);
  // And each again without one of its members, as no host would send it.
  const members = ['request', 'targets', 'bound', 'registered', 'now'] as const;
  const inputs = [
    ...whole,
    ...whole.slice(0, COUNT / 3).map((input, at) => ({ ...input, [members[at % members.length] ?? 'now']: undefined })),
  ].map((input) => JSON.parse(JSON.stringify(input)) as object);

  const opened = await openEngine(new Uint8Array(readFileSync(join(POLICIES, 'core.wasm'))));
  if (!opened.ok) throw new Error(opened.problem);
  const { rego } = await readFolder(join(POLICIES, 'core'));
  const sources = new Map([...rego].filter(([file]) => file.includes('issuance/') && !file.endsWith('_test.rego')));
  const byOpa = await evaluateRego(await opaForTests(), { sources, entrypoint: ISSUE, inputs });
  const different = inputs.flatMap((input, at) => {
    const [ours, theirs] = [opened.engine.evaluate(ISSUE, input), byOpa[at]];
    const same =
      ours.kind === 'value' && theirs?.kind === 'value' && canonicalSets(ours.value) === canonicalSets(theirs.value);
    return same ? [] : [{ input, ours, theirs }];
  });
  expect(different.slice(0, 1)).toEqual([]);
  expect(new Set(byOpa.map(canonicalSets)).size).toBeGreaterThan(100);
});
