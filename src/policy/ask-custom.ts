/** One question to a user's rules, which are a module and may say anything: their verdict in the agreed form, or what is odd. */
import type { PolicyInput } from '../decision/input.ts';
import type { Check } from '../decision/verdict.ts';
import type { Engine, Evaluation } from './engine.ts';
import type { RuleFile } from './judge.ts';
import type { CustomFacts } from './policy.ts';
import { type CustomVerdict, readCustomVerdict } from './shape.ts';

/** Asks the rules that deny. */
export const CUSTOM_DECIDE = 'custom/decide';
/** Asks those that only report. A capital, because no rule can have such a name. */
export const CUSTOM_REPORT = 'custom/Report';

export type CustomAnswer =
  | {
      readonly kind: 'verdict';
      readonly verdict: CustomVerdict;
      /** Rules that are neither satisfied nor denying. */
      readonly silent: readonly string[];
    }
  | { readonly kind: 'odd'; readonly detail: string }
  | Exclude<Evaluation, { kind: 'value' }>;

export type Ask = (input: PolicyInput, facts: CustomFacts) => CustomAnswer;

/** @param rules exactly those that the entrypoint must say it ran, sorted by name */
export function askOf(engine: Engine, entrypoint: string, rules: readonly RuleFile[]): Ask {
  const names = rules.map(({ name }) => name);
  return (input, facts) => {
    if (!isCarried(facts) || !isCarried(input.context.extra)) {
      return { kind: 'odd', detail: 'their input holds a number that JSON cannot carry, or is nested too deep' };
    }
    const verdicts: CustomVerdict[] = [];
    for (const each of inputsOf(input, facts)) {
      const answer = engine.evaluate(entrypoint, each);
      if (answer.kind !== 'value') return answer;
      const verdict = readCustomVerdict(answer.value, names);
      if (verdict === null)
        return { kind: 'odd', detail: `the answer has not the agreed form, or names other rules than ${names}` };
      verdicts.push(verdict);
    }
    const verdict = together(verdicts);
    const spoke = new Set([...verdict.satisfied, ...verdict.denials.map(({ rule }) => rule), ...verdict.malformed]);
    return { kind: 'verdict', verdict, silent: names.filter((name) => !spoke.has(name)) };
  };
}

/** What one rule says, for explanations. @param name without `custom.` */
export function checkOf(name: string, verdict: CustomVerdict): Check {
  const own = verdict.denials.filter(({ rule }) => rule === name);
  return {
    rule: `custom.${name}`,
    outcome: own.length > 0 ? 'denied' : verdict.satisfied.includes(name) ? 'satisfied' : 'not_satisfied',
    expected: own.flatMap(({ expected }) => expected ?? []),
    actual: own.flatMap(({ actual }) => actual ?? []),
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
