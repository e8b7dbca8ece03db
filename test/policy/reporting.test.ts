/** Rules that only report: said in METADATA of the package, carried by the manifest, evaluated apart. */
import { beforeAll, describe, expect, test } from 'vitest';
import { readBundle } from '../../src/policy/bundle.ts';
import { buildPolicies, checkPolicies, openToolchain, type Toolchain } from '../../src/policy/custom.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { readCore } from '../../src/sources.ts';
import { opaForTests } from './compiled.ts';
import { folderOf, ruleText } from './folder.ts';
import { question } from './questions.ts';

const says = (enforcement: string, text: string) => `# METADATA\n# custom:\n#   enforcement: ${enforcement}\n${text}`;
const denying = (name: string) =>
  `package custom.${name}\n\nsatisfied if input.context.extra.fine\n\ndenials contains {"code": "no"} if not input.context.extra.fine\n`;

let tools: Toolchain;
beforeAll(async () => {
  tools = await openToolchain(await opaForTests(), 'policies');
});

async function load(files: Readonly<Record<string, string>>) {
  const built = await buildPolicies(tools, await folderOf(files));
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const read = readBundle(built.bytes);
  if (!read.ok || read.bundle.custom === null) throw new Error('the bundle has no rules');
  const alarms: Alarm[] = [];
  const { wasm, digest, rules } = read.bundle.custom;
  const onAlarm = (alarm: Alarm) => alarms.push(alarm);
  const core = await readCore();
  const loaded = await loadPolicy({ core, allowModifiedCore: false, custom: { wasm, digest, rules }, onAlarm });
  if (!loaded.ok) throw new Error(loaded.problems.join());
  return { rules, policy: loaded.policy, alarms };
}

const FACTS = { claims: {} };
const asked = (extra: Parameters<typeof question>[0] = {}) => question(extra);

test('the manifest says which rules report, and they deny nothing', async () => {
  const { rules, policy } = await load({ 'a.rego': denying('a'), 'b.rego': says('report', denying('b')) });
  expect(rules).toEqual([
    { name: 'a', file: 'a.rego', enforcement: 'deny' },
    { name: 'b', file: 'b.rego', enforcement: 'report' },
  ]);
  const judged = policy.judge(asked(), FACTS);
  expect(judged).toMatchObject({ kind: 'deny', custom: [{ rule: 'a', code: 'no' }] });
  expect(judged).toMatchObject({ reported: [{ rule: 'b', code: 'custom:b/no' }] });
  expect(policy.explain(asked(), FACTS).slice(-2)).toMatchObject([
    { rule: 'custom.a', outcome: 'denied' },
    { rule: 'custom.b', outcome: 'denied' },
  ]);
});

test('rules that all only report leave every decision to core', async () => {
  const { policy, alarms } = await load({ 'b.rego': says('report', denying('b')) });
  expect(policy.judge(asked(), FACTS)).toMatchObject({ kind: 'allow', reported: [{ rule: 'b', code: 'custom:b/no' }] });
  const fine = policy.judge(asked({ context: { extra: { fine: true } } }), FACTS);
  expect(fine).toMatchObject({ kind: 'allow' });
  expect(fine).not.toHaveProperty('reported');
  expect(alarms).toEqual([]);
});

test('however much one would deny, an allow tells only the beginning of it', async () => {
  const long = 'a'.repeat(300);
  const codes = Array.from({ length: 30 }, (_, n) => `x${n}`);
  const many = `package custom.many\n\nsatisfied if false\n\ndenials contains {"code": code} if some code in ${JSON.stringify(codes)}\n`;
  const one = `package custom.long\n\nsatisfied if false\n\ndenials contains {"code": "${long}"} if true\n`;
  const { policy } = await load({ 'many.rego': says('report', many), 'long.rego': says('report', one) });
  const judged = policy.judge(asked(), FACTS);
  const reported = judged.kind === 'allow' ? (judged.reported ?? []) : [];
  expect(reported.filter(({ rule }) => rule === 'many')).toHaveLength(16);
  expect(reported.filter(({ rule }) => rule === 'long').map(({ code }) => code)).toEqual([
    `custom:long/${'a'.repeat(255)}`,
  ]);
});

test('one that throws each time takes no other rule with it', async () => {
  const wild =
    'package custom.wild\n\nsatisfied if true\n\nsatisfied := false if input.now\n\ndenials contains {"code": "no"} if false\n';
  const { policy, alarms } = await load({ 'a.rego': denying('a'), 'wild.rego': says('report', wild) });
  const right = asked({ context: { extra: { fine: true } } });
  for (let times = 0; times < 50; times++) {
    const judged = policy.judge(right, FACTS);
    expect(judged).toMatchObject({ kind: 'allow', reported: [{ rule: 'wild', code: 'policy_error' }] });
  }
  expect(new Set(alarms.map(({ kind }) => kind))).toEqual(new Set(['report']));
});

describe('METADATA', () => {
  const problems = async (files: Readonly<Record<string, string>>) =>
    (await checkPolicies(tools, await folderOf(files))).problems.map(({ message }) => message);

  test('that says deny, or nothing of it, is in order', async () => {
    expect(await problems({ 'a.rego': says('deny', ruleText('a')), 'b.rego': ruleText('b') })).toEqual([]);
  });

  test.each<[string, string, string]>([
    ['another word', says('warn', ruleText('a')), 'enforcement is "warn", not report or deny'],
    ['no word', says('true', ruleText('a')), 'enforcement is true, not report or deny'],
    [
      'a rule for the package',
      ruleText('a').replace('denials contains', `# METADATA\n# custom:\n#   enforcement: report\ndenials contains`),
      'METADATA of scope rule, where it says nothing',
    ],
  ])('with %s is refused', async (_, text, message) => {
    expect(await problems({ 'a.rego': text })).toEqual([expect.stringContaining(message)]);
  });

  test.each(['', says('deny', ''), says('report', '')])(
    'that one of two files says for both is refused (%j)',
    async (words) => {
      const more = 'package custom.a\n\ndenials contains {"code": "late"} if input.time.hour > 20\n';
      const told = await problems({ 'a.rego': `${words}${ruleText('a')}`, 'more.rego': says('report', more) });
      expect(told).toContainEqual(expect.stringContaining('says enforcement: report for the whole of custom.a'));
    },
  );
});
