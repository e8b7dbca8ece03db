/** The check of issuance before registry and modules come into force. */
import { beforeAll, expect, it } from 'vitest';
import { activateIssuance } from '../../src/issuance/activate.ts';
import type { IssuanceJudgement } from '../../src/policy/issue.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { NOW, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

const checked = (policy: Policy) => activateIssuance(world.snapshot.registry, policy, { now: () => NOW * 1000 });
const judging = (judge: (real: () => IssuanceJudgement, input: Parameters<Policy['issue']>[0]) => IssuanceJudgement) =>
  checked({
    ...world.snapshot.policy,
    issue: (input, floor) => judge(() => world.snapshot.policy.issue(input, floor), input),
  });

it('passes the released core, at every server and each of its issuers', async () => {
  expect(await checked(world.snapshot.policy)).toEqual([]);
  expect(world.alarms).toEqual([]);
});

it('tells of a policy that refuses everything', async () => {
  const problems = await judging(() => ({ kind: 'deny', denials: [{ code: 'policy_error' }] }));
  expect(problems).toHaveLength(50);
  expect(problems[0]).toContain('a request for issuance for its resource must be allowed');
});

it.each([
  ['resource_missing', 'without a resource'],
  ['resource_multiple', 'for two resources'],
  ['resource_unregistered', 'for a stranger'],
  ['resource_generic', 'for its issuer'],
  ['resource_changed', 'with a refresh token for another'],
  ['exchange_not_allowed', 'with a token for another'],
  ['exchange_not_allowed', 'with a refresh token of another client'],
  ['scope_exceeds_grant', 'with more scope than was granted'],
  ['token_expired', 'with what has ended'],
  ['issuer_unknown', 'of an issuer that nobody registered'],
])('tells of a policy that has forgotten %s', async (code, name) => {
  const problems = await judging((real, input) => {
    const judgement = real();
    if (judgement.kind !== 'deny') return judgement;
    const denials = judgement.denials.filter((denial) => denial.code !== code);
    const { server } = input.registered;
    const issue = {
      aud: server?.resource ?? '',
      resource: server?.resource ?? '',
      scopes: [],
      expires_in: 1,
      sender_constraint: 'none' as const,
    };
    return denials.length > 0 ? { kind: 'deny', denials } : { kind: 'allow', issue };
  });
  expect(problems.some((problem) => problem.includes(name) && problem.includes(code))).toBe(true);
});

it('does not take what broke for a refusal', async () => {
  const problems = await judging((real) => {
    const judgement = real();
    return judgement.kind === 'deny'
      ? { kind: 'deny', denials: [...judgement.denials, { code: 'policy_error' }] }
      : judgement;
  });
  expect(problems.length).toBeGreaterThan(0);
});
