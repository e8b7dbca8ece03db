import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../src/policy/compile.ts';
import { openEngine } from '../../src/policy/engine.ts';
import type { Opa } from '../../src/policy/opa.ts';
import { checkReferences, type Replacement } from '../../src/policy/references.ts';
import { withStage } from '../../src/policy/sources.ts';
import { parse } from '../../src/policy/syntax.ts';
import { runTests } from '../../src/policy/test.ts';
import { opaForTests } from './compiled.ts';

let opa: Opa;
let capabilities: string;
beforeAll(async () => {
  opa = await opaForTests();
  capabilities = (await opa.run(['capabilities', '--current'])).stdout;
});

const RULES = {
  'alpha.rego': 'package x.alpha\n\ndefault satisfied := false\n\nsatisfied if input.alpha\n',
  'beta.rego': 'package x.beta\n\ndefault satisfied := false\n\nsatisfied if input.beta\n',
};

/** A decision that denies every rule that is not satisfied, with the given way to ask for them. */
const decision = (deny: string, more = '') => `package decision

default deny := false

deny if ${deny}
${more}`;

const sourcesOf = (text: string) => new Map([...Object.entries(RULES), ['decision.rego', text]]);

async function problemsIn(text: string, file = 'decision.rego') {
  const { modules, problems } = await parse(opa, new Map([...Object.entries(RULES), [file, text]]));
  expect(problems).toEqual([]);
  return checkReferences(modules);
}

async function denies(text: string, input: object): Promise<{ opa: unknown; wasm: unknown }> {
  const sources = sourcesOf(text);
  const files = new Map([...sources, ['input.json', JSON.stringify(input)]]);
  const evaluated = await withStage(files, (folder) =>
    opa.run(['eval', '--format', 'raw', '--input', 'input.json', '--data', '.', 'data.decision.deny'], { cwd: folder }),
  );
  const built = await compile(opa, { sources, capabilities, entrypoints: ['decision/deny'] });
  if (!built.ok) throw new Error(built.output);
  const opened = await openEngine(built.wasm);
  if (!opened.ok) throw new Error(opened.problem);
  const answer = opened.engine.evaluate('decision/deny', input);
  return { opa: JSON.parse(evaluated.stdout), wasm: answer.kind === 'value' ? answer.value : answer };
}

/** Forms of the measured miscompile: OPA denies when beta is not satisfied, and WebAssembly does not. */
const WRONG = [
  [
    'a variable in the place of a package',
    decision('{\n\tsome name in ["alpha", "beta"]\n\tnot data.x[name].satisfied\n}'),
  ],
  ['a value of the input in that place', decision('not data.x[input.want].satisfied')],
  ['an iteration over packages', decision('{\n\tdata.x[name]\n\tnot data.x[name].satisfied\n}')],
  ['a comparison behind it', decision('{\n\tsome name in ["alpha", "beta"]\n\tnot data.x[name].satisfied == true\n}')],
  [
    'rules whose names have several parts',
    decision(
      '{\n\tsome name in ["alpha", "beta"]\n\tnot all_rules[name].satisfied\n}',
      `
all_rules.alpha.satisfied := input.alpha

all_rules.beta.satisfied := input.beta
`,
    ),
  ],
  [
    'rules with a constant key',
    decision(
      '{\n\tsome name in ["alpha", "beta"]\n\tnot table[name]\n}',
      '\ntable["alpha"] := input.alpha\n\ntable["beta"] := input.beta\n',
    ),
  ],
] as const;

describe('references that WebAssembly gets wrong', () => {
  test.each(WRONG)('%s: OPA denies, WebAssembly allows, the check refuses', async (_, text) => {
    const input = { alpha: true, beta: false, want: 'beta' };
    expect(await denies(text, input)).toEqual({ opa: true, wasm: false });
    expect((await problemsIn(text)).length).toBeGreaterThan(0);
  });

  test('static names are right on both engines, and pass', async () => {
    const text = decision('not data.x.beta.satisfied');
    expect(await denies(text, { alpha: true, beta: false })).toEqual({ opa: true, wasm: true });
    expect(await problemsIn(text)).toEqual([]);
  });

  test('the same tests pass on OPA’s own engine and fail on WebAssembly', async () => {
    const tests = `package decision_test

import data.decision

test_denies if decision.deny with input as {"alpha": true, "beta": false}
`;
    const [, [, wrong]] = WRONG;
    const { runs, problems } = await runTests(
      { opa, capabilities },
      new Map([...sourcesOf(wrong.replace('input.want', '["alpha", "beta"][1]')), ['decision_test.rego', tests]]),
    );
    expect(runs).toMatchObject([
      { engine: 'opa', passed: 1, failed: 0 },
      { engine: 'wasm', passed: 0, failed: 1 },
    ]);
    expect(problems).toMatchObject([{ file: 'decision_test.rego', line: 5, severity: 'error' }]);
  });
});

