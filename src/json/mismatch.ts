/**
 * Says where a JSON value differs from its schema: every place at once, by JSON pointer, without ever repeating a value.
 * What a value holds may be a token or a key; what it is (a number, a list) may be told.
 */
import { z } from 'zod';
import type { JsonProblem } from './locate.ts';
import { nearestName } from './nearest.ts';
import { isJsonObject } from './value.ts';

/** Names that a message may repeat. Anything else could be a secret in the wrong place, or unfit to print. */
const PLAIN_NAME = /^[A-Za-z0-9_.:/-]{1,64}$/;

/**
 * @param notes messages for unknown members that deserve better than "unknown", by pointer
 * @returns an empty list when the value fits
 */
export function mismatches(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  notes: Readonly<Record<string, string>> = {},
): readonly JsonProblem[] {
  return issues.flatMap((issue) => describe(schema, value, issue, [], notes));
}

type Path = readonly PropertyKey[];

function describe(
  schema: z.ZodType,
  value: unknown,
  issue: z.core.$ZodIssue,
  above: Path,
  notes: Readonly<Record<string, string>>,
): readonly JsonProblem[] {
  const path = [...above, ...issue.path];
  const pointer = pointerTo(path);
  if (issue.code === 'unrecognized_keys') {
    const known = namesAt(schema, path);
    return issue.keys.map((key) => unknownMember(pointer, key, known, notes));
  }
  if (issue.code === 'invalid_union') {
    // Members are judged only where the value is of the branch's kind; else the branches are listed by the schema.
    const entered = issue.errors.find((branch) => !branch.some((inner) => inner.path.length === 0 && isKind(inner)));
    if (entered !== undefined) return entered.flatMap((inner) => describe(schema, value, inner, path, notes));
    return [{ pointer, message: issue.message }];
  }
  if (issue.code === 'invalid_key') return [{ pointer, message: issue.issues[0]?.message ?? 'is not a valid name' }];
  if (issue.code !== 'invalid_type') return [{ pointer, message: issue.message }];
  const found = valueAt(value, path);
  const expected = EXPECTED[issue.expected] ?? issue.expected;
  if (found === undefined) return [{ pointer, message: `is missing: expected ${expected}` }];
  return [{ pointer, message: `must be ${expected}, and is ${kindOf(found)}` }];
}

const isKind = (issue: z.core.$ZodIssue) => issue.code === 'invalid_type' || issue.code === 'invalid_value';

function unknownMember(
  parent: string,
  name: string,
  known: readonly string[],
  notes: Readonly<Record<string, string>>,
): JsonProblem {
  const pointer = `${parent}/${escaped(name)}`;
  if (Object.hasOwn(notes, pointer)) return { pointer, message: notes[pointer] ?? '' };
  const near = nearestName(name, known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${JSON.stringify(near)}?`;
  if (!PLAIN_NAME.test(name)) return { pointer: parent, message: `has a member with an unknown name: ${hint}` };
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

/** RFC 6901 §3. Ends before a name that is not plain: the pointer leads to the object that holds it. */
function pointerTo(path: Path): string {
  let pointer = '';
  for (const step of path) {
    if (typeof step === 'string' && !PLAIN_NAME.test(step)) return pointer;
    pointer += `/${escaped(String(step))}`;
  }
  return pointer;
}

const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');
