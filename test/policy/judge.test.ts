/** Real modules all through: one that answers whatever the question's `extra` tells it to stands for a broken one. */
import { readFile } from 'node:fs/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { compiled } from './compiled.ts';
import { audienceWaiver, NOW, question } from './questions.ts';

const CORE = `package audgate.decision

default decide := {
	"allow": false,
	"denials": [{"code": "rule_not_satisfied", "rule": "audience"}],
	"required_scopes": [],
	"advice": {"waivers": []},
}

decide := input.context.extra.core

decide := 1 if input.context.extra.conflict

default explain := {"checks": []}

explain := input.context.extra.explain
`;

const CUSTOM = `package custom

default decide := {"rules": ["limit", "office"], "satisfied": ["limit", "office"], "denials": []}

decide := input.context.extra.custom

decide := {
	"rules": ["limit", "office"],
	"satisfied": ["limit", "office"],
	"denials": [{"rule": "limit", "code": "seen", "actual": [input.call.arguments.amount, input.token.claims.tenant]}],
}

decide := 1 if input.context.extra.conflict_in_custom
`;

const allowing = { allow: true, denials: [], required_scopes: ['files:read'], advice: { waivers: [] } };
const denying = {
  allow: false,
  denials: [{ code: 'scope_insufficient', expected: ['files:read'], actual: [] }],
  required_scopes: ['files:read'],
  advice: { waivers: [] },
};
const RULES = ['limit', 'office'];
const content = { rules: RULES, satisfied: RULES, denials: [] };
const NO_FACTS = { claims: {} };
const POLICY_ERROR = { code: 'policy_error' };

let core: Uint8Array<ArrayBuffer>;
let released: Uint8Array<ArrayBuffer>;
let custom: Uint8Array<ArrayBuffer>;
let alarms: Alarm[] = [];

