/** Custom rules of two bundles. They can only deny, so that one which is gone widens, and one which is new narrows. */
import { digestOf } from '../../policy/bundle.ts';
import type { OpenedBundle } from '../open.ts';

export interface RuleChange {
  /** `rule NAME`: stable, and what `--accept` names. */
  readonly name: string;
  readonly change: 'removed' | 'added' | 'changed';
  /** SHA-256 of the rule's file; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** @param before null: no custom rules */
export function compareRules(before: OpenedBundle | null, after: OpenedBundle | null): readonly RuleChange[] {
  const [then, next] = [denyingRules(before), denyingRules(after)];
  const names = [...new Set([...then.keys(), ...next.keys()])].sort();
  // Rules share what files beside them hold: with another module, any of them may have changed.
  const sameModule = before?.custom?.digest === after?.custom?.digest;
  // Nobody knows what of a module is another whose Rego is the same: it was not built from it, or by another OPA.
  const unexplained = !sameModule && sameText(before, after);
  return names.flatMap((rule): RuleChange[] => {
    const [was, is] = [then.get(rule) ?? null, next.get(rule) ?? null];
    if (was !== null && is !== null && !unexplained && (sameModule || (was === is && sameOthers(before, after))))
      return [];
    const change = is === null ? 'removed' : was === null ? 'added' : 'changed';
    return [{ name: `rule ${rule}`, change, before: was, after: is }];
  });
}

/** Rule → digest of its file. One that only reports denies nothing. */
function denyingRules(bundle: OpenedBundle | null): ReadonlyMap<string, string> {
  const rules = (bundle?.custom?.rules ?? []).filter((rule) => rule.enforcement !== 'report');
  return new Map(rules.map(({ name, file }) => [name, digest(bundle?.sources.get(file) ?? '')]));
}

/** Whether all that a module is built from is the same: the text, and which rules deny. */
function sameText(before: OpenedBundle | null, after: OpenedBundle | null): boolean {
  const text = (bundle: OpenedBundle | null) =>
    JSON.stringify([
      [...(bundle?.sources ?? [])].sort(),
      bundle?.custom?.rules.map(({ name, enforcement }) => [name, enforcement]),
    ]);
  return text(before) === text(after);
}

/** Whether the files that hold no rule of their own are the same. */
function sameOthers(before: OpenedBundle | null, after: OpenedBundle | null): boolean {
  const others = (bundle: OpenedBundle | null) => {
    const own = new Set(bundle?.custom?.rules.map(({ file }) => file));
    // The generated file lists the rules, which are compared by name.
    return JSON.stringify(
      [...(bundle?.sources ?? [])].filter(([file]) => !own.has(file) && !file.startsWith('audgate-')),
    );
  };
  return others(before) === others(after);
}

const digest = (text: string) => digestOf(new TextEncoder().encode(text));
