/** One judgement: core, then the floor, then custom rules, which can only add denials. Fails closed on every path. */
import type { PolicyInput } from '../decision/input.ts';
import type { Check, CoreDenial, CoreVerdict, CustomDenial } from '../decision/verdict.ts';
import type { Engine, Evaluation } from './engine.ts';
import { belowFloor } from './floor.ts';
import { judgeOpening } from './opening.ts';
import type { CustomFacts, Judgement, Policy } from './policy.ts';
import { type CustomVerdict, readChecks, readCoreVerdict, readCustomVerdict } from './shape.ts';

export const DECIDE = 'audgate/decision/decide';
export const EXPLAIN = 'audgate/decision/explain';
export const CUSTOM_DECIDE = 'custom/decide';

/** Something broke that must never break. `detail` is for logs and metrics and holds no client's text. */
export interface Alarm {
  /** `floor`: core allowed what the host's own comparison refuses. */
  readonly kind: 'floor' | 'core' | 'custom' | 'unavailable';
  readonly detail: string;
}

/** A rule and the file that holds it. */
export interface RuleFile {
  readonly name: string;
  readonly file: string;
}

interface Module {
  readonly engine: Engine;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly rules: readonly RuleFile[];
}

export interface PolicyParts {
  readonly core: Module & { readonly modified: boolean };
  /** Rules sorted by name, without `custom.`. */
  readonly custom: Module | null;
  readonly onAlarm: (alarm: Alarm) => void;
}

type Deny = Extract<Judgement, { kind: 'deny' }>;

const broken: Deny = { kind: 'deny', denials: [{ code: 'policy_error' }], custom: [], required_scopes: [] };

export function policyOf({ core, custom, onAlarm }: PolicyParts): Policy {
  const customNames = custom?.rules.map(({ name }) => name) ?? [];

  function alarm(kind: Alarm['kind'], detail: string): void {
    try {
      onAlarm({ kind, detail });
    } catch {
      // A log that fails must not change a decision.
    }
  }

  function judgeCore(input: PolicyInput): Judgement {
    const answer = core.engine.evaluate(DECIDE, input);
    if (answer.kind !== 'value') return failed('core', answer);
    const verdict = readCoreVerdict(answer.value);
    if (verdict === null) return odd('core', 'its answer has not the agreed form');
    return conclude(verdict, input);
  }

  function conclude({ allow, denials, required_scopes, advice }: CoreVerdict, input: PolicyInput): Judgement {
    if (!allow && denials.length > 0) return { kind: 'deny', denials, custom: [], required_scopes };
    if (!allow) return odd('core', 'it denied without a reason');
    if (denials.length > 0) {
      return { ...odd('core', 'it allowed and denied at once'), denials: [...denials, { code: 'policy_error' }] };
    }
    const breach = belowFloor(input);
    if (breach !== null) return odd('floor', breach);
    return { kind: 'allow', required_scopes, waivers: advice.waivers };
  }

  function odd(kind: Alarm['kind'], detail: string): Deny {
    alarm(kind, detail);
    return broken;
  }

  function failed(kind: 'core' | 'custom', answer: Exclude<Evaluation, { kind: 'value' }>): Judgement {
    if (answer.kind === 'failed') return odd(kind, answer.detail);
    alarm('unavailable', `${kind}: ${answer.detail}`);
    return { kind: 'unavailable' };
  }

  /** What custom rules say of it, or the judgement that stands for their silence. */
  function askCustom(module: Module, input: PolicyInput, facts: CustomFacts): CustomVerdict | Judgement {
    if (!isCarried(facts) || !isCarried(input.context.extra)) {
      return odd('custom', 'their input holds a number that JSON cannot carry, or is nested too deep');
    }
    const verdicts: CustomVerdict[] = [];
    for (const each of inputsOf(input, facts)) {
      const answer = module.engine.evaluate(CUSTOM_DECIDE, each);
      if (answer.kind !== 'value') return failed('custom', answer);
      const verdict = readCustomVerdict(answer.value, customNames);
      if (verdict === null)
        return odd('custom', `the answer has not the agreed form, or names other rules than ${customNames}`);
      verdicts.push(verdict);
    }
    return together(verdicts);
  }

  function judgeCustom(module: Module, input: PolicyInput, facts: CustomFacts): Judgement {
    const verdict = askCustom(module, input, facts);
    if ('kind' in verdict) return verdict;
    const spoke = new Set([...verdict.satisfied, ...verdict.denials.map(({ rule }) => rule), ...verdict.malformed]);
    const denials: CoreDenial[] = customNames
      .filter((name) => !spoke.has(name))
      .map((name) => ({ code: 'rule_not_satisfied', rule: `custom.${name}` }));
    if (verdict.malformed.length > 0) {
      alarm('custom', `${verdict.malformed.length} of their denials are not {code, message?, expected?, actual?}`);
      denials.unshift({ code: 'policy_error' });
    }
    if (denials.length === 0 && verdict.denials.length === 0) {
      return { kind: 'allow', required_scopes: [], waivers: [] };
    }
    return { kind: 'deny', denials, custom: verdict.denials, required_scopes: [] };
  }

  return {
    core: { digest: core.digest, modified: core.modified },
    custom: custom && { digest: custom.digest, rules: customNames },
    rules: [
      ...core.rules.map(({ name, file }) => ({ name, file })),
      ...(custom?.rules.map(({ name, file }) => ({ name: `custom.${name}`, file })) ?? []),
    ],
    judge(input, facts) {
      const byCore = judgeCore(input);
      if (custom === null || facts === null) return byCore;
      return both(byCore, judgeCustom(custom, input, facts));
    },
    judgeUnverified: judgeCore,
    open: (input, operations) =>
      judgeOpening(
        { engine: core.engine, conclude, odd, failed: (answer) => failed('core', answer) },
        input,
        operations,
      ),
    explain(input, facts) {
      const answer = core.engine.evaluate(EXPLAIN, input);
      const checks = answer.kind === 'value' ? readChecks(answer.value) : null;
      if (checks === null) alarm('core', 'it cannot explain');
      return [
        ...(checks ?? core.rules.map(({ name }) => unevaluated(name))),
        ...(custom === null ? [] : explainCustom(custom, input, facts)),
      ];
    },
  };

  function explainCustom(module: Module, input: PolicyInput, facts: CustomFacts | null): readonly Check[] {
    const verdict = facts && askCustom(module, input, facts);
    if (verdict === null || 'kind' in verdict) return customNames.map((name) => unevaluated(`custom.${name}`));
    return customNames.map((name) => {
      const own = verdict.denials.filter(({ rule }) => rule === name);
      return {
        rule: `custom.${name}`,
        outcome: own.length > 0 ? 'denied' : verdict.satisfied.includes(name) ? 'satisfied' : 'not_satisfied',
        expected: own.flatMap(({ expected }) => expected ?? []),
        actual: own.flatMap(({ actual }) => actual ?? []),
      };
    });
  }
}

