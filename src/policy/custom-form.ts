/**
 * The form of a user's rules (contract 6): one package `custom.<name>` a rule, with `satisfied` and `denials`. Measured,
 * clean under `opa check --strict` and open if a host asked for denials alone: a typo in a name, `deny` for `denials`, a
 * nested package. So what is not in this form is not built.
 */
import { RULE_NAME } from './bundle.ts';
import { type Place, problemAt, type RegoProblem, whole } from './problem.ts';
import { type Module, nameOf, placeOf, type Rule, type Term, termsOf } from './syntax.ts';

/** Members of a denial; any other form is answered as policy_error when it appears. */
const MEMBERS = ['code', 'message', 'expected', 'actual'];
const CODE = /^[a-z][a-z0-9_]*$/;

export interface CustomForm {
  /** Sorted names of the rules. */
  readonly rules: readonly string[];
  /** Those among them whose METADATA says `enforcement: report`, sorted. */
  readonly reporting: readonly string[];
  /** Rule → the first file that holds it. */
  readonly files: ReadonlyMap<string, string>;
  readonly problems: readonly RegoProblem[];
}

export function checkCustomForm(modules: readonly Module[]): CustomForm {
  const problems: RegoProblem[] = [];
  const byRule = new Map<string, Module[]>();
  for (const module of modules) {
    const misplaced = checkPackage(module);
    if (misplaced !== null) problems.push(misplaced);
    else if (!module.test) {
      const name = module.package.slice('custom.'.length);
      byRule.set(name, [...(byRule.get(name) ?? []), module]);
    }
  }
  const reporting: string[] = [];
  for (const [name, parts] of byRule) {
    problems.push(...checkRule(parts));
    const read = enforcementOf(parts);
    problems.push(...read.problems);
    if (read.enforcement === 'report') reporting.push(name);
  }
  const rules = [...byRule.keys()].sort();
  if (rules.length === 0 && problems.length === 0) {
    const remedy = 'Write a rule NAME as package custom.NAME in a file that ends in .rego.';
    problems.push(problemAt(whole('.'), 'The folder holds no custom rule.', remedy));
  }
  const files = new Map([...byRule].flatMap(([name, [first]]) => (first === undefined ? [] : [[name, first.file]])));
  return { rules, reporting: reporting.sort(), files, problems };
}

function checkPackage({ file, package: name, test }: Module): RegoProblem | null {
  if (test) {
    if (/^custom\.[a-z0-9_.]*_test$/.test(name)) return null;
    const message = `The test package ${name} could pass for more than a test: test files are not in the bundle.`;
    return problemAt(whole(file), message, 'Call it custom.NAME_test, where NAME is the rule that it tests.');
  }
  const [root, rule, ...deeper] = name.split('.');
  const remedy = 'Use package custom.NAME, NAME as ^[a-z][a-z0-9_]*$, not decide and not ending in _test.';
  if (root !== 'custom' || rule === undefined || deeper.length > 0) {
    return problemAt(whole(file), `The package ${name} is not custom.NAME, so that nothing would run it.`, remedy);
  }
  if (RULE_NAME.test(rule) && !rule.endsWith('_test')) return null;
  return problemAt(whole(file), `The rule's name ${JSON.stringify(rule)} cannot be used.`, remedy);
}

/**
 * What the METADATA of a rule's package says (`custom: {enforcement: report}`). Elsewhere it would say it of nothing, and a
 * misspelt one would deny what was only to be told, or worse, tell what was to be denied. So would one file of several that
 * says it for all, where OPA lets no second say it too: a rule that only reports stands in one file.
 */
