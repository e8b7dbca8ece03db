/** Which entries of a server's record say what a call needs, as they are written: for explanations, which name their lines. */
import type { CallFacts } from '../decision/facts.ts';
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import { ANY_CALL, LISTEN } from '../registry/method.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';

export interface WrittenEntry {
  /** Registry key, of the server itself or of one behind it. */
  readonly server: string;
  /** Below the server's record: `tools`, `read_file`. */
  readonly path: readonly string[];
  readonly scopes: readonly string[];
}

/** The mapping that would have to list a call. */
export type Listing = 'tools' | 'prompts' | 'resources' | 'methods';

/** The method's own entry last: the target's says more. Empty for what is open by the default table alone, or not at all. */
export function entriesOf(server: ServerRecord, call: CallFacts, registry: Registry): readonly WrittenEntry[] {
  const { effective, key } = server;
  const hop = server.hop(call);
  const backend = hop && registry.servers.get(hop.backend.key);
  if (hop !== undefined && backend !== undefined) {
    const own = entriesOf({ ...server, hop: () => undefined }, { method: call.method }, registry);
    return [...entriesOf(backend, { method: call.method, [hop.kind]: hop.name }, registry), ...own];
  }
  const found: WrittenEntry[] = [];
  const add = (...path: readonly string[]) => {
    const entry = memberAt(effective, path);
    if (isJsonObject(entry)) found.push({ server: key, path, scopes: texts(entry.scopes) });
    return isJsonObject(entry);
  };
  if (call.method === ANY_CALL) {
    const base = memberAt(effective, ['base_scopes']);
    return Array.isArray(base) ? [{ server: key, path: ['base_scopes'], scopes: texts(base) }] : [];
  }
  if (call.tool !== undefined && !add('tools', call.tool)) add('unlisted_tools');
  if (call.prompt !== undefined) add('prompts', call.prompt);
  for (const uri of call.uri === undefined ? (call.uris ?? []) : [call.uri]) {
    if (add('resources', uri)) continue;
    const prefix = prefixOf(uri, effective.resources);
    if (prefix !== undefined) add('resources', prefix);
  }
  for (const list of call.lists ?? []) add('methods', list);
  if (call.method === LISTEN && (call.uris ?? []).length > 0) add('methods', 'resources/subscribe');
  if (call.method === LISTEN && (call.tasks ?? []).length > 0) add('methods', 'tasks/get');
  add('methods', call.method);
  return found;
}

export function listingOf({ method, tool, prompt, uri, uris = [] }: CallFacts): Listing {
  if (method === 'tools/call' && tool !== undefined) return 'tools';
  if (prompt !== undefined) return 'prompts';
  if (uri !== undefined || (method === LISTEN && uris.length > 0)) return 'resources';
  return 'methods';
}

export function memberAt(record: JsonObject, path: readonly string[]): Json | undefined {
  let found: Json | undefined = record;
  for (const step of path) {
    if (!isJsonObject(found) || !Object.hasOwn(found, step)) return undefined;
    found = found[step];
  }
  return found;
}

export function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** The longest that begins so, as the registry matches. */
function prefixOf(uri: string, resources: Json | undefined): string | undefined {
  const names = isJsonObject(resources) ? Object.keys(resources) : [];
  return names
    .filter((name) => name.endsWith('*') && uri.startsWith(name.slice(0, -1)))
    .sort((a, b) => b.length - a.length)[0];
}
