import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import { loadPolicy } from '../../src/policy/load.ts';
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
  released,
} from './obedient.ts';
import { audienceWaiver, NOW, question } from './questions.ts';

describe('the released core', () => {
  it('allows a right token and says what the operation needs', async () => {
    const policy = await load(released, null);
    expect(policy.core).toEqual({ digest: digestOf(released), modified: false });
    expect(policy.judge(question(), null)).toEqual({
      kind: 'allow',
      required_scopes: ['files:read'],
      waivers: [],
      would_deny: [],
    });
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
      would_deny: [],
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
    ['a member more', { ...allowing, denying, note: 'x' }],
    ['a truthy allow', { ...allowing, denying, allow: 1 }],
    ['null denials', { ...allowing, denying, denials: null }],
    ['denials as an object', { ...allowing, denying, denials: {} }],
    ['a denial with a code outside the registry', { ...denying, denials: [{ code: 'tuesday' }] }],
    ['a denial that names the custom family', { ...denying, denials: [{ code: 'custom' }] }],
    ['a denial with a member more', { ...denying, denials: [{ code: 'token_expired', note: 'x' }] }],
    ['evidence that is one text', { ...denying, denials: [{ code: 'token_expired', actual: 'x' }] }],
    ['evidence of objects', { ...denying, denials: [{ code: 'token_expired', actual: [{}] }] }],
    ['required scopes that are numbers', { ...allowing, denying, required_scopes: [1] }],
    ['no waivers in advice', { ...allowing, denying, advice: {} }],
    ['a waiver without an end', { ...allowing, denying, advice: { waivers: [{ what: 'audience', owner: 'o' }] } }],
    [
      'a waiver whose end is no time',
      { ...allowing, denying, advice: { waivers: [{ what: 'audience', owner: 'o', until: 'soon' }] } },
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
    const input = question({ context: { extra: { core: allowing, denying, conflict: true } } });
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

describe('the gateway’s own context', () => {
  it('is held to the same numbers, because custom rules see it', async () => {
    const policy = await load(released, custom);
    const input = question({ context: { extra: { limit: Number.POSITIVE_INFINITY } } });
    expect(policy.judge(input, NO_FACTS)).toMatchObject({ kind: 'deny', denials: [POLICY_ERROR] });
  });
});