function enforcementOf(parts: readonly Module[]): { enforcement: 'deny' | 'report'; problems: readonly RegoProblem[] } {
  const problems: RegoProblem[] = [];
  const said = new Map<'deny' | 'report', string>();
  const remedy = 'Write "enforcement: report" or "enforcement: deny" below "custom:" in the METADATA of the package.';
  for (const { file, annotations } of parts) {
    for (const annotation of annotations) {
      const { scope, custom } = annotation;
      if (custom === undefined || !Object.hasOwn(custom, 'enforcement')) continue;
      const place = placeOf(file, annotation);
      const { enforcement } = custom;
      if (scope !== 'package') {
        problems.push(
          problemAt(place, `enforcement stands in METADATA of scope ${scope}, where it says nothing.`, remedy),
        );
      } else if (enforcement === 'deny' || enforcement === 'report') said.set(enforcement, file);
      else
        problems.push(problemAt(place, `enforcement is ${JSON.stringify(enforcement)}, not report or deny.`, remedy));
    }
  }
  const saying = said.get('report');
  if (saying === undefined) return { enforcement: 'deny', problems };
  const others = parts.filter(({ file }) => file !== saying);
  for (const { file, package: name } of others) {
    const message = `${saying} says enforcement: report for the whole of ${name}, this file too.`;
    problems.push(problemAt(whole(file), message, 'Let a rule that only reports stand in one file, or have it deny.'));
  }
  return { enforcement: others.length === 0 && !said.has('deny') ? 'report' : 'deny', problems };
}

/** @param parts the files of one package, at least one */
function checkRule(parts: readonly Module[]): readonly RegoProblem[] {
  const [first] = parts;
  if (first === undefined) return [];
  const all = parts.flatMap(({ file, rules }) => rules.map((rule) => ({ file, rule })));
  const problems: RegoProblem[] = [];
  for (const [name, remedy] of [
    ['satisfied', 'Write: satisfied if { … }, true only when the rule proved that the call is in order.'],
    ['denials', 'Write: denials contains {"code": "…"} if { … }.'],
  ] as const) {
    if (all.some(({ rule }) => nameOf(rule) === name && rule.default !== true)) continue;
    problems.push(problemAt(whole(first.file), `The package ${first.package} does not define ${name}.`, remedy));
  }
  for (const { file, rule } of all) {
    const place = placeOf(file, rule.head.ref[0] ?? rule);
    if (nameOf(rule) === 'satisfied') problems.push(...checkSatisfied(rule, place));
    if (nameOf(rule) === 'denials') problems.push(...checkDenials(rule, place));
  }
  return problems;
}

function checkSatisfied({ head, default: isDefault }: Rule, place: Place): readonly RegoProblem[] {
  const { ref, key, args, value } = head;
  if (ref.length > 1 || key !== undefined || args !== undefined) {
    return [problemAt(place, 'satisfied must be one value.', 'Write: satisfied if { … }.')];
  }
  if (isDefault !== true || value?.value === false) return [];
  const message = 'satisfied is true by default: what nobody proved would pass.';
  return [problemAt(place, message, 'Write: default satisfied := false.')];
}

function checkDenials({ head, default: isDefault }: Rule, place: Place): readonly RegoProblem[] {
  const { ref, key, args, value } = head;
  if (ref.length > 1 || key === undefined || args !== undefined || value !== undefined || isDefault === true) {
    return [problemAt(place, 'denials must be a set.', 'Write: denials contains {"code": "…"} if { … }.')];
  }
  return key.type === 'object' ? checkDenial(key, place) : [];
}

/** A denial that is written out can be checked now; one that is computed shows itself when it appears. */
function checkDenial(denial: Term, place: Place): readonly RegoProblem[] {
  const pairs: unknown = denial.value;
  const members = (Array.isArray(pairs) ? pairs : []).map((pair: unknown) => termsOf({ type: 'array', value: pair }));
  const remedy = 'A denial is {"code": "…"}, and may have message (a text), expected and actual (arrays).';
  const problems: RegoProblem[] = [];
  for (const [name] of members) {
    if (name?.type !== 'string' || MEMBERS.includes(String(name.value))) continue;
    problems.push(problemAt(place, `A denial has no member ${JSON.stringify(name.value)}.`, remedy));
  }
  const code = members.find(([name]) => name?.value === 'code')?.[1];
  if (code === undefined) problems.push(problemAt(place, 'A denial has no code.', remedy));
  else if (code.type === 'string' && !CODE.test(String(code.value))) {
    const message = `The code ${JSON.stringify(code.value)} is not ^[a-z][a-z0-9_]*$.`;
    problems.push(problemAt(place, message, 'Use lower-case letters, digits and underscores.'));
  }
  return problems;
}
