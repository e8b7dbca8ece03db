/** Explain = decide for a given time, and every rule with what it expected and what it found. Marks no proof as used. */

import type { Decision } from '../decision/decision.ts';
import { evidence } from '../decision/evidence.ts';
import type { ExplainedCheck, ExplainedReference, Explanation } from '../decision/explanation.ts';
import { referenceOf, referencesOf, referencesOfAll, referencesOfRule } from '../decision/frameworks.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { Check } from '../decision/verdict.ts';
import type { InputParts } from '../policy/input.ts';
import type { Policy } from '../policy/policy.ts';
import { nameConfirmation } from '../record/mask.ts';
import type { Registry } from '../registry/registry.ts';
import type { Ask, Caller } from './ask.ts';
import { decide, type Parts } from './decide.ts';
import type { Evaluation } from './evaluate.ts';
import { whereOf } from './explain-where.ts';
import { inspecting } from './readers.ts';
import { remediesOf } from './remedy.ts';
import type { Snapshot } from './snapshot.ts';

/** @param seconds the time to decide for, seconds since the epoch */
export async function explain(
  ask: Ask,
  caller: Caller,
  at: Snapshot,
  parts: Parts,
  seconds: number,
): Promise<Explanation> {
  const { decision, evaluation } = await decide(
    ask,
    caller,
    at,
    { ...parts, ...inspecting(parts) },
    'audgate/explain',
    seconds,
  );
  return explanationOf(decision, evaluation, { ...ask.context, caller: caller.name }, caller, at, seconds);
}

/**
 * All that there is to say about an evaluation, whichever way its facts were come by.
 * @param now seconds since the epoch, of the evaluation
 */
export function explanationOf(
  decision: Decision,
  evaluation: Evaluation,
  context: InputParts['context'],
  caller: Caller,
  { registry, policy }: Snapshot,
  now: number,
): Explanation {
  const { custom } = evaluation;
  const { changes, no_safe_change } = remediesOf(evaluation, { registry, policy, caller, context, custom }, now);
  return {
    would_decide: decision,
    checks: checksOf(evaluation, policy).map((check) => located(check, evaluation, policy, registry)),
    references: explainedReferences(decision),
    changes,
    no_safe_change,
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

function located(check: Check, evaluation: Evaluation, policy: Policy, registry: Registry): ExplainedCheck {
  return {
    rule: check.rule,
    outcome: check.outcome,
    expected: evidence(check.expected),
    actual: evidence(check.actual),
    registry: whereOf(check, evaluation, registry),
    rule_file: ruleFile(check, evaluation, policy),
    references: referencesOfRule(check.rule),
  };
}

function explainedReferences({ reasons }: Decision): readonly ExplainedReference[] {
  const codes = [...new Set(reasons.map(({ code }) => code))];
  return referencesOfAll(codes).map((id) => ({
    ...referenceOf(id),
    reasons: codes.filter((code) => referencesOf(code).includes(id)),
  }));
}

/** Of a custom rule that denies, with the line of its first denial. */
function ruleFile({ rule, outcome }: Check, { reasons }: Evaluation, policy: Policy): string {
  const { file = '', lines } = policy.rules.find(({ name }) => name === rule) ?? {};
  const prefix = `${rule.replace('.', ':')}/`;
  const code = reasons.find((reason) => reason.code.startsWith(prefix))?.code.slice(prefix.length);
  const line = outcome === 'denied' && code !== undefined ? lines?.get(code) : undefined;
  return line === undefined ? file : `${file}:${line}`;
}
