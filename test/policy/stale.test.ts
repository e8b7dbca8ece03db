/** While nobody can say whether the policy is still the one in force, nothing is allowed, and what is denied stays denied. */
import { expect, it } from 'vitest';
import type { IssuanceJudgement } from '../../src/policy/issue.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { withholding } from '../../src/policy/stale.ts';
import { question } from './questions.ts';

const ALLOW = { kind: 'allow', required_scopes: [], waivers: [], would_deny: [] } as const;
const DENY = { kind: 'deny', denials: [{ code: 'audience_mismatch' }], custom: [], required_scopes: [] } as const;
const ISSUE = {
  aud: 'https://files.example.com/mcp',
  resource: 'https://files.example.com/mcp',
  scopes: [],
  expires_in: 60,
  sender_constraint: 'none',
} as const;
const ISSUANCE = {
  now: 0,
  request: { grant: 'client_credentials', client_id: 'c', resources: 0, audiences: 0 },
  targets: [],
  registered: { exchanges: [] },
  context: { caller: 'login' },
} as const;

function answering(judgement: typeof ALLOW | typeof DENY, issuance: IssuanceJudgement): Policy {
  return {
    ...{ core: { digest: 'sha256:0', modified: false }, custom: null, rules: [] },
    judge: () => judgement,
    judgeUnverified: () => judgement,
    issue: () => issuance,
    open: async () => ({ itself: judgement, opened: [{ at: 0, waivers: [], would_deny: [] }] }),
    explain: () => [],
  };
}

const kindsOf = async (policy: Policy) => {
  const input = question();
  const { itself, opened } = await policy.open(input, []);
  return {
    kinds: [
      policy.judge(input, null).kind,
      policy.judgeUnverified(input).kind,
      policy.issue({ ...ISSUANCE, targets: [], registered: { exchanges: [] } }, () => null).kind,
      itself.kind,
    ],
    opened: opened.length,
  };
};

it.each([
  { stale: false, allow: 'allow', opened: 1 },
  { stale: true, allow: 'unavailable', opened: 0 },
])('stale $stale: an allow is $allow, of calls and of issuance', async ({ stale, allow, opened }) => {
  const policy = withholding(answering(ALLOW, { kind: 'allow', issue: ISSUE }), () => stale);
  expect(await kindsOf(policy)).toEqual({ kinds: [allow, allow, allow, allow], opened });
});

it('stale: a deny stays one, of calls and of issuance', async () => {
  const policy = withholding(answering(DENY, { kind: 'deny', denials: [{ code: 'resource_missing' }] }), () => true);
  expect((await kindsOf(policy)).kinds).toEqual(['deny', 'deny', 'deny', 'deny']);
});
