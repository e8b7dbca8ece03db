/** The members of a JSON Schema as rows of a table: one for each that a file may hold, in the schema's order. */
import { z } from 'zod';

const node = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});
type Node = z.infer<typeof node>;

export interface Row {
  /** `callers.NAME.may`, `waivers[].until`. */
  readonly path: string;
  /** As JSON Schema names it; of a list what it lists, of a choice the choice. Null: anything, or one of several. */
  readonly type: string | null;
  readonly description: string;
  readonly required: boolean;
  /** JSON; null: none. */
  readonly fallback: string | null;
  /** Of a number. */
  readonly range: string | null;
}

/** @param within the path of what the schema describes, such as `servers.KEY`; '' is the root */
export function rowsOf(schema: unknown, within = ''): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const row of members(node.parse(schema), within)) if (!rows.has(row.path)) rows.set(row.path, row);
  return [...rows.values()];
}

function* members(schema: Node, within: string): Generator<Row> {
  for (const alternative of schema.anyOf ?? []) yield* members(node.parse(alternative), within);
  for (const [name, value] of Object.entries(schema.properties ?? {})) {
    const path = within === '' ? name : `${within}.${name}`;
    const member = node.parse(value);
    yield rowOf(path, member, schema.required?.includes(name) ?? false);
    yield* below(member, path);
  }
}

/** Of a map the entry stands as NAME, of a list as []. */
function* below(member: Node, path: string): Generator<Row> {
  yield* members(member, path);
  if (member.additionalProperties instanceof Object)
    yield* members(node.parse(member.additionalProperties), `${path}.NAME`);
  if (member.items instanceof Object) yield* members(node.parse(member.items), `${path}[]`);
}

function rowOf(path: string, member: Node, required: boolean): Row {
  const { description = '', minimum, maximum } = member;
  return {
    path,
    type: typeOf(member),
    description,
    required,
    fallback: member.default === undefined ? null : JSON.stringify(member.default),
    range: minimum === undefined || maximum === undefined ? null : `${minimum} to ${maximum}`,
  };
}

function typeOf({ type, enum: choice, items }: Node): string | null {
  if (choice !== undefined) return choice.join(' | ');
  if (type !== 'array' || !(items instanceof Object)) return type ?? null;
  return `array of ${typeOf(node.parse(items)) ?? 'anything'}`;
}