describe('what else the check refuses', () => {
  test.each([
    ['through an import', 'package decision\n\nimport data.x.beta\n\ndeny if not beta[input.want]\n'],
    ['through a renamed import', 'package decision\n\nimport data.x.beta as y\n\ndeny if not y[input.want]\n'],
    ['in a comprehension', decision('count([n | some n in ["a"]; not data.x[n].satisfied]) > 0')],
    ['under every', decision('{\n\tevery n in ["a"] { data.x[n].satisfied }\n}')],
    ['inside another reference', decision('input.names[data.x[input.want].satisfied]')],
    ['in a template string', decision('$"{data.x[input.want].satisfied}" == "true"')],
    ['in an else', decision('{\n\tinput.never\n} else := data.x[input.want].satisfied')],
    ['in a rule’s head', 'package decision\n\ndeny contains data.x[input.want].satisfied\n'],
    ['in an argument', decision('is_boolean(data.x[input.want].satisfied)')],
    ['in the value of with', decision('data.x.beta.satisfied with input as data.x[input.want]')],
    ['a package as a value', decision('{\n\tsome rule in data.x\n\tnot rule.satisfied\n}')],
    ['a package looked into by a function', decision('not object.get(data.x, input.want, {}).satisfied')],
    ['all data as a value', decision('count(data) > 0')],
    ['an imported package as a value', 'package decision\n\nimport data.x.beta\n\ndeny if beta == {}\n'],
    ['a rule that does not exist', decision('not data.x.beta.satisfyed')],
    ['a package that does not exist', decision('data.registry.open')],
    ['with on data', decision('data.x.beta.satisfied with data.x.beta.satisfied as true')],
    ['with on input', decision('data.x.beta.satisfied with input as {"beta": true}')],
    ['an import of nothing', 'package decision\n\nimport data.y\n\ndeny if y.z\n'],
  ])('%s', async (_, text) => {
    const problems = await problemsIn(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const { file, line, column, message, remedy } of problems) {
      expect(file).toBe('decision.rego');
      expect(line).toBeGreaterThan(1);
      expect(column).toBeGreaterThan(0);
      expect(`${message}${remedy}`).toMatch(/\w/);
    }
  });

  test('what rules need passes: partial objects, local tables, variables into input', async () => {
    const text = `package decision

import data.x.beta

import input.token

deny if not beta.satisfied

limit[name] := value if some name, value in {"a": 1}

late if limit[input.want] > token.limits[input.want]
`;
    expect(await problemsIn(text)).toEqual([]);
  });

  test('one package may replace one part of the input, where that was agreed', async () => {
    const replacing = (text: string) =>
      decision(`{\n\tsome asked in input.all\n\tnot data.x.beta.satisfied with ${text} as asked\n}`);
    const refused = async (text: string, agreed: Replacement) => {
      const { modules } = await parse(opa, sourcesOf(replacing(text)));
      return checkReferences(modules, agreed).length;
    };
    const agreed = { package: 'decision', target: 'input.one' };
    expect(await refused('input.one', agreed)).toBe(0);
    expect(await refused('input.two', agreed)).toBe(1);
    expect(await refused('input', agreed)).toBe(1);
    expect(await refused('input.one', { ...agreed, package: 'custom' })).toBe(1);
  });

  test('tests may replace documents', async () => {
    const text = `package decision_test

test_it if data.x.beta.satisfied with data.mock as {} with input as {"beta": true}
`;
    expect(await problemsIn(text, 'decision_test.rego')).toEqual([]);
  });
});
