/** Two recipes, all the way: checked, built, bundled, read, loaded and asked beside the released core. */
import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBundle } from '../../src/policy/bundle.ts';
import { buildPolicies, openToolchain } from '../../src/policy/custom.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Judgement, Policy } from '../../src/policy/policy.ts';
import { opaForTests } from './compiled.ts';
import { question } from './questions.ts';
import { twoRules } from './two-rules.ts';

const policies = fileURLToPath(new URL('../../policies', import.meta.url));
const alarms: Alarm[] = [];
let policy: Policy;
let folder: string;

/** A right token; its operation is labelled so that at most 1,000 may be moved. */
function judge(args: Readonly<Record<string, unknown>>, labels: Readonly<Record<string, unknown>>): Judgement {
  const asked = question();
  const { operation } = asked.registered;
  if (operation === undefined) throw new Error('the question has no operation');
  const registered = { ...asked.registered, operation: { ...operation, labels: { ...labels } } };
  return policy.judge({ ...asked, registered }, { arguments: { ...args }, claims: {} });
}

beforeAll(async () => {
  const tools = await openToolchain(await opaForTests(), policies);
  folder = await twoRules();
  const built = await buildPolicies(tools, folder);
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const read = readBundle(built.bytes);
  if (!read.ok || read.bundle.custom === null) throw new Error('the bundle has no rules');
  const { wasm, digest, rules } = read.bundle.custom;
  const loaded = await loadPolicy({
    core: {
      wasm: new Uint8Array(await readFile(`${policies}/core.wasm`)),
      manifest: JSON.parse(await readFile(`${policies}/core.manifest.json`, 'utf8')),
    },
    allowModifiedCore: false,
    custom: { wasm, digest, rules },
    onAlarm: (alarm) => alarms.push(alarm),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  policy = loaded.policy;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('two recipes', () => {
  it('let pass what they have no say in, and what is within the limit', () => {
    expect(judge({}, {}).kind).toBe('allow');
    expect(judge({ amount: 1000 }, { max_amount: 1000 }).kind).toBe('allow');
    expect(alarms).toEqual([]);
  });

  it.each([
    ['above the limit', { amount: 1001 }, 'amount_out_of_range'],
    ['below zero', { amount: -1 }, 'amount_out_of_range'],
    ['absent', {}, 'amount_missing'],
    ['null', { amount: null }, 'amount_missing'],
    ['a text', { amount: '5' }, 'amount_missing'],
  ])('refuse an amount that is %s', (_, args, code) => {
    expect(judge(args, { max_amount: 1000 })).toMatchObject({ kind: 'deny', denials: [], custom: [{ code }] });
    expect(alarms).toEqual([]);
  });

  it('explain themselves after the core', () => {
    const checks = policy.explain(question(), { arguments: {}, claims: {} });
    expect(checks.map(({ rule, outcome }) => `${rule}: ${outcome}`)).toEqual([
      ...['issuer', 'audience', 'passthrough', 'lifetime', 'operation', 'scope', 'sender_constraint'].map(
        (rule) => `${rule}: satisfied`,
      ),
      ...['delegation', 'authentication', 'authorization_details'].map((rule) => `${rule}: satisfied`),
      'custom.argument_limit: satisfied',
      'custom.office_hours: satisfied',
    ]);
  });
});
