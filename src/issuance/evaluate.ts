/** What may be issued: the whole decision on one screen. No log, no side effect. */
import type { Caller } from '../decide/ask.ts';
import { inOrder, policyUnavailable } from '../decide/refuse.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import type { IssuanceQuestion, Issue } from '../decision/issuance.ts';
import type { IssuanceInput } from '../decision/issuance-input.ts';
import type { Reason } from '../decision/reason.ts';
import { readFacts } from './facts.ts';
import { belowIssuanceFloor } from './floor.ts';
import { reasonOf } from './message.ts';

/** `reasons` in the order of precedence, empty on allow only. */
export type IssuanceEvaluation = {
  /** Registry key of the one server that is asked for; null: none, or several. */
  readonly server: string | null;
  readonly reasons: readonly Reason[];
  readonly input: IssuanceInput;
} & (
  | { readonly outcome: 'allow'; readonly issue: Issue }
  | { readonly outcome: 'deny' }
  | { readonly outcome: 'indeterminate' }
);

/** @param now seconds since the epoch */
export function evaluateIssuance(
  question: IssuanceQuestion,
  caller: Caller,
  now: number,
  { registry, policy }: Snapshot,
): IssuanceEvaluation {
  // Whom each value stands for, byte for byte: what was asked for, and what the grant is bound to.
  const facts = readFacts(question, caller, registry, now);
  const { input } = facts;
  const named = new Set(input.targets.flatMap((target) => target.server ?? []));
  const server = named.size === 1 ? (facts.server?.key ?? null) : null;

  // Facts and records to the rules, all denials of all rules; above an allow, the floor.
  const judgement = policy.issue(input, (issue) => belowIssuanceFloor(issue, question, registry, now));

  if (judgement.kind === 'unavailable')
    return { outcome: 'indeterminate', server, reasons: [policyUnavailable()], input };
  if (judgement.kind === 'deny') {
    const reasons = judgement.denials.map((denial) => reasonOf(denial, { question, facts, caller, registry }));
    return { outcome: 'deny', server, reasons: inOrder(reasons), input };
  }
  const { scopes, ...issue } = judgement.issue;
  return { outcome: 'allow', server, reasons: [], input, issue: { ...issue, scope: scopes.join(' ') } };
}
