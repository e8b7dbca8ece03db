/**
 * Whether what a module answered has exactly the agreed form: no member more, none less. A module that answers anything
 * else is broken, and what is broken opens nothing.
 */
import type { WaiverUse } from '../decision/decision.ts';
import type { Evidence } from '../decision/reason.ts';
import { isFixedCode } from '../decision/reasons.ts';
import type { Check, CoreDenial, CoreVerdict, CustomDenial } from '../decision/verdict.ts';
import type { Opened } from './policy.ts';

/** Code of a custom denial (contract 6). */
const CODE = /^[a-z][a-z0-9_]*$/;

/** @returns null when it is anything but `{allow, denials, required_scopes, advice: {waivers, would_deny?}}` */
export function readCoreVerdict(value: unknown): CoreVerdict | null {
  if (!hasExactly(value, ['allow', 'denials', 'required_scopes', 'advice'])) return null;
  const { allow, required_scopes, advice } = value;
  const denials = readAll(value.denials, readCoreDenial);
  if (typeof allow !== 'boolean' || denials === null || !isTexts(required_scopes)) return null;
  const read = hasExactly(advice, ['waivers'], ['would_deny']) ? readAdvice(advice) : null;
  return read && { allow, denials, required_scopes, advice: read };
}

/**
 * @param count of operations that were asked about
 * @returns null when it is anything but `{itself: <core verdict>, opened: [{at, waivers, would_deny?}]}` with each place once
 */
export function readOpening(
  value: unknown,
  count: number,
): { readonly itself: CoreVerdict; readonly opened: readonly Opened[] } | null {
  if (!hasExactly(value, ['itself', 'opened'])) return null;
  const itself = readCoreVerdict(value.itself);
  const opened = readAll(value.opened, (one) => readOpened(one, count));
  if (itself === null || opened === null || new Set(opened.map(({ at }) => at)).size < opened.length) return null;
  return { itself, opened };
}

function readOpened(value: unknown, count: number): Opened | null {
  if (!hasExactly(value, ['at', 'waivers'], ['would_deny'])) return null;
  const { at } = value;
  const advice = readAdvice(value);
  if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at >= count || advice === null) return null;
  return { at, ...advice };
}

function readAdvice({ waivers, would_deny = [] }: Members): CoreVerdict['advice'] | null {
  const uses = readAll(waivers, readWaiverUse);
  const codes = readAll(would_deny, (code) => (typeof code === 'string' && isFixedCode(code) ? code : null));
  return uses && codes && { waivers: uses, would_deny: codes };
}

export function readCoreDenial(value: unknown): CoreDenial | null {
  if (!hasExactly(value, ['code'], ['rule', 'expected', 'actual'])) return null;
  const { code, rule, expected, actual } = value;
  if (typeof code !== 'string' || !isFixedCode(code)) return null;
  if ((rule !== undefined && typeof rule !== 'string') || !isEvidenceOrAbsent(expected, actual)) return null;
  return { code, ...(rule !== undefined && { rule }), ...evidenceOf(expected, actual) };
}

function readWaiverUse(value: unknown): WaiverUse | null {
  if (!hasExactly(value, ['what', 'owner', 'until'])) return null;
  const { what, owner, until } = value;
  if ((what !== 'audience' && what !== 'lifetime' && what !== 'observe') || typeof owner !== 'string') return null;
  if (typeof until !== 'string' || Number.isNaN(Date.parse(until))) return null;
  return { what, owner, until };
}

/** @returns null when it is anything but `{checks: [{rule, outcome, expected, actual}]}` */
export function readChecks(value: unknown): readonly Check[] | null {
  return hasExactly(value, ['checks']) ? readAll(value.checks, readCheck) : null;
}

function readCheck(value: unknown): Check | null {
  if (!hasExactly(value, ['rule', 'outcome', 'expected', 'actual'])) return null;
  const { rule, outcome, expected, actual } = value;
  if (typeof rule !== 'string' || !isEvidence(expected) || !isEvidence(actual)) return null;
  if (outcome !== 'satisfied' && outcome !== 'denied' && outcome !== 'not_satisfied' && outcome !== 'not_evaluated') {
    return null;
  }
  return { rule, outcome, expected, actual };
}

export interface CustomVerdict {
  readonly satisfied: readonly string[];
  readonly denials: readonly CustomDenial[];
  /** The rule of each denial of another shape than contract 6; null when not even that can be read. */
  readonly malformed: readonly (string | null)[];
}

/** @param rules the manifest's list, sorted: the answer must say that exactly these ran */
export function readCustomVerdict(value: unknown, rules: readonly string[]): CustomVerdict | null {
  if (!hasExactly(value, ['rules', 'satisfied', 'denials'])) return null;
  const { rules: ran, satisfied, denials } = value;
  if (!isTexts(ran) || ran.length !== rules.length || ran.some((name, at) => name !== rules[at])) return null;
  if (!isTexts(satisfied) || satisfied.some((name) => !rules.includes(name)) || !Array.isArray(denials)) return null;
  const read = denials.map((denial: unknown) => readCustomDenial(denial, rules));
  const malformed = denials.filter((_, at) => read[at] === null).map(ruleOf);
  return { satisfied, denials: read.filter((denial) => denial !== null), malformed };
}

function ruleOf(denial: unknown): string | null {
  const rule = typeof denial === 'object' && denial !== null && 'rule' in denial ? denial.rule : null;
  return typeof rule === 'string' ? rule : null;
}

function readCustomDenial(value: unknown, rules: readonly string[]): CustomDenial | null {
  if (!hasExactly(value, ['rule', 'code'], ['message', 'expected', 'actual'])) return null;
  const { rule, code, message, expected, actual } = value;
  if (typeof rule !== 'string' || !rules.includes(rule) || typeof code !== 'string' || !CODE.test(code)) return null;
  if ((message !== undefined && typeof message !== 'string') || !isEvidenceOrAbsent(expected, actual)) return null;
  return { rule, code, ...(message !== undefined && { message }), ...evidenceOf(expected, actual) };
}

type Members = Readonly<Record<string, unknown>>;

export function hasExactly(
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): value is Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const members = Object.keys(value);
  return (
    required.every((name) => members.includes(name)) &&
    members.every((name) => required.includes(name) || optional.includes(name))
  );
}

/** All elements read, or null when one of them, or the list, is of another form. */
export function readAll<T>(list: unknown, read: (element: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(list)) return null;
  const all: T[] = [];
  for (const element of list) {
    const one = read(element);
    if (one === null) return null;
    all.push(one);
  }
  return all;
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function isEvidence(value: unknown): value is Evidence {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' || Number.isFinite(one));
}

function isEvidenceOrAbsent(...values: readonly unknown[]): boolean {
  return values.every((value) => value === undefined || isEvidence(value));
}

function evidenceOf(expected: unknown, actual: unknown): { readonly expected?: Evidence; readonly actual?: Evidence } {
  return { ...(isEvidence(expected) && { expected }), ...(isEvidence(actual) && { actual }) };
}
