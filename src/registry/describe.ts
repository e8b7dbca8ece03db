/** What the schema says about a place of a record, in the words that problems use. */
import { z } from 'zod';
import type { Path } from './place.ts';

/** Steps of a schema issue's path; symbols never stand in plain values. */
export function steps(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, step)?.value;
  }
  return found;
}

/**
 * `tools.read_file.scopes[0]` → the last name in it, which is what an author looks for.
 * @param around path of the record, which is named where the path within it is empty
 */
export function nameOf(path: Path, around: Path): string {
  const index = path.findLastIndex((step) => typeof step === 'string');
  if (index < 0) return path.length === 0 && around.length > 0 ? nameOf(around, []) : 'the file';
  return path.slice(index).reduce<string>((name, step, at) => (at === 0 ? String(step) : `${name}[${step}]`), '');
}

export function kind(value: unknown): string {
  if (value === undefined || value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  int: 'a whole number',
};

/** @param expected zod's word for a kind of value */
export function withArticle(expected: string): string {
  return KINDS[expected] ?? `a ${expected}`;
}

/** The schema of the value at a path below `root`; of alternatives, the one of the value's kind. */
export function schemaAt(schema: z.ZodType, path: Path, root: unknown): z.ZodType | undefined {
  let found: z.ZodType | undefined = schema;
  let value = root;
  for (const step of path) {
    found = childOf(bare(found, value), step);
    value = valueAt(value, [step]);
  }
  return found === undefined ? undefined : keepingMeta(found, value);
}

function childOf(schema: z.ZodType | undefined, step: string | number): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const member: unknown = Object.getOwnPropertyDescriptor(schema.shape, step)?.value;
    return member instanceof z.ZodType ? member : undefined;
  }
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodType) return schema.element;
  if (schema instanceof z.ZodRecord && schema.valueType instanceof z.ZodType) return schema.valueType;
  return undefined;
}

/** Without default and optional, and of alternatives the one of this value's kind. */
function bare(schema: z.ZodType | undefined, value: unknown): z.ZodType | undefined {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional) {
    const inner = schema.unwrap();
    return inner instanceof z.ZodType ? bare(inner, value) : undefined;
  }
  if (!(schema instanceof z.ZodUnion)) return schema;
  const options = schema.options.filter((option): option is z.ZodType => option instanceof z.ZodType);
  if (Array.isArray(value)) return options.find((option) => option instanceof z.ZodArray);
  if (typeof value !== 'object' || value === null) return undefined;
  const objects = options.filter((option) => option instanceof z.ZodObject);
  return objects.find((option) => childOf(option, 'what')?.safeParse(valueAt(value, ['what'])).success) ?? objects[0];
}

/** The described schema itself; a mapping's own, where only its fields matter. */
function keepingMeta(schema: z.ZodType, value: unknown): z.ZodType | undefined {
  return schema.meta()?.description === undefined ? bare(schema, value) : schema;
}

/** The fields that a mapping may have; none where names are free. */
export function fieldsOf(schema: z.ZodType | undefined, value: unknown): readonly string[] {
  const object = bare(schema, value);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** What is to stand there: "a whole number of seconds, 1 to 3600". */
export function description(schema: z.ZodType | undefined): string {
  return schema?.meta()?.description ?? 'what the schema of the registry asks for';
}

/** The same with an example. */
export function described(schema: z.ZodType | undefined): string {
  const example = schema?.meta()?.examples;
  const [first] = Array.isArray(example) ? example : [];
  return `${description(schema)}${first === undefined ? '' : `, for instance ${JSON.stringify(first)}`}`;
}

/** What the names of the mapping that holds this member may be. */
export function keyDescription(schema: z.ZodType, path: Path, root: unknown): string {
  const parent = schemaAt(schema, path.slice(0, -1), root);
  const record = bare(parent, {});
  return record instanceof z.ZodRecord && record.keyType instanceof z.ZodType
    ? description(record.keyType)
    : 'a name that may stand here';
}
