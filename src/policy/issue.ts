/** One judgement about an issuance: the core's, then the floor. Fails closed on every path; custom rules judge calls alone. */
import type { IssuanceInput } from '../decision/issuance-input.ts';
import type { CoreDenial } from '../decision/verdict.ts';
import type { Engine } from './engine.ts';
import type { Alarm } from './judge.ts';
import { readIssuanceVerdict } from './shape-issuance.ts';

export const ISSUE = 'audgate/issuance/decide';

/** What core says may be issued. */
export interface Issuable {
  readonly aud: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly expires_in: number;
  readonly sender_constraint: 'none' | 'dpop' | 'mtls' | 'any';
}

export type IssuanceJudgement =
  | { readonly kind: 'allow'; readonly issue: Issuable }
  | { readonly kind: 'deny'; readonly denials: readonly CoreDenial[] }
  /** No instance is to be had: nobody knows. */
  | { readonly kind: 'unavailable' };

/** The host's own look at what core allowed: what it would break, for the alarm; null when nothing. */
export type IssuanceFloor = (issue: Issuable) => string | null;

const BROKEN: IssuanceJudgement = { kind: 'deny', denials: [{ code: 'policy_error' }] };

/** Never throws. */
export function judgeIssuance(
  engine: Engine,
  alarm: (kind: Alarm['kind'], detail: string) => void,
  input: IssuanceInput,
  belowFloor: IssuanceFloor,
): IssuanceJudgement {
  const odd = (kind: Alarm['kind'], detail: string): IssuanceJudgement => {
    alarm(kind, `issuance: ${detail}`);
    return BROKEN;
  };
  const answer = engine.evaluate(ISSUE, input);
  if (answer.kind === 'unavailable') {
    alarm('unavailable', `core: ${answer.detail}`);
    return { kind: 'unavailable' };
  }
  if (answer.kind === 'failed') return odd('core', answer.detail);
  const verdict = readIssuanceVerdict(answer.value);
  if (verdict === null) return odd('core', 'its answer has not the agreed form');
  const { allow, denials, issue } = verdict;
  if (allow && issue !== null && denials.length === 0) {
    const breach = belowFloor(issue);
    return breach === null ? { kind: 'allow', issue } : odd('floor', breach);
  }
  if (allow || issue !== null) {
    odd('core', 'it allowed and denied at once');
    return { kind: 'deny', denials: [...denials, { code: 'policy_error' }] };
  }
  return denials.length > 0 ? { kind: 'deny', denials } : odd('core', 'it denied without a reason');
}
