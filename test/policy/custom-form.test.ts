import { beforeAll, describe, expect, test } from 'vitest';
import { checkPolicies, openToolchain, type Toolchain } from '../../src/policy/custom.ts';
import { withStage } from '../../src/policy/sources.ts';
import { opaForTests } from './compiled.ts';
import { folderOf, ruleText } from './folder.ts';

let tools: Toolchain;
beforeAll(async () => {
  tools = await openToolchain(await opaForTests(), 'policies');
});

const checked = async (files: Readonly<Record<string, string>>) => checkPolicies(tools, await folderOf(files));

test('a rule in the agreed form passes, in one file or several, wherever they lie', async () => {
  const { problems, rules } = await checked({
    'b.rego': ruleText('b'),
    'team/a.rego': ruleText('a'),
    'team/more.rego': 'package custom.a\n\ndenials contains {"code": "late", "actual": [1]} if input.time.hour > 20\n',
    'team/a_test.rego':
      'package custom.a_test\n\nimport data.custom.a\n\ntest_it if not a.satisfied with input as {}\n',
    'cases/first.yaml': 'cases: []\n',
    'README.md': '# Ours\n',
    'registry.yaml': 'servers: {}\n',
  });
  expect(problems).toEqual([]);
  expect(rules).toEqual(['a', 'b']);
});