const unevaluated = (rule: string): Check => ({ rule, outcome: 'not_evaluated', expected: [], actual: [] });

/** Any deny is a deny, with the reasons of both; else nobody knows if one does not know. */
function both(byCore: Judgement, byCustom: Judgement): Judgement {
  const denying = [byCore, byCustom].filter((judgement): judgement is Deny => judgement.kind === 'deny');
  if (denying.length === 0) return byCustom.kind === 'unavailable' ? byCustom : byCore;
  const denials = denying.flatMap((judgement): readonly CoreDenial[] => judgement.denials);
  const custom = denying.flatMap((judgement): readonly CustomDenial[] => judgement.custom);
  return {
    kind: 'deny',
    // Core and custom may both have broken; one policy_error says it.
    denials: denials.filter(
      ({ code }, at) => code !== 'policy_error' || at === denials.findIndex((d) => d.code === code),
    ),
    custom,
    required_scopes: byCore.kind === 'unavailable' ? [] : byCore.required_scopes,
  };
}

/** One for each operation that the call is at once: a rule about labels reads one operation's, and denies for any of them. */
function inputsOf(input: PolicyInput, { arguments: args, claims, labels }: CustomFacts): readonly PolicyInput[] {
  const { registered } = input;
  const { operation } = registered;
  const whole = {
    ...input,
    call: args === undefined ? input.call : { ...input.call, arguments: args },
    token: { ...input.token, claims },
  };
  if (labels === undefined || operation === undefined) return [whole];
  return labels.map((own) => ({ ...whole, registered: { ...registered, operation: { ...operation, labels: own } } }));
}

/** Satisfied is what each of them satisfies; denied, what any of them denies. */
function together(verdicts: readonly CustomVerdict[]): CustomVerdict {
  const [first, ...others] = verdicts;
  if (first === undefined) return { satisfied: [], denials: [], malformed: [] };
  if (others.length === 0) return first;
  const denials = new Map(verdicts.flatMap((one) => one.denials).map((denial) => [JSON.stringify(denial), denial]));
  return {
    satisfied: first.satisfied.filter((rule) => others.every(({ satisfied }) => satisfied.includes(rule))),
    denials: [...denials.values()],
    malformed: verdicts.flatMap(({ malformed }) => malformed),
  };
}

/** Far beyond the 32 levels that the strict reader lets in; arguments handed over in process may be deeper. */
const MAX_DEPTH = 64;

/** Whether JSON carries every number of it: an infinite one would reach a rule as null, which is less than any limit. */
function isCarried(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((member) => isCarried(member, depth + 1));
}
