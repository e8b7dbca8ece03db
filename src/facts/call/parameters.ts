import type { Json, JsonObject } from '../../json/value.ts';
import { isJsonObject } from '../../json/value.ts';

/** Texts that the header of a parameter may have. */
interface Values {
  readonly texts: Set<string>;
  readonly integers: Set<number>;
}

/**
 * Whether a value of `Mcp-Param-NAME` repeats an argument. Which argument, the tool's `x-mcp-header` says, which audgate
 * does not know: an argument of that name where there is one, else any argument. So this finds values that are nowhere in
 * the call; that the right one of two arguments is repeated, the server has to see to.
 * @param args null: not known, so nothing is compared
 */
export function repeats(args: JsonObject | null): ((name: string, value: string) => boolean) | null {
  if (args === null) return null;
  const all: Values = { texts: new Set(), integers: new Set() };
  const byName = new Map<string, Values>();
  collect(args, (name, value) => {
    add(all, value);
    const folded = name.toLowerCase();
    const known = byName.get(folded) ?? { texts: new Set(), integers: new Set() };
    byName.set(folded, known);
    add(known, value);
  });
  return (name, value) => {
    const { texts, integers } = byName.get(name.toLowerCase()) ?? all;
    return texts.has(value) || (INTEGER.test(value) && integers.has(Number(value)));
  };
}

/** The server compares integers as numbers: 42.0 is 42 ("Server Validation"). */
const INTEGER = /^-?(?:0|[1-9]\d*)(?:\.0+)?$/;

/** Members with a plain value, at paths through objects: `x-mcp-header` may stand nowhere else. */
function collect(object: JsonObject, tell: (name: string, value: Json) => void): void {
  for (const [name, value] of Object.entries(object)) {
    if (isJsonObject(value)) collect(value, tell);
    else if (!Array.isArray(value)) tell(name, value);
  }
}

/** Null has no header, and a fraction may not have one. */
function add({ texts, integers }: Values, value: Json): void {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'boolean') texts.add(String(value));
  else if (Number.isSafeInteger(value)) integers.add(Number(value));
}
