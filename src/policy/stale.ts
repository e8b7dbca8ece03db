/** What a policy answers while nobody can say whether it is still the one in force. */
import type { Policy } from './policy.ts';

/**
 * While `isStale`, nothing is allowed: what would be is `unavailable`. What is denied stays denied, so that an outage of the
 * server of bundles turns no certain deny into an indeterminate answer, which some gateway may let through.
 */
export function withholding(policy: Policy, isStale: () => boolean): Policy {
  const held = <T extends { readonly kind: string }>(judgement: T): T | { readonly kind: 'unavailable' } =>
    judgement.kind === 'allow' && isStale() ? { kind: 'unavailable' } : judgement;
  return {
    ...policy,
    judge: (input, custom) => held(policy.judge(input, custom)),
    judgeUnverified: (input) => held(policy.judgeUnverified(input)),
    issue: (input, belowFloor) => held(policy.issue(input, belowFloor)),
    async open(input, operations) {
      const { itself, opened } = await policy.open(input, operations);
      return { itself: held(itself), opened: isStale() ? [] : opened };
    },
  };
}
