import { describe, expect, it } from 'vitest';
import {
  alarms,
  allowing,
  ask,
  content,
  core,
  custom,
  denying,
  load,
  NO_FACTS,
  POLICY_ERROR,
  RULES,
  released,
} from './obedient.ts';
import { question } from './questions.ts';

describe('custom rules', () => {
  it('all satisfied change nothing', async () => {
    expect(await ask({ core: allowing, custom: content })).toEqual({
      kind: 'allow',
      required_scopes: ['files:read'],
      waivers: [],
      would_deny: [],
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
