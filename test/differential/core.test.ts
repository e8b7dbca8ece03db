/** Two implementations of Rego, random inputs, equal answers: the committed WebAssembly module and `opa eval`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { policyInput } from '../../src/decision/input.ts';
import { CORE_ENTRYPOINTS } from '../../src/policy/core.ts';
import { type Engine, openEngine } from '../../src/policy/engine.ts';
import { belowFloor } from '../../src/policy/floor.ts';
import { readCoreVerdict } from '../../src/policy/shape.ts';
import { readFolder } from '../../src/policy/sources.ts';
import { canonicalSets, evaluateRego } from '../../src/testing/rego.ts';
import { opaForTests } from '../policy/compiled.ts';
import { nearlyRight, observedCalls, policyInputs } from './input.ts';

const POLICIES = join(import.meta.dirname, '..', '..', 'policies');
/** Inputs of each of the three kinds. */
const COUNT = 1500;
/** Fixed, so that a failure is seen again. */
const SEED = 20261123;

const inputs = [policyInputs, nearlyRight, observedCalls].flatMap((kind) =>
  fc.sample(kind, { numRuns: COUNT, seed: SEED }),
);

describe('the generated inputs', () => {
  it('are inputs by the schema', () => {
    expect(inputs.map((input) => policyInput.safeParse(input)).filter(({ success }) => !success)).toEqual([]);
  });
});

/** What is about issuance judges other inputs (`issuance.test.ts`). */
const ABOUT_CALLS = CORE_ENTRYPOINTS.filter((entrypoint) => !entrypoint.startsWith('audgate/issuance/'));

describe.each(ABOUT_CALLS)('%s', (entrypoint) => {
  let engine: Engine;
  let byOpa: Awaited<ReturnType<typeof evaluateRego>>;

  beforeAll(async () => {
    const opened = await openEngine(new Uint8Array(readFileSync(join(POLICIES, 'core.wasm'))));
    if (!opened.ok) throw new Error(opened.problem);
    engine = opened.engine;
    const { rego } = await readFolder(join(POLICIES, 'core'));
    byOpa = await evaluateRego(await opaForTests(), { sources: rego, entrypoint, inputs });
  });

  it(`answers ${3 * COUNT} inputs as opa eval does`, () => {
    const different = inputs.flatMap((input, at) => {
      const [ours, theirs] = [engine.evaluate(entrypoint, input), byOpa[at]];
      if (
        ours.kind === 'value' &&
        theirs?.kind === 'value' &&
        canonicalSets(ours.value) === canonicalSets(theirs.value)
      )
        return [];
      return [{ input, ours, theirs }];
    });
    expect(different.slice(0, 1)).toEqual([]);
  });

  it('is asked for many different answers', () => {
    const answers = new Set(byOpa.map(canonicalSets));
    expect(answers.size).toBeGreaterThan(200);
  });
});

describe('what core allows', () => {
  it('is what the floor lets stand, and some of it only by observing', async () => {
    const opened = await openEngine(new Uint8Array(readFileSync(join(POLICIES, 'core.wasm'))));
    if (!opened.ok) throw new Error(opened.problem);
    const allowed = inputs.flatMap((input) => {
      const answer = opened.engine.evaluate('audgate/decision/decide', input);
      const verdict = answer.kind === 'value' ? readCoreVerdict(answer.value) : null;
      return verdict?.allow ? [{ input, would_deny: verdict.advice.would_deny }] : [];
    });
    expect(allowed.filter(({ would_deny }) => would_deny.length > 0).length).toBeGreaterThan(20);
    expect(allowed.filter(({ input, would_deny }) => belowFloor(input, would_deny) !== null)).toEqual([]);
    const without = allowed.filter(({ input, would_deny }) => {
      const waivers = input.registered.waivers.filter(({ what }) => what !== 'observe');
      const bare = { ...input, registered: { ...input.registered, waivers } };
      return would_deny.length > 0 && belowFloor(bare, would_deny) === null;
    });
    expect(without).toEqual([]);
  });
});

describe('audgate/decision/decide', () => {
  it('is asked what it allows, and every reason that it has', async () => {
    const { rego } = await readFolder(join(POLICIES, 'core'));
    const answers = await evaluateRego(await opaForTests(), {
      sources: rego,
      entrypoint: 'audgate/decision/decide',
      inputs,
    });
    const verdicts = answers.map((answer) => (answer.kind === 'value' ? JSON.stringify(answer.value) : ''));
    expect(verdicts.filter((verdict) => verdict.includes('"allow":true')).length).toBeGreaterThan(50);
    const manifest: { rules: { reasons: string[] }[] } = JSON.parse(
      readFileSync(join(POLICIES, 'core.manifest.json'), 'utf8'),
    );
    const codes = manifest.rules.flatMap(({ reasons }) => reasons);
    expect(codes.filter((code) => !verdicts.some((verdict) => verdict.includes(`"${code}"`)))).toEqual([]);
  });
});