/** Each was clean under `opa check --strict` and would have opened something, or would never have run. */
describe('refused forms', () => {
  test.each([
    [
      'a typo in satisfied',
      { 'a.rego': 'package custom.a\n\nsatisfyed if true\n\ndenials contains {"code": "x"} if false\n' },
      'does not define satisfied',
    ],
    [
      'deny for denials',
      { 'a.rego': 'package custom.a\n\nsatisfied if input.now\n\ndeny contains {"code": "x"} if input.now\n' },
      'does not define denials',
    ],
    [
      'only a default',
      { 'a.rego': 'package custom.a\n\ndefault satisfied := false\n\ndenials contains {"code": "x"} if input.now\n' },
      'does not define satisfied',
    ],
    ['satisfied by default', { 'a.rego': ruleText('a').replace(':= false', ':= true') }, 'true by default'],
    [
      'satisfied as a text',
      {
        'a.rego': ruleText('a')
          .replace('default satisfied := false\n\n', '')
          .replace('satisfied if', 'satisfied := "yes" if'),
      },
      'satisfied of custom.a can never',
    ],
    [
      'satisfied as a set',
      { 'a.rego': 'package custom.a\n\nsatisfied contains 1\n\ndenials contains {"code": "x"} if input.now\n' },
      'one value',
    ],
    [
      'satisfied as a function',
      { 'a.rego': 'package custom.a\n\nsatisfied(x) if x\n\ndenials contains {"code": "x"} if input.now\n' },
      'one value',
    ],
    [
      'denials as a value',
      { 'a.rego': 'package custom.a\n\nsatisfied if input.now\n\ndenials := [{"code": "x"}]\n' },
      'must be a set',
    ],
    [
      'denials as an object',
      { 'a.rego': 'package custom.a\n\nsatisfied if input.now\n\ndenials["x"] := 1 if input.now\n' },
      'must be a set',
    ],
    [
      'a denial without code',
      { 'a.rego': ruleText('a', '\ndenials contains {"message": "x"} if input.now\n') },
      'no code',
    ],
    [
      'a denial with an odd code',
      { 'a.rego': ruleText('a', '\ndenials contains {"code": "No-Ping"} if input.now\n') },
      'not ^[a-z]',
    ],
    [
      'a denial with an odd member',
      { 'a.rego': ruleText('a', '\ndenials contains {"code": "x", "reason": "y"} if input.now\n') },
      'no member "reason"',
    ],
    ['a nested package', { 'a.rego': ruleText('a.b') }, 'not custom.NAME'],
    ['the package custom itself', { 'a.rego': 'package custom\n\ndecide := {}\n' }, 'not custom.NAME'],
    [
      'a package of the core',
      { 'a.rego': 'package audgate.rules.audience\n\nsatisfied := true\n\ndenials contains 1 if false\n' },
      'not custom.NAME',
    ],
    ['any other package', { 'a.rego': 'package authz\n\nallow := true\n' }, 'not custom.NAME'],
    ['the name decide', { 'a.rego': ruleText('decide') }, 'cannot be used'],
    ['a name in capitals', { 'a.rego': ruleText('Denials') }, 'cannot be used'],
    ['a name that looks like a test', { 'a.rego': ruleText('a_test') }, 'cannot be used'],
    ['a name with a dash', { 'a.rego': ruleText('x').replace('custom.x', 'custom["a-b"]') }, 'cannot be used'],
    ['a rule in a test file', { 'a_test.rego': ruleText('a') }, 'test package'],
    [
      'a test file that adds to a rule',
      { 'a.rego': ruleText('a'), 'b_test.rego': 'package custom.a\n\nsatisfied if true\n' },
      'test package',
    ],
    [
      'an import of the core',
      { 'a.rego': ruleText('a').replace('\n\n', '\n\nimport data.audgate.rules.audience\n\n') },
      'no rule of these files',
    ],
    ['data beside it', { 'a.rego': ruleText('a'), 'data.json': '{}' }, 'not part of a bundle'],
    ['data in a folder', { 'a.rego': ruleText('a'), 'limits/data.yml': '' }, 'not part of a bundle'],
    ['a path that no archive holds', { 'a b.rego': ruleText('a') }, 'cannot be used in a bundle'],
    ['the name of the generated file', { 'audgate-generated.rego': ruleText('a') }, 'cannot be used in a bundle'],
    ['an empty folder', {}, 'no custom rule'],
    ['tests alone', { 'a_test.rego': 'package custom.a_test\n\ntest_it if true\n' }, 'no custom rule'],
    ['a syntax error', { 'a.rego': 'package custom.a\n\nsatisfied if {\n' }, 'unexpected'],
    ['Rego of version 0', { 'a.rego': 'package custom.a\n\nsatisfied { input.now }\n' }, 'if'],
    [
      'a misspelt member of the input',
      { 'a.rego': ruleText('a', '\nx if input.token.scope\n') },
      'undefined ref: input.token.scope',
    ],
    ['a clock', { 'a.rego': ruleText('a', '\nx := time.now_ns()\n') }, 'undefined function'],
    ['a network', { 'a.rego': ruleText('a', '\nx := http.send({})\n') }, 'undefined function'],
    ['an unused variable', { 'a.rego': ruleText('a', '\nx if y := input.now\n') }, 'unused'],
    ['a rule with two meanings', { 'a.rego': ruleText('a', '\nx := 1\n\nx contains 2\n') }, 'conflict'],
  ] as const)('%s', async (_, files, message) => {
    const { problems } = await checked(files);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
    for (const { remedy, severity } of problems) expect([severity, remedy.length > 0]).toEqual(['error', true]);
  });

  test('most of these are clean for OPA alone', async () => {
    const texts = new Map([
      ['a.rego', 'package custom.a.b\n\nsatisfyed if input.now\n\ndeny contains {"kode": 1} if input.now\n'],
    ]);
    const ran = await withStage(texts, (cwd) => tools.opa.run(['check', '--strict', '.'], { cwd }));
    expect(ran.code).toBe(0);
  });

  test('every problem is reported at once, at its place', async () => {
    const { problems } = await checked({
      'a.rego': ruleText('a', '\ndenials contains {"code": "X"} if input.now\n'),
      'b.rego': ruleText('b.c'),
      'c.rego': ruleText('c', '\nx if data.custom[input.now].satisfied\n'),
    });
    expect(problems.map(({ file, line }) => `${file}:${line}`).sort()).toEqual(['a.rego:9', 'b.rego:0', 'c.rego:9']);
  });
});
