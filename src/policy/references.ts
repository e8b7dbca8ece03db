/**
 * References that WebAssembly gets wrong. Measured with OPA 1.22.2: compiled to WebAssembly, `not data.x[name].y` is
 * undefined where OPA itself says true, when `y` is false: a denial disappears and a deny becomes an allow. `opa test`
 * passes; only `opa test -t wasm` fails, and only with the right input. So the forms themselves are forbidden.
 */
import { type Place, problemAt, type RegoProblem } from './problem.ts';
import { type Module, nameOf, placeOf, type Rule, type Term, termIn, termsOf } from './syntax.ts';

/** Package → the names of its rules. */
type Known = ReadonlyMap<string, ReadonlySet<string>>;

/** The one replacement that a package may make outside of tests. */
export interface Replacement {
  readonly package: string;
  /** `input.…` */
  readonly target: string;
}

/**
 * Checks that every rule is named statically and judges what it was given. Tests may replace documents.
 * @param replacement for audgate's own core; there is none for custom rules
 */
export function checkReferences(modules: readonly Module[], replacement?: Replacement): readonly RegoProblem[] {
  const known = rulesOf(modules);
  return modules.flatMap((module) => [
    ...module.imports.flatMap(({ path, place }) => checkImport(module, path, place, known)),
    ...module.rules.flatMap((rule) => checkHead(module, rule)),
    ...checkNode(module, module.rules, known),
    ...module.rules.flatMap((rule) => checkReplacements(module, rule, replacement)),
  ]);
}

function rulesOf(modules: readonly Module[]): Known {
  const known = new Map<string, Set<string>>();
  for (const module of modules) {
    const names = known.get(module.package) ?? new Set();
    for (const rule of module.rules) names.add(nameOf(rule));
    known.set(module.package, names);
  }
  return known;
}

function checkImport(module: Module, path: readonly string[], place: Place, known: Known): readonly RegoProblem[] {
  if (module.test || known.has(path.join('.')) || reachesRule(path, known)) return [];
  return [nothingThere(place, path.join('.'))];
}

/** Keys of a partial object, which is one rule; any other second part names a rule of its own. */
const COMPUTED: readonly string[] = ['var', 'ref', 'call'];

/** `r["a"] := …` or `r.a.b if …` makes a tree of rules, and `not r[name]` is then the same wrong code. */
function checkHead({ file, test }: Module, rule: Rule): readonly RegoProblem[] {
  const [, second, ...rest] = rule.head.ref;
  if (test || second === undefined || (rest.length === 0 && COMPUTED.includes(second.type))) return [];
  return [
    problemAt(
      placeOf(file, rule.head.ref[0] ?? rule),
      `The rule ${nameOf(rule)} has a name of several parts, which WebAssembly may read wrongly through a variable.`,
      `Give the rule a name of one word, with an object as its value: ${nameOf(rule)} := {…}.`,
    ),
  ];
}

/** Walks every part of the tree, so that no form of expression is left out because nobody thought of it. */
function checkNode(module: Module, node: unknown, known: Known): readonly RegoProblem[] {
  if (Array.isArray(node)) return node.flatMap((child) => checkNode(module, child, known));
  if (typeof node !== 'object' || node === null) return [];
  const problems: RegoProblem[] = [];
  const term = termIn(node);
  if (term !== null && (term.type === 'ref' || term.type === 'var')) {
    problems.push(...checkReference(module, term, known));
    // The parts of a reference can hold references; its head has been judged with the whole.
    if (term.type === 'ref') return [...problems, ...checkParts(module, term, known)];
  }
  return [...problems, ...Object.values(node).flatMap((child) => checkNode(module, child, known))];
}

function checkParts(module: Module, reference: Term, known: Known): readonly RegoProblem[] {
  const [head, ...rest] = termsOf(reference);
  return [...(head?.type === 'var' ? [] : checkNode(module, head, known)), ...checkNode(module, rest, known)];
}

/** Every `with` of a tree, however deep it stands. */
function checkReplacements(
  module: Module,
  node: unknown,
  replacement: Replacement | undefined,
): readonly RegoProblem[] {
  if (module.test || typeof node !== 'object' || node === null) return [];
  const own: readonly unknown[] = 'with' in node && Array.isArray(node.with) ? node.with : [];
  return [
    ...own.flatMap((replaced) => checkWith(module, replaced, replacement)),
    ...Object.values(node).flatMap((child) => checkReplacements(module, child, replacement)),
  ];
}

function checkWith(
  { file, package: name }: Module,
  replaced: unknown,
  replacement: Replacement | undefined,
): readonly RegoProblem[] {
  const target = typeof replaced === 'object' && replaced !== null && 'target' in replaced ? replaced.target : null;
  const term = typeof target === 'object' && target !== null ? termIn(target) : null;
  const path = term === null ? [] : termsOf(term).map(({ value }) => String(value));
  if (replacement !== undefined && name === replacement.package && path.join('.') === replacement.target) return [];
  const place = placeOf(file, term ?? {});
  return [
    problemAt(
      place,
      'The keyword with replaces what the rule is given; outside of tests a rule judges the real input.',
      'Put what both uses need into a function, and call it with each value.',
    ),
  ];
}

function checkReference(module: Module, term: Term, known: Known): readonly RegoProblem[] {
  const [head, ...rest] = term.type === 'var' ? [term] : termsOf(term);
  const base = head?.type === 'var' && typeof head.value === 'string' ? baseOf(module, head.value) : undefined;
  if (base === undefined) return [];
  const place = placeOf(module.file, head ?? term);
  if (rest.some(({ type }) => type !== 'string')) {
    return [
      problemAt(
        place,
        'A reference into data has a variable in it. Compiled to WebAssembly it can be wrong: a denial disappears.',
        'Name each rule: data.custom.office_hours.satisfied. To look a value up, first assign the whole: table := data.custom.x.table.',
      ),
    ];
  }
  const path = [...base, ...rest.map(({ value }) => String(value))];
  if (module.test || reachesRule(path, known)) return [];
  return [nothingThere(place, path.join('.'))];
}

function baseOf({ aliases }: Module, name: string): readonly string[] | undefined {
  return name === 'data' ? [] : aliases.get(name);
}

function reachesRule(path: readonly string[], known: Known): boolean {
  return path.some((name, at) => known.get(path.slice(0, at).join('.'))?.has(name) === true);
}

function nothingThere(place: Place, path: string): RegoProblem {
  return problemAt(
    place,
    `data${path === '' ? '' : `.${path}`} is no rule of these files, so that whatever asks for it finds nothing.`,
    'Name one rule of these files. Facts about a server or an operation are labels: input.registered.server.labels.',
  );
}
