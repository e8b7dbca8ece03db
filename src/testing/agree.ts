/** Whether `opa eval` judged a call as the compiled modules did. */
import type { PolicyInput } from '../decision/input.ts';
import type { CustomFacts, Judgement } from '../policy/policy.ts';
import { readCoreVerdict, readCustomVerdict } from '../policy/shape.ts';
import { differ as differInOrder } from './expect.ts';
import { canonicalSets, type RegoAnswer } from './rego.ts';

/** One call as the policy was asked about it, and what it said. */
export interface Judged {
  readonly input: PolicyInput;
  /** Null: custom rules were not asked. */
  readonly custom: CustomFacts | null;
  readonly judgement: Judgement;
}

export interface RegoAnswers {
  readonly core: RegoAnswer;
  /** Null: custom rules were not asked. */
  readonly custom: RegoAnswer | null;
}

/** What custom rules see: the input, and beside it the call's arguments and the token's claims. */
export function customInput({ input, custom }: Judged): PolicyInput {
  if (custom === null) throw new Error('custom rules were not asked');
  return {
    ...input,
    call: custom.arguments === undefined ? input.call : { ...input.call, arguments: custom.arguments },
    token: { ...input.token, claims: custom.claims },
  };
}

/** @param rules names of the custom rules */
export function disagreements({ judgement }: Judged, answers: RegoAnswers, rules: readonly string[]): string[] {
  if (judgement.kind === 'unavailable') return ['the policy was unavailable, so there is nothing to compare'];
  const verdict = answers.core.kind === 'value' ? readCoreVerdict(answers.core.value) : null;
  if (verdict === null) return [`opa eval of the core rules gave no verdict: ${JSON.stringify(answers.core)}`];
  const ours = judgement.kind === 'deny' ? judgement : { denials: [], custom: [] };
  const isCustom = ({ rule }: { readonly rule?: string }) => rule?.startsWith('custom.') === true;
  const core = ours.denials.filter((denial) => !isCustom(denial) && denial.code !== 'policy_error');
  const found = [
    differ('denials by opa eval', core, verdict.denials),
    differ('scopes by opa eval', judgement.required_scopes, verdict.required_scopes),
    ...(judgement.kind === 'allow' ? [differ('waivers by opa eval', judgement.waivers, verdict.advice.waivers)] : []),
  ];

  const broken = ours.denials.some(({ code }) => code === 'policy_error');
  let allowed = verdict.allow;
  if (answers.custom !== null) {
    const custom = answers.custom.kind === 'value' ? readCustomVerdict(answers.custom.value, rules) : null;
    const sound = custom !== null && custom.malformed.length === 0;
    found.push(differ('whether custom rules broke, by opa eval', broken, !sound));
    if (custom !== null) {
      const unproved = rules.filter(
        (name) => !custom.satisfied.includes(name) && !custom.denials.some(({ rule }) => rule === name),
      );
      const told = ours.denials.filter(isCustom).map(({ rule }) => rule);
      found.push(
        differ('custom denials by opa eval', ours.custom, custom.denials),
        // A denial of another form is one of a rule, so that rule is not unproved.
        ...(sound
          ? [
              differ(
                'custom rules without answer by opa eval',
                told,
                unproved.map((name) => `custom.${name}`),
              ),
            ]
          : []),
      );
      allowed &&= sound && custom.denials.length === 0 && unproved.length === 0;
    } else allowed = false;
  }
  found.push(differ('allow by opa eval', judgement.kind === 'allow', allowed));
  return found.filter((difference) => difference !== null);
}

const differ = (what: string, ours: unknown, opas: unknown) => differInOrder(what, ours, opas, canonicalSets);
