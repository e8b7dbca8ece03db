/**
 * Member names that another reader takes for names that audgate reads. Without this the call that is judged and the call
 * that is executed may differ: `{"name": "read_file", "Name": "delete_all"}` is one of each to a server in Go (contract 2).
 */
import { hasControl } from '../../json/control.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { fold } from './fold.ts';

/** Members that audgate reads, by the object they stand in; `result` and `error` tell a response. */
const READ = {
  root: ['jsonrpc', 'id', 'method', 'params', 'result', 'error'],
  params: ['name', 'uri', 'arguments', 'ref', 'task', 'taskId', 'notifications', '_meta'],
  ref: ['type', 'name', 'uri'],
} as const;

/** Reserved by MCP in `_meta`: whatever stands under it may steer a server. */
const META_PREFIX = 'io.modelcontextprotocol/';

export interface Impostor {
  /** The name as the client wrote it. */
  readonly name: string;
  /** The name that it is taken for; null: it holds a control character. */
  readonly taken_for: string | null;
}

type Place = keyof typeof READ;

const FOLDED: Readonly<Record<Place, ReadonlyMap<string, string>>> = {
  root: byFold(READ.root),
  params: byFold(READ.params),
  ref: byFold(READ.ref),
};

/** The first member that is one of the names read there only after case folding, or that holds a control character. */
export function findImpostor(object: JsonObject, place: Place): Impostor | null {
  for (const name of Object.keys(object)) {
    if (hasControl(name)) return { name, taken_for: null };
    const known = FOLDED[place].get(fold(name));
    if (known !== undefined && known !== name) return { name, taken_for: known };
  }
  return null;
}

/** The same for `_meta`, where all names of MCP's own prefix count, and no two of them may fold alike. */
export function findMetaImpostor(meta: JsonObject): Impostor | null {
  const reserved: string[] = [];
  for (const name of Object.keys(meta)) {
    if (hasControl(name)) return { name, taken_for: null };
    if (name.startsWith(META_PREFIX)) reserved.push(name);
    else if (fold(name).startsWith(META_PREFIX)) return { name, taken_for: META_PREFIX };
  }
  return findTwins(reserved);
}

/**
 * Two members of one object, at any depth, whose names fold alike: a custom rule reads one, the server perhaps the other.
 * Recursive: the value comes from the strict reader, which limits its depth.
 */
export function findTwinsWithin(value: Json): Impostor | null {
  if (Array.isArray(value)) return firstTwins(value);
  if (!isJsonObject(value)) return null;
  return findTwins(Object.keys(value)) ?? firstTwins(Object.values(value));
}

function firstTwins(values: readonly Json[]): Impostor | null {
  for (const value of values) {
    const twins = findTwinsWithin(value);
    if (twins !== null) return twins;
  }
  return null;
}

function findTwins(names: readonly string[]): Impostor | null {
  if (names.length < 2) return null;
  const seen = new Map<string, string>();
  for (const name of names) {
    const folded = fold(name);
    const twin = seen.get(folded);
    if (twin !== undefined) return { name, taken_for: twin };
    seen.set(folded, name);
  }
  return null;
}

function byFold(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [fold(name), name]));
}
