/** Checks a record against the schema, says all that is wrong with it, and keeps what is right for the lint. */
import type { z } from 'zod';
import { nearestName } from '../json/nearest.ts';
import { pointerTo } from '../json/pointer.ts';
import {
  described,
  description,
  fieldsOf,
  keyDescription,
  kind,
  nameOf,
  schemaAt,
  steps,
  valueAt,
  withArticle,
} from './describe.ts';
import { below, type Path, type Place, quote, type Report } from './place.ts';

type Issue = z.core.$ZodIssue;

export interface Shaped<Strict, Remains> {
  /** Undefined when anything is wrong. */
  readonly strict: Strict | undefined;
  readonly remains: Remains;
}

/**
 * @param remainsSchema the same record with every member optional
 * @param none what remains when nothing does
 */
export function shape<Strict, Remains>(
  value: unknown,
  schema: z.ZodType<Strict>,
  remainsSchema: z.ZodType<Remains>,
  none: Remains,
  place: Place,
  report: Report,
): Shaped<Strict, Remains> {
  const strict = schema.safeParse(value);
  if (strict.success) {
    const remains = remainsSchema.safeParse(value);
    return { strict: strict.data, remains: remains.success ? remains.data : none };
  }
  const faults = strict.error.issues.flatMap((issue) => explain(issue, [], value, { schema, around: place.path }));
  // A value that is too long and of a wrong form is one problem to its author.
  const told = new Set<string>();
  for (const { path, ...finding } of faults) {
    const text = `${pointerTo(path)} ${finding.message}`;
    if (!told.has(text)) report(below(place, ...path), finding);
    told.add(text);
  }

  let rest = structuredClone(value);
  let cuts = faults.map(({ path }) => path);
  // A list or mapping that will not do without the item that was cut goes too: one level up each time.
  while (cuts.length > 0 && cuts.every((path) => path.length > 0)) {
    for (const path of cuts) cut(rest, path);
    const remains = remainsSchema.safeParse(rest);
    if (remains.success) return { strict: undefined, remains: remains.data };
    cuts = remains.error.issues.map(({ path }) => steps(path).slice(0, -1));
    rest = structuredClone(rest);
  }
  return { strict: undefined, remains: none };
}

/** Removes what stands at a path; of a list, leaves the gap, so that the paths of its other items stay true. */
function cut(value: unknown, path: Path): void {
  let parent = value;
  for (const step of path.slice(0, -1)) {
    if (typeof parent !== 'object' || parent === null) return;
    parent = Object.getOwnPropertyDescriptor(parent, step)?.value;
  }
  const last = path.at(-1);
  if (typeof parent !== 'object' || parent === null || last === undefined) return;
  if (Array.isArray(parent) && typeof last === 'number') {
    if (last < parent.length) parent[last] = undefined;
  } else Reflect.deleteProperty(parent, last);
}

interface Fault {
  readonly path: Path;
  readonly at?: 'value' | 'name';
  readonly value: unknown;
  readonly message: string;
  readonly remedy: string;
}

interface Asked {
  readonly schema: z.ZodType;
  /** Path of the value that the schema was asked about. */
  readonly around: Path;
}

/** @param root what the schema was asked about; the issue's own path is below `base` */
function explain(issue: Issue, base: Path, root: unknown, asked: Asked): readonly Fault[] {
  const { schema, around } = asked;
  const path = [...base, ...steps(issue.path)];
  const value = valueAt(root, path);
  const name = nameOf(path, around);
  const known = schemaAt(schema, path, root);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((field) =>
        unknownField(field, [...path, field], valueAt(value, [field]), fieldsOf(known, value)),
      );
    case 'invalid_union':
      return explainUnion(issue.errors, path, root, asked, known);
    case 'invalid_key':
      return [
        {
          path,
          at: 'name',
          value: path.at(-1),
          message: `${quote(path.at(-1))} is not ${keyDescription(schema, path, root)}.`,
          remedy: `Write ${keyDescription(schema, path, root)}.`,
        },
      ];
    case 'invalid_value':
      return [unknownValue(issue.values.map(String), path, value, known)];
    default:
      break;
  }
  if (value === undefined) {
    const remedy = `Add ${name}: ${described(known)}.`;
    return [{ path, at: 'name', value: null, message: `${name} is missing.`, remedy }];
  }
  const message =
    issue.code === 'invalid_type'
      ? `${name} is ${kind(value)} where ${withArticle(issue.expected)} is expected.`
      : `${name} is ${quote(value)}, which is not ${description(known)}.`;
  return [{ path, value, message, remedy: `Write ${described(known)}.` }];
}

