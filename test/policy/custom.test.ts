import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readBundle, unpack } from '../../src/policy/bundle.ts';
import { buildPolicies, openToolchain, type Toolchain, testPolicies } from '../../src/policy/custom.ts';
import { openEngine } from '../../src/policy/engine.ts';
import { withStage } from '../../src/policy/sources.ts';
import { opaForTests } from './compiled.ts';
import { folderOf, ruleText } from './folder.ts';

let tools: Toolchain;
beforeAll(async () => {
  tools = await openToolchain(await opaForTests(), 'policies');
});

async function built(files: Readonly<Record<string, string>>) {
  const bundle = await buildPolicies(tools, await folderOf(files));
  if (!bundle.ok) throw new Error(JSON.stringify(bundle.problems));
  return bundle;
}

/** What `custom/decide` answers for an input. */
async function answer(files: Readonly<Record<string, string>>, input: object): Promise<unknown> {
  const read = readBundle((await built(files)).bytes);
  if (!read.ok) throw new Error(read.problems.join());
  const opened = await openEngine(read.bundle.custom?.wasm ?? new Uint8Array());
  if (!opened.ok) throw new Error(opened.problem);
  const evaluation = opened.engine.evaluate('custom/decide', input);
  return evaluation.kind === 'value' ? evaluation.value : evaluation.kind;
}

/** A set leaves WebAssembly in the order of its hashes. */
const anyOrder = (...members: readonly unknown[]) =>
  expect.toSatisfy((list: unknown) => {
    expect(new Set(Array.isArray(list) ? list : [])).toEqual(new Set(members));
    return true;
  });
const extra = (members: object) => ({ context: { extra: members } });
const PING = { call: { method: 'ping' } };
/** Denials that never appear. */
const SOME = 'denials contains {"code": "x"} if input.context.extra.never';
const rule = (body: string) => `package custom.a\n\n${body}\n`;

describe('the generated decision', () => {
  test('asks every rule, sorted by name', async () => {
    const files = { 'b.rego': ruleText('b'), 'a.rego': ruleText('a') };
    expect(await answer(files, PING)).toEqual({ rules: ['a', 'b'], satisfied: anyOrder('a', 'b'), denials: [] });
    expect(await answer(files, {})).toEqual({
      rules: ['a', 'b'],
      satisfied: [],
      denials: anyOrder({ code: 'no_ping', rule: 'a' }, { code: 'no_ping', rule: 'b' }),
    });
  });

  test.each([
    [
      'undefined',
      'satisfied if to_number(input.context.extra.x) < 1000\n\ndenials contains {"code": "x"} if to_number(input.context.extra.x) > 1000',
    ],
    ['a text', `satisfied := input.context.extra.x\n\n${SOME}`],
    ['a list', `satisfied := input.context.extra.list\n\n${SOME}`],
    ['false', `satisfied := input.context.extra.no\n\n${SOME}`],
  ])('a rule whose satisfied is %s is listed as run and not as satisfied', async (_, body) => {
    expect(await answer({ 'a.rego': rule(body) }, extra({ x: 'a word', list: [1], no: false }))).toEqual({
      rules: ['a'],
      satisfied: [],
      denials: [],
    });
  });

  test.each([
    ['null', 'null'],
    ['a text', '"no"'],
    ['false', 'false'],
    ['a list', '[1]'],
  ])('a denial that is %s does not vanish', async (_, denial) => {
    const body = `satisfied if input.context.extra.x\n\ndenials contains denial if some denial in input.context.extra.list`;
    expect(await answer({ 'a.rego': rule(body) }, extra({ x: 1, list: [JSON.parse(denial)] }))).toEqual({
      rules: ['a'],
      satisfied: ['a'],
      denials: [{ rule: 'a', malformed: JSON.parse(denial) }],
    });
  });

  test('a denial cannot speak for another rule', async () => {
    const body =
      'satisfied if input.context.extra.x\n\ndenials contains denial if some denial in input.context.extra.list';
    const files = { 'a.rego': rule(body), 'b.rego': ruleText('b') };
    expect(await answer(files, { ...extra({ x: 1, list: [{ code: 'c', rule: 'b' }] }), ...PING })).toEqual({
      rules: ['a', 'b'],
      satisfied: anyOrder('a', 'b'),
      denials: [{ rule: 'a', malformed: { code: 'c', rule: 'b' } }],
    });
  });

  test('a rule with two values at once breaks the answer, so that the host denies', async () => {
    const body =
      'satisfied := true if input.context.extra.x\n\nsatisfied := false if input.context.extra.y\n\ndenials contains {"code": "x"} if input.context.extra.z';
    expect(await answer({ 'a.rego': rule(body) }, extra({ x: 1, y: 1 }))).toBe('failed');
  });
});

describe('a built bundle', () => {
  const files = { 'team/a.rego': ruleText('a'), 'team/a_test.rego': 'package custom.a_test\n\ntest_it if true\n' };

  test('is the same bytes each time, and says what it holds', async () => {
    const [first, second] = [await built(files), await built(files)];
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
    const read = readBundle(first.bytes);
    expect(read).toMatchObject({
      ok: true,
      bundle: { custom: { digest: first.digest, rules: [{ name: 'a', file: 'team/a.rego' }] } },
    });
  });

  test('holds the sources, and no test', async () => {
    const entries = unpack((await built(files)).bytes);
    if (typeof entries === 'string') throw new Error(entries);
    expect([...entries.keys()].sort()).toEqual([
      '.manifest',
      'audgate-generated.rego',
      'data.json',
      'policy.wasm',
      'team/a.rego',
    ]);
  });

  test('is a bundle for OPA too, with the same answer', async () => {
    const { bytes } = await built(files);
    const staged = new Map([['input.json', JSON.stringify(PING)]]);
    const ran = await withStage(staged, async (cwd) => {
      await writeFile(join(cwd, 'bundle.tar.gz'), bytes);
      return tools.opa.run(
        ['eval', '--format', 'raw', '--bundle', 'bundle.tar.gz', '--input', 'input.json', 'data.custom.decide'],
        { cwd },
      );
    });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual({ rules: ['a'], satisfied: ['a'], denials: [] });
  });

  test('is not built while anything is wrong', async () => {
    const bundle = await buildPolicies(tools, await folderOf({ 'a.rego': ruleText('a.b') }));
    expect(bundle).toMatchObject({ ok: false, problems: [{ file: 'a.rego' }] });
  });
});

describe('policy test', () => {
  const failing = 'package custom.a_test\n\nimport data.custom.a\n\ntest_it if a.satisfied with input as {}\n';

  test('a failing test is a problem on each engine', async () => {
    const { runs, problems } = await testPolicies(
      tools,
      await folderOf({ 'a.rego': ruleText('a'), 'a_test.rego': failing }),
    );
    expect(runs.map(({ engine, failed }) => [engine, failed])).toEqual([
      ['opa', 1],
      ['wasm', 1],
    ]);
    expect(problems).toMatchObject([
      { file: 'a_test.rego', line: 5 },
      { file: 'a_test.rego', line: 5 },
    ]);
  });

  test('a skipped test counts as failed: it shows nothing', async () => {
    const skipped = failing.replace('test_it', 'todo_test_it');
    const { runs } = await testPolicies(tools, await folderOf({ 'a.rego': ruleText('a'), 'a_test.rego': skipped }));
    expect(runs.map(({ failed }) => failed)).toEqual([1, 1]);
  });
});
