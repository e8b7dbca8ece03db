/**
 * Says where a JSON value differs from its schema: many places at once, by JSON pointer, without ever repeating a value.
 * What a value holds may be a token or a key; what it is (a number, a list) may be told.
 */
import { z } from 'zod';
import { type JsonProblem, MAX_PROBLEMS } from './locate.ts';
import { nearestName } from './nearest.ts';
import { isPlainName, type Path, plainPointerTo, stepTo } from './pointer.ts';
import { isJsonObject } from './value.ts';

/**
 * The first `MAX_PROBLEMS`; nothing is worked out beyond them. How many issues the schema itself finds is not bounded
 * here: see to it there, where a client chooses how many members or items there are.
 * @param notes messages for unknown members that deserve better than "unknown", by pointer
 * @returns an empty list when the value fits
 */
export function mismatches(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  notes: Readonly<Record<string, string>> = {},
): readonly JsonProblem[] {
  const problems: JsonProblem[] = [];
  for (const issue of issues) {
    for (const problem of describe(schema, value, issue, [], notes)) {
      problems.push(problem);
      if (problems.length >= MAX_PROBLEMS) return problems;
    }
  }
  return problems;
}

function* describe(
  schema: z.ZodType,
  value: unknown,
  issue: z.core.$ZodIssue,
  above: Path,
  notes: Readonly<Record<string, string>>,
): Generator<JsonProblem, void> {
  const path = [...above, ...issue.path];
  const pointer = plainPointerTo(path);
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(schema, path);
    for (const key of issue.keys) yield unknownMember(pointer, key, known, notes);
  } else if (issue.code === 'invalid_union') {
    // Members are judged only where the value is of the branch's kind; else the branches are listed by the schema.
    const entered = issue.errors.find((branch) => !branch.some((inner) => inner.path.length === 0 && isKind(inner)));
    if (entered === undefined) yield { pointer, message: issue.message };
    else for (const inner of entered) yield* describe(schema, value, inner, path, notes);
  } else if (issue.code === 'invalid_key') {
    yield { pointer, message: issue.issues[0]?.message ?? 'is not a valid name' };
  } else if (issue.code === 'invalid_type') {
    const found = valueAt(value, path);
    const expected = EXPECTED[issue.expected] ?? issue.expected;
    const message =
      found === undefined ? `is missing: expected ${expected}` : `must be ${expected}, and is ${kindOf(found)}`;
    yield { pointer, message };
  } else {
    yield { pointer, message: issue.message };
  }
}

const isKind = (issue: z.core.$ZodIssue) => issue.code === 'invalid_type' || issue.code === 'invalid_value';

function unknownMember(
  parent: string,
  name: string,
  known: readonly string[],
  notes: Readonly<Record<string, string>>,
): JsonProblem {
  const pointer = `${parent}${stepTo(name)}`;
  if (Object.hasOwn(notes, pointer)) return { pointer, message: notes[pointer] ?? '' };
  const near = nearestName(name, known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`;
  if (!isPlainName(name)) return { pointer: parent, message: `has a member with an unknown name: ${hint}` };
  return { pointer, message: `is an unknown member: ${hint}` };
}

/** Names of the object schema at a path; none where the path leads to no object schema. */
function namesAt(schema: z.ZodType, path: Path): readonly string[] {
  let places = unwrapped(schema);
  for (const step of path) places = places.flatMap((place) => below(place, step)).flatMap(unwrapped);
  return places.flatMap((place) => (place instanceof z.ZodObject ? Object.keys(place.shape) : []));
}

function below(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
    const member = Object.hasOwn(shape, step) ? shape[String(step)] : undefined;
    return member === undefined ? [] : [member];
  }
  if (schema instanceof z.ZodRecord && schema.valueType instanceof z.ZodType) return [schema.valueType];
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodType) return [schema.element];
  return [];
}

function unwrapped(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => (option instanceof z.ZodType ? unwrapped(option) : []));
  }
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault;
  if (!wraps) return [schema];
  const inner = schema.def.innerType;
  return inner instanceof z.ZodType ? unwrapped(inner) : [];
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
};

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isJsonObject(found) && Object.hasOwn(found, step)) found = found[String(step)];
    else return undefined;
  }
  return found;
}
