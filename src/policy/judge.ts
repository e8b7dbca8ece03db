/** One judgement: core, then the floor, then custom rules, which can only add denials. Fails closed on every path. */
import type { PolicyInput } from '../decision/input.ts';
import type { Check, CoreDenial, CoreVerdict, CustomDenial } from '../decision/verdict.ts';
import { type Ask, askOf, CUSTOM_DECIDE, CUSTOM_REPORT, checkOf } from './ask-custom.ts';
import type { Engine, Evaluation } from './engine.ts';
import { belowFloor } from './floor.ts';
import { judgeIssuance } from './issue.ts';
import { judgeOpening } from './opening.ts';
import type { CustomFacts, Judgement, Policy, Report } from './policy.ts';
import { readChecks, readCoreVerdict } from './shape.ts';

export const DECIDE = 'audgate/decision/decide';
export const EXPLAIN = 'audgate/decision/explain';

/** Something broke that must never break. `detail` is for logs and metrics and holds no client's text. */
export interface Alarm {
  /** `floor`: core allowed what the host's own comparison refuses. `report`: rules that only report broke; nothing was refused. */
  readonly kind: 'floor' | 'core' | 'custom' | 'unavailable' | 'report';
  readonly detail: string;
}

/** A rule and the file that holds it. */
export interface RuleFile {
  readonly name: string;
  readonly file: string;
}

/** A rule of a user. `report`: it denies nothing, and what it would deny is told and counted; `deny` unless said. */
export interface CustomRule extends RuleFile {
  /** Where its file writes its codes, by code; for explanations. */
  readonly lines?: ReadonlyMap<string, number> | undefined;
  readonly enforcement?: 'deny' | 'report';
}

interface Module {
  readonly engine: Engine;
  /** `sha256:<hex>` */
  readonly digest: string;
}

export interface PolicyParts {
  readonly core: Module & { readonly modified: boolean; readonly rules: readonly RuleFile[] };
  /** Rules sorted by name, without `custom.`; null in place of `reporting`: none of them only reports. */
  readonly custom: null | (Module & { readonly reporting?: Engine | null; readonly rules: readonly CustomRule[] });
  readonly onAlarm: (alarm: Alarm) => void;
}

type Deny = Extract<Judgement, { kind: 'deny' }>;

const broken: Deny = { kind: 'deny', denials: [{ code: 'policy_error' }], custom: [], required_scopes: [] };

export function policyOf({ core, custom, onAlarm }: PolicyParts): Policy {
  const enforced = custom?.rules.filter(({ enforcement }) => enforcement !== 'report') ?? [];
  const reporting = custom?.rules.filter(({ enforcement }) => enforcement === 'report') ?? [];
  const enforcing = custom && askOf(custom.engine, CUSTOM_DECIDE, enforced);
  // On instances of their own: what breaks there must not use up those that decide.
  const reports = custom?.reporting ? askOf(custom.reporting, CUSTOM_REPORT, reporting) : null;

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
    const breach = belowFloor(input, advice.would_deny);
    if (breach !== null) return odd('floor', breach);
    return { kind: 'allow', required_scopes, ...advice };
  }

  function odd(kind: Alarm['kind'], detail: string): Deny {
    alarm(kind, detail);
    return broken;
  }

  function judgeCustom(ask: Ask, input: PolicyInput, facts: CustomFacts): Judgement {
    const answer = ask(input, facts);
    if (answer.kind === 'odd') return odd('custom', answer.detail);
    if (answer.kind !== 'verdict') return failed('custom', answer);
    const { verdict, silent } = answer;
    const denials: CoreDenial[] = silent.map((name) => ({ code: 'rule_not_satisfied', rule: `custom.${name}` }));
    if (verdict.malformed.length > 0) {
      alarm('custom', `${verdict.malformed.length} of their denials are not {code, message?, expected?, actual?}`);
      denials.unshift({ code: 'policy_error' });
    }
    if (denials.length === 0 && verdict.denials.length === 0) return CUSTOM_ALLOW;
    return { kind: 'deny', denials, custom: verdict.denials, required_scopes: [] };
  }

  /** What the rules that only report would have denied. Whatever breaks is told as theirs, and changes nothing. */
  function report(input: PolicyInput, facts: CustomFacts): readonly Report[] {
    if (reports === null) return [];
    const answer = reports(input, facts);
    if (answer.kind !== 'verdict') {
      alarm('report', answer.detail);
      return reporting.map(({ name: rule }) => ({ rule, code: 'policy_error' }));
    }
    const { denials, malformed } = answer.verdict;
    const found = [
      ...denials.map(({ rule, code }): Report => ({ rule, code: `custom:${rule}/${code.slice(0, MAX_CODE)}` })),
      ...malformed.map((rule): Report => ({ rule: rule ?? '', code: 'policy_error' })),
      ...answer.silent.map((rule): Report => ({ rule, code: 'rule_not_satisfied' })),
    ];
    return bounded(found);
  }

  function failed(kind: 'core' | 'custom', answer: Exclude<Evaluation, { kind: 'value' }>): Judgement {
    if (answer.kind === 'failed') return odd(kind, answer.detail);
    alarm('unavailable', `${kind}: ${answer.detail}`);
    return { kind: 'unavailable' };
  }

  return {
    core: { digest: core.digest, modified: core.modified },
    custom: custom && { digest: custom.digest, rules: custom.rules.map(({ name }) => name) },
    rules: [
      ...core.rules.map(({ name, file }) => ({ name, file })),
      ...(custom?.rules.map(({ name, file, lines }) => ({ name: `custom.${name}`, file, lines })) ?? []),
    ],
    judge(input, facts) {
      const byCore = judgeCore(input);
      if (enforcing === null || facts === null) return byCore;
      const judged = both(byCore, judgeCustom(enforcing, input, facts));
      const reported = judged.kind === 'unavailable' ? [] : report(input, facts);
      return reported.length === 0 || judged.kind === 'unavailable' ? judged : { ...judged, reported };
    },
    judgeUnverified: judgeCore,
    issue: (input, floor) => judgeIssuance(core.engine, alarm, input, floor),
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
      return [...(checks ?? core.rules.map(({ name }) => unevaluated(name))), ...explainCustom(input, facts)];
    },
  };

  /** In the order of names, as they are listed. */
  function explainCustom(input: PolicyInput, facts: CustomFacts | null): readonly Check[] {
    const told = [
      { rules: enforced, ask: enforcing },
      { rules: reporting, ask: reports },
    ].flatMap(({ rules, ask }) => {
      const answer = facts && ask?.(input, facts);
      return rules.map(({ name }) =>
        answer?.kind === 'verdict' ? checkOf(name, answer.verdict) : unevaluatedRule(name),
      );
    });
    return told.toSorted((a, b) => (a.rule < b.rule ? -1 : 1));
  }
}

/** Codes that one rule tells of one call. An allow carries them, which a rule must not be able to swell. */
const MAX_REPORTS = 16;
/** Characters; cut without a mark, so that it stays a code. */
const MAX_CODE = 255;

function bounded(found: readonly Report[]): readonly Report[] {
  const byRule = new Map<string, Map<string, Report>>();
  for (const one of found) {
    const told = byRule.get(one.rule) ?? new Map<string, Report>();
    if (told.size < MAX_REPORTS) told.set(one.code, one);
    byRule.set(one.rule, told);
  }
  return [...byRule.values()].flatMap((told) => [...told.values()]);
}

const unevaluatedRule = (name: string) => unevaluated(`custom.${name}`);
const CUSTOM_ALLOW: Judgement = { kind: 'allow', required_scopes: [], waivers: [], would_deny: [] };

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