/** The alternative that the author meant: the one whose kind of value, and whose `what`, is there. */
function explainUnion(
  errors: readonly (readonly Issue[])[],
  path: Path,
  root: unknown,
  asked: Asked,
  known: z.ZodType | undefined,
): readonly Fault[] {
  const value = valueAt(root, path);
  const candidates = errors.filter((issues) => !issues.some((issue) => issue.path.length === 0 && isWrongKind(issue)));
  const meant = candidates.filter((issues) => !issues.some(({ path: [first] }) => first === 'what'));
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only.flatMap((issue) => explain(issue, path, root, asked));
  const [first] = candidates;
  if (first !== undefined && meant.length === 0) {
    // No alternative has this `what`: name them all, and the faults that every alternative finds.
    const whats = candidates.flatMap((issues) =>
      issues.flatMap((issue) => (issue.code === 'invalid_value' && issue.path[0] === 'what' ? issue.values : [])),
    );
    const common = first.filter(
      (issue) =>
        issue.path.length > 0 &&
        issue.path[0] !== 'what' &&
        candidates.every((issues) => issues.some((other) => other.path[0] === issue.path[0])),
    );
    const at = [...path, 'what'];
    return [
      unknownValue(whats.map(String), at, valueAt(root, at), undefined),
      ...common.flatMap((issue) => explain(issue, path, root, asked)),
    ];
  }
  const words = errors.flat().flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : []));
  if (typeof value === 'string' && words.length > 0) return [unknownValue(words, path, value, known)];
  const message = `${nameOf(path, asked.around)} is ${kind(value)}, which is not ${description(known)}.`;
  return [{ path, value: value ?? null, message, remedy: `Write ${described(known)}.` }];
}

function isWrongKind(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function unknownField(field: string, path: Path, value: unknown, fields: readonly string[]): Fault {
  const near = nearestName(field, fields);
  return {
    path,
    at: 'name',
    value,
    message: `There is no field ${quote(field)} here${near === undefined ? '' : `; the nearest is ${quote(near)}`}.`,
    remedy: near === undefined ? `Remove it; the fields here are ${fields.join(', ')}.` : `Write ${near}.`,
  };
}

function unknownValue(words: readonly string[], path: Path, value: unknown, known: z.ZodType | undefined): Fault {
  const name = nameOf(path, []);
  const list = words.length === 1 ? words.join() : `one of ${words.join(', ')}`;
  if (value === undefined) {
    return { path, at: 'name', value: null, message: `${name} is missing.`, remedy: `Add ${name}: ${list}.` };
  }
  const field = path.findLast((step) => typeof step === 'string') ?? '';
  if (field === 'algorithms' && typeof value === 'string' && /^(none|HS\d+|dir|.*A\d+KW.*)$/i.test(value)) {
    const message = `${quote(value)} proves nothing about who signed: only asymmetric signature algorithms do.`;
    return { path, value, message, remedy: `Write the issuer's algorithms: ${list}.` };
  }
  const near = typeof value === 'string' ? nearestName(value, words) : undefined;
  const hint = near === undefined ? '' : `; the nearest is ${quote(near)}`;
  const expected = known === undefined ? list : description(known);
  return {
    path,
    value,
    message: `${name} is ${quote(value)}, which is not ${expected}${hint}.`,
    remedy: near === undefined ? `Write ${expected}.` : `Write ${near}.`,
  };
}
