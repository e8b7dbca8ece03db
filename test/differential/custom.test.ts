/** Two recipes, in the bundle that `policy build` makes of them, and `opa eval` on the same sources. */
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyInput } from '../../src/decision/input.ts';
import { CUSTOM_DECIDE } from '../../src/policy/ask-custom.ts';
import { openToolchain } from '../../src/policy/custom.ts';
import { type Engine, openEngine } from '../../src/policy/engine.ts';
import { readCustomVerdict } from '../../src/policy/shape.ts';
import { type CustomRules, readCustomRules } from '../../src/testing/custom.ts';
import { canonicalSets, evaluateRego, type RegoAnswer } from '../../src/testing/rego.ts';
import { opaForTests } from '../policy/compiled.ts';
import { twoRules } from '../policy/two-rules.ts';
import { POLICIES } from '../testing/parts.ts';
import { policyInputs } from './input.ts';

const COUNT = 1000;
/** Fixed, so that a failure is seen again. */
const SEED = 20261123;

/** Numbers around the limits, and what is none. */
const amount = fc.oneof(
  fc.constantFrom(0, 1, 999.99, 1000, 1000.01, -1, -0.5, 1e300, 5e-324, '1', '1000000', null, true, [], [1], {}, ''),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const hour = fc.oneof(fc.integer({ min: 0, max: 24 }), fc.constantFrom('8', null, 8.5, -1));
const labels = fc.record(
  {
    max_amount: fc.oneof(fc.constantFrom(0, 1000, 1000.01, '1000', null, true, {}), fc.integer()),
    office_hours: fc.oneof(
      fc.record({ from: hour, until: hour }, { requiredKeys: [], noNullPrototype: true }),
      fc.constantFrom(null, 8, []),
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const inputs: readonly PolicyInput[] = fc.sample(
  fc
    .tuple(
      policyInputs,
      labels,
      fc.option(fc.record({ amount }, { requiredKeys: [], noNullPrototype: true }), { nil: undefined }),
    )
    .map(([input, chosen, args]): PolicyInput => {
      const { arguments: _arguments, ...call } = input.call;
      const { operation } = input.registered;
      return {
        ...input,
        call: args === undefined ? call : { ...call, arguments: args },
        registered: { ...input.registered, ...(operation && { operation: { ...operation, labels: chosen } }) },
      };
    }),
  { numRuns: COUNT, seed: SEED },
);

describe('two recipes', () => {
  let engine: Engine;
  let custom: CustomRules;
  let byOpa: RegoAnswer[];
  let folder: string;

  beforeAll(async () => {
    const opa = await opaForTests();
    folder = await twoRules();
    const read = await readCustomRules(await openToolchain(opa, POLICIES), folder);
    if ('problems' in read) throw new Error(JSON.stringify(read.problems));
    const opened = await openEngine(read.module.wasm);
    if (!opened.ok) throw new Error(opened.problem);
    engine = opened.engine;
    custom = read;
    byOpa = await evaluateRego(opa, { sources: read.sources, entrypoint: CUSTOM_DECIDE, inputs });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(`answer ${COUNT} inputs as opa eval does`, () => {
    const different = inputs.flatMap((input, at) => {
      const [ours, theirs] = [engine.evaluate(CUSTOM_DECIDE, input), byOpa[at]];
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

  it('are asked for all that they can say', () => {
    const verdicts = byOpa.map((answer) =>
      answer.kind === 'value' ? readCustomVerdict(answer.value, custom.rules) : null,
    );
    // With odd labels some denials are malformed, which the host answers as policy_error; but all are answers.
    expect(verdicts).not.toContain(null);
    const said = new Set(
      verdicts.flatMap((verdict) => [
        ...(verdict?.satisfied.map((rule) => `${rule} satisfied`) ?? []),
        ...(verdict?.denials.map(({ rule, code }) => `${rule}/${code}`) ?? []),
      ]),
    );
    expect([...said].sort()).toEqual([
      'argument_limit satisfied',
      'argument_limit/amount_missing',
      'argument_limit/amount_out_of_range',
      'office_hours satisfied',
      'office_hours/outside_office_hours',
    ]);
  });
});
