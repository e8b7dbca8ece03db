/** Which registered operation a call is. Nothing is open by default: what is found nowhere here is undefined. */
import type { CallFacts } from '../decision/facts.ts';
import type { OperationInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import { implied } from './implied.ts';
import { METHODS_BY_TARGET, NOTIFICATIONS, OPEN_METHODS, type TargetKind } from './method.ts';
import type { WrittenOperation, WrittenServer } from './schema.ts';

type Classify = (call: CallFacts) => OperationInput | undefined;
type Needs = Omit<OperationInput, 'name'>;
type Find = (target: string) => Needs | undefined;
type Listed = Pick<WrittenServer, 'methods' | 'tools' | 'prompts' | 'resources' | 'unlisted_tools' | 'scope_implies'>;

/** Works out at load all that does not depend on the call, so that a decision only looks up. */
export function classifier(server: Listed): Classify {
  const impliers = implied(server.scope_implies);
  const methods = new Map(Object.entries(server.methods));
  const needs = (...parts: readonly (WrittenOperation | undefined)[]) => merge(parts, impliers);

  const open = new Map<string, Needs>();
  for (const method of [...OPEN_METHODS, ...methods.keys()]) {
    if (!METHODS_BY_TARGET.has(method)) open.set(method, needs(methods.get(method)));
  }
  const notification = needs();

  const finders = new Map<string, Find>();
  for (const [method, kind] of METHODS_BY_TARGET) {
    const own = methods.get(method);
    finders.set(
      method,
      FINDERS[kind](server, (target) => needs(own, target)),
    );
  }

  return (call) => {
    const { method } = call;
    if (call.task !== undefined) return undefined;
    const kind = METHODS_BY_TARGET.get(method);
    const targets =
      Number(call.tool !== undefined) + Number(call.prompt !== undefined) + Number(call.uri !== undefined);
    if (kind === undefined) {
      if (targets > 0) return undefined;
      const found = open.get(method);
      if (found !== undefined) return { name: method, ...found };
      return method.startsWith(NOTIFICATIONS) && method.length > NOTIFICATIONS.length
        ? { name: method, ...notification }
        : undefined;
    }
    const target = call[kind];
    if (target === undefined || targets > 1) return undefined;
    const found = finders.get(method)?.(target);
    return found === undefined ? undefined : { name: `${method} ${target}`, ...found };
  };
}

type Finder = (server: Listed, needs: (target: WrittenOperation) => Needs) => Find;

const FINDERS: Readonly<Record<TargetKind, Finder>> = {
  tool: ({ tools, unlisted_tools: unlisted }, needs) => {
    const listed = table(tools, needs);
    const others = unlisted === 'deny' ? undefined : needs({ scopes: unlisted.scopes, labels: {} });
    return (name) => listed.get(name) ?? others;
  },
  prompt: ({ prompts }, needs) => {
    const listed = table(prompts, needs);
    return (name) => listed.get(name);
  },
  uri: ({ resources }, needs) => {
    const all = Object.entries(resources);
    const exact = table(Object.fromEntries(all.filter(([pattern]) => !pattern.endsWith('*'))), needs);
    const prefixes = all
      .filter(([pattern]) => pattern.endsWith('*'))
      .map(([pattern, entry]) => ({ prefix: pattern.slice(0, -1), needs: needs(entry) }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    return (uri) => {
      const found = exact.get(uri);
      if (found !== undefined || prefixes.length === 0 || matchesExactOnly(uri)) return found;
      return prefixes.find(({ prefix }) => uri.startsWith(prefix))?.needs;
    };
  },
};

/** A Map, because a tool may be called `constructor`. */
function table(entries: Readonly<Record<string, WrittenOperation>>, needs: (entry: WrittenOperation) => Needs) {
  return new Map(Object.entries(entries).map(([name, entry]) => [name, needs(entry)]));
}

/** The method's part, then the target's. */
function merge(
  parts: readonly (WrittenOperation | undefined)[],
  impliers: ReadonlyMap<string, readonly string[]>,
): Needs {
  const present = parts.filter((part) => part !== undefined);
  const scopes = [...new Set(present.flatMap((part) => part.scopes))];
  const labels: JsonObject = Object.assign({}, ...present.map((part) => part.labels));
  return {
    scopes,
    implied_by: Object.fromEntries(scopes.map((scope) => [scope, [...(impliers.get(scope) ?? [])]])),
    labels,
  };
}

/**
 * URIs that a server may resolve to another place than their text says: below a prefix they could leave it. RFC 3986 §5.2.4
 * removes dot segments, and servers differ in backslashes, empty segments and encoded separators.
 */
export function matchesExactOnly(uri: string): boolean {
  if (/[\\\u0000-\u001f\u007f-\u009f]|%(?:2e|2f|5c)/i.test(uri)) return true;
  const rest = uri.replace(/^[A-Za-z][A-Za-z0-9+.-]*:/, '').replace(/^\/\/[^/?#]*/, '');
  return rest.includes('//') || rest.split(/[/?#]/).some((segment) => segment === '.' || segment === '..');
}
