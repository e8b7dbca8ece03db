/** Explain = decide for a given time, and every rule with what it expected and what it found. Marks no proof as used. */

import { evidence } from '../decision/evidence.ts';
import type { ExplainedCheck, Explanation } from '../decision/explanation.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { Check } from '../decision/verdict.ts';
import type { Policy } from '../policy/policy.ts';
import { nameConfirmation } from '../record/mask.ts';
import type { ServerRecord, Source } from '../registry/registry.ts';
import type { Ask, Caller } from './ask.ts';
import { decide, type Parts } from './decide.ts';
import type { Evaluation } from './evaluate.ts';
import type { Snapshot } from './snapshot.ts';

/** @param seconds the time to decide for, seconds since the epoch */
export async function explain(
  ask: Ask,
  caller: Caller,
  at: Snapshot,
  parts: Parts,
  seconds: number,
): Promise<Explanation> {
  const { decision, evaluation } = await decide(ask, caller, at, parts, 'audgate/explain', seconds);
  const { policy, registry } = at;
  return {
    would_decide: decision,
    checks: checksOf(evaluation, policy).map((check) => located(check, evaluation.server, policy)),
    input: evaluation.input && withoutKeys(evaluation.input),
    digests: { registry: registry.digest, core: policy.core.digest, custom: policy.custom?.digest ?? null },
  };
}

/** A `cnf` may hold the key itself (RFC 7800 §3.2, §3.3); which members there were is what the rules look at. */
function withoutKeys(input: PolicyInput): PolicyInput {
  const { confirmation } = input.token;
  if (confirmation === undefined) return input;
  return { ...input, token: { ...input.token, confirmation: nameConfirmation(confirmation) } };
}

/** A decision that ended before the rules still names each of them: none was asked. */
function checksOf({ input, custom }: Evaluation, policy: Policy): readonly Check[] {
  const asked = input === null ? [] : policy.explain(input, custom);
  const outcomes = new Map(asked.map((check) => [check.rule, check]));
  return policy.rules.map(
    ({ name }) => outcomes.get(name) ?? { rule: name, outcome: 'not_evaluated', expected: [], actual: [] },
  );
}

function located(check: Check, server: ServerRecord | null, policy: Policy): ExplainedCheck {
  return {
    rule: check.rule,
    outcome: check.outcome,
    expected: evidence(check.expected),
    actual: evidence(check.actual),
    registry: server === null ? null : place(server.source),
    rule_file: policy.rules.find(({ name }) => name === check.rule)?.file ?? '',
  };
}

const place = ({ file, line }: Source) => `${file}:${line}`;