const load = async (coreWasm: Uint8Array<ArrayBuffer>, customWasm: Uint8Array<ArrayBuffer> | null): Promise<Policy> => {
  const loaded = await loadPolicy({
    core: { wasm: coreWasm, manifest: { rules: [{ name: 'audience', file: 'audience.rego' }] } },
    allowModifiedCore: coreWasm === core,
    custom: customWasm && {
      wasm: customWasm,
      digest: digestOf(customWasm),
      rules: RULES.map((name) => ({ name, file: `${name}.rego` })),
    },
    onAlarm: (alarm) => alarms.push(alarm),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.policy;
};

/** What the modules are told to answer; `custom: undefined` runs none. */
const ask = async (extra: { core?: unknown; custom?: unknown; [other: string]: unknown }, change = {}) => {
  const policy = await load(core, custom);
  return policy.judge(question({ ...change, context: { extra } }), 'custom' in extra ? NO_FACTS : null);
};

beforeAll(async () => {
  core = await compiled(CORE, ['audgate/decision/decide', 'audgate/decision/explain']);
  custom = await compiled(CUSTOM, ['custom/decide']);
  released = new Uint8Array(await readFile(new URL('../../policies/core.wasm', import.meta.url)));
});

beforeEach(() => {
  alarms = [];
});

describe('the released core', () => {
  it('allows a right token and says what the operation needs', async () => {
    const policy = await load(released, null);
    expect(policy.core).toEqual({ digest: digestOf(released), modified: false });
    expect(policy.judge(question(), null)).toEqual({ kind: 'allow', required_scopes: ['files:read'], waivers: [] });
    expect(alarms).toEqual([]);
  });

  it('denies with all reasons at once', async () => {
    const policy = await load(released, null);
    const judgement = policy.judge(
      question({ token: { audiences: ['https://billing.example.com/mcp'], scopes: [], expires_at: NOW - 5 } }),
      null,
    );
    expect(judgement).toMatchObject({ kind: 'deny', custom: [], required_scopes: ['files:read'] });
    const codes = judgement.kind === 'deny' ? judgement.denials.map(({ code }) => code).sort() : [];
    expect(codes).toEqual(['audience_mismatch', 'scope_insufficient', 'token_expired']);
    expect(alarms).toEqual([]);
  });

  it('names the waiver that it used, and the floor agrees', async () => {
    const policy = await load(released, null);
    const input = question({ token: { audiences: ['api://default'] }, waivers: [audienceWaiver()] });
    expect(policy.judge(input, null)).toEqual({
      kind: 'allow',
      required_scopes: ['files:read'],
      waivers: [{ what: 'audience', owner: 'team-files', until: '2026-11-24T12:00:00Z' }],
    });
  });

  it('explains each rule, custom ones last', async () => {
    const checks = (await load(released, custom)).explain(question({ token: { scopes: [] } }), {
      ...NO_FACTS,
      arguments: { amount: 7 },
    });
    expect(checks.find(({ rule }) => rule === 'scope')).toMatchObject({ outcome: 'denied', expected: ['files:read'] });
    expect(checks.find(({ rule }) => rule === 'audience')).toMatchObject({ outcome: 'satisfied' });
    expect(checks.slice(-2).map(({ rule }) => rule)).toEqual(['custom.limit', 'custom.office']);
  });
});

describe('a core that answers oddly', () => {
  it.each([
    ['nothing of the sort', 'yes'],
    ['only allow', { allow: true }],
    ['a member more', { ...allowing, note: 'x' }],
    ['a truthy allow', { ...allowing, allow: 1 }],
    ['null denials', { ...allowing, denials: null }],
    ['denials as an object', { ...allowing, denials: {} }],
    ['a denial with a code outside the registry', { ...denying, denials: [{ code: 'tuesday' }] }],
    ['a denial that names the custom family', { ...denying, denials: [{ code: 'custom' }] }],
    ['a denial with a member more', { ...denying, denials: [{ code: 'token_expired', note: 'x' }] }],
    ['evidence that is one text', { ...denying, denials: [{ code: 'token_expired', actual: 'x' }] }],
    ['evidence of objects', { ...denying, denials: [{ code: 'token_expired', actual: [{}] }] }],
    ['required scopes that are numbers', { ...allowing, required_scopes: [1] }],
    ['no waivers in advice', { ...allowing, advice: {} }],
    ['a waiver without an end', { ...allowing, advice: { waivers: [{ what: 'audience', owner: 'o' }] } }],
    [
      'a waiver whose end is no time',
      { ...allowing, advice: { waivers: [{ what: 'audience', owner: 'o', until: 'soon' }] } },
    ],
    ['a deny without reason', { ...denying, denials: [] }],
  ])('(%s) is a deny, with an alarm', async (_, answer) => {
    expect(await ask({ core: answer })).toEqual({
      kind: 'deny',
      denials: [POLICY_ERROR],
      custom: [],
      required_scopes: [],
    });
    expect(alarms).toEqual([{ kind: 'core', detail: expect.any(String) }]);
  });

  it('(allow and denials at once) is a deny that keeps them', async () => {
    expect(await ask({ core: { ...denying, allow: true } })).toMatchObject({
      kind: 'deny',
      denials: [...denying.denials, POLICY_ERROR],
    });
  });

  it('(a conflict, which throws) is a deny, again and again', async () => {
    const policy = await load(core, null);
    const input = question({ context: { extra: { core: allowing, conflict: true } } });
    for (let i = 0; i < 100; i++)
      expect(policy.judge(input, null)).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
    expect(policy.judge(question({ context: { extra: { core: allowing } } }), null).kind).toBe('allow');
  });

  it('(allow for a foreign audience) is held by the floor, with an alarm of its own', async () => {
    const judgement = await ask({ core: allowing }, { token: { audiences: ['https://billing.example.com/mcp'] } });
    expect(judgement).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
    expect(alarms).toEqual([{ kind: 'floor', detail: expect.stringContaining('files') }]);
    expect(JSON.stringify(alarms)).not.toContain('billing');
  });

  it('is a deny also for unverified claims', async () => {
    const policy = await load(core, custom);
    expect(policy.judgeUnverified(question({ context: { extra: { core: 'yes', custom: content } } }))).toMatchObject({
      kind: 'deny',
      denials: [POLICY_ERROR],
    });
  });

  it('stays a deny when the alarm itself fails', async () => {
    const loaded = await loadPolicy({
      core: { wasm: core, manifest: { rules: [] } },
      allowModifiedCore: true,
      custom: null,
      onAlarm: () => {
        throw new Error('the log is full');
      },
    });
    expect(loaded.ok && loaded.policy.judge(question({ context: { extra: { core: 'yes' } } }), null).kind).toBe('deny');
  });
});

describe('custom rules', () => {
  it('all satisfied change nothing', async () => {
    expect(await ask({ core: allowing, custom: content })).toEqual({
      kind: 'allow',
      required_scopes: ['files:read'],
      waivers: [],
    });
  });

  it('add their denials to those of core', async () => {
    const denial = {
      rule: 'limit',
      code: 'too_much',
      message: 'At most 1000.',
      expected: [1000],
      actual: [5000, 'EUR'],
    };
    const answer = { ...content, satisfied: ['office'], denials: [denial] };
    expect(await ask({ core: denying, custom: answer })).toEqual({
      kind: 'deny',
      denials: denying.denials,
      custom: [denial],
      required_scopes: ['files:read'],
    });
    expect(alarms).toEqual([]);
  });

  it('deny also when the rule calls itself satisfied', async () => {
    const denials = [{ rule: 'limit', code: 'too_much' }];
    expect(await ask({ core: allowing, custom: { ...content, denials } })).toMatchObject({
      kind: 'deny',
      custom: denials,
    });
  });

  it('neither satisfied nor denying are rule_not_satisfied', async () => {
    expect(await ask({ core: allowing, custom: { ...content, satisfied: ['limit'] } })).toMatchObject({
      kind: 'deny',
      denials: [{ code: 'rule_not_satisfied', rule: 'custom.office' }],
      custom: [],
    });
  });

  it('that deny in another form are a policy_error alone, though they are not satisfied', async () => {
    const denials = [{ rule: 'office', malformed: 'closed' }];
    expect(await ask({ core: allowing, custom: { rules: RULES, satisfied: ['limit'], denials } })).toMatchObject({
      kind: 'deny',
      denials: [POLICY_ERROR],
      custom: [],
    });
  });

  it('see arguments and claims, which core does not', async () => {
    const policy = await load(released, custom);
    const facts = { arguments: { amount: 5000 }, claims: { tenant: 'acme' } };
    expect(policy.judge(question(), facts)).toMatchObject({
      custom: [{ rule: 'limit', code: 'seen', actual: [5000, 'acme'] }],
    });
  });

  it('are not run without their facts, nor on unverified claims', async () => {
    const policy = await load(core, custom);
    const input = question({ context: { extra: { core: allowing, custom: 'broken' } } });
    expect(policy.judge(input, null).kind).toBe('allow');
    expect(policy.judgeUnverified(input).kind).toBe('allow');
  });

  it.each([
    ['an amount beyond double range', { amount: Number.POSITIVE_INFINITY }],
    ['one deep inside', { order: [{ amount: Number.NaN }] }],
  ])('never see %s, which would reach them as null', async (_, args) => {
    const policy = await load(released, custom);
    expect(policy.judge(question(), { arguments: args, claims: {} })).toMatchObject({
      kind: 'deny',
      denials: [POLICY_ERROR],
    });
  });
});

describe('the gateway’s own context', () => {
  it('is held to the same numbers, because custom rules see it', async () => {
    const policy = await load(released, custom);
    const input = question({ context: { extra: { limit: Number.POSITIVE_INFINITY } } });
    expect(policy.judge(input, NO_FACTS)).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
  });
});

describe('a custom module that answers oddly', () => {
  it.each([
    ['nothing of the sort', true],
    ['a rule less', { ...content, rules: ['limit'] }],
    ['a rule more', { ...content, rules: [...RULES, 'z'] }],
    ['its rules in another order', { ...content, rules: ['office', 'limit'] }],
    ['no list of rules', { satisfied: RULES, denials: [] }],
    ['a member more', { ...content, allow: true }],
    ['a stranger satisfied', { ...content, satisfied: [...RULES, 'z'] }],
    ['satisfied as true', { ...content, satisfied: true }],
    ['denials as an object', { ...content, denials: {} }],
    ['null denials', { ...content, denials: null }],
  ])('(%s) is a deny that keeps the reasons of core', async (_, answer) => {
    expect(await ask({ core: denying, custom: answer })).toMatchObject({
      kind: 'deny',
      denials: [...denying.denials, POLICY_ERROR],
      required_scopes: ['files:read'],
    });
    expect(await ask({ core: allowing, custom: answer })).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
    expect(alarms).toContainEqual({ kind: 'custom', detail: expect.any(String) });
  });

  it.each([
    ['a text', 'no'],
    ['no code', { rule: 'limit' }],
    ['an upper-case code', { rule: 'limit', code: 'TooMuch' }],
    ['a code with a line end', { rule: 'limit', code: 'too_much\n' }],
    ['a code with a slash', { rule: 'limit', code: 'a/b' }],
    ['a stranger’s rule', { rule: 'z', code: 'too_much' }],
    ['a message that is no text', { rule: 'limit', code: 'too_much', message: 7 }],
    ['a null message', { rule: 'limit', code: 'too_much', message: null }],
    ['evidence that is one number', { rule: 'limit', code: 'too_much', expected: 7 }],
    ['evidence with null', { rule: 'limit', code: 'too_much', actual: [null] }],
    ['a member more', { rule: 'limit', code: 'too_much', status: 200 }],
  ])('(a denial that is or has %s) is policy_error, and well-formed ones stay', async (_, denial) => {
    const good = { rule: 'office', code: 'closed' };
    const answer = { ...content, satisfied: ['limit'], denials: [denial, good] };
    expect(await ask({ core: denying, custom: answer })).toMatchObject({
      kind: 'deny',
      denials: [...denying.denials, POLICY_ERROR],
      custom: [good],
    });
  });

  it('(a conflict, which throws) is a deny that keeps the reasons of core', async () => {
    expect(await ask({ core: denying, custom: content, conflict_in_custom: true })).toMatchObject({
      kind: 'deny',
      denials: [...denying.denials, POLICY_ERROR],
    });
    expect(alarms).toEqual([{ kind: 'custom', detail: expect.stringContaining('conflict') }]);
  });

  it('is one policy_error beside a core that broke too', async () => {
    expect(await ask({ core: 'yes', custom: 'yes' })).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
  });

  it('leaves its rules unevaluated in an explanation', async () => {
    const policy = await load(core, custom);
    const extra = { custom: 'yes', explain: 'yes' };
    const unevaluated = { outcome: 'not_evaluated', expected: [], actual: [] };
    expect(policy.explain(question({ context: { extra } }), NO_FACTS)).toEqual([
      { rule: 'audience', ...unevaluated },
      { rule: 'custom.limit', ...unevaluated },
      { rule: 'custom.office', ...unevaluated },
    ]);
  });
});
