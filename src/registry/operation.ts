/** Which registered operation a call is. Nothing is open by default: what is found nowhere here is undefined. */
import type { CallFacts } from '../decision/facts.ts';
import type { OperationInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import { strictest } from './authentication.ts';
import { behind, byPrefix, offered } from './hub.ts';
import { implied } from './implied.ts';
import {
  ANY_CALL,
  COMPLETE,
  LISTEN,
  METHODS_BY_TARGET,
  NOTIFICATIONS,
  OPEN_METHODS,
  TASK_METHODS,
  type TargetKind,
} from './method.ts';
import type { WrittenOperation } from './schema/operation.ts';
import type { WrittenServer } from './schema.ts';
import { differing, labelsOf, type Subscriptions, subscriptions } from './subscription.ts';

/** `operation`: undefined for what is not open. */
export type Classifier = Subscriptions;
type Parts = readonly (WrittenOperation | undefined)[];
type Needs = Omit<OperationInput, 'name'>;
type Find<T> = (target: string) => T | undefined;
type Listed = Pick<
  WrittenServer,
  'methods' | 'tools' | 'prompts' | 'resources' | 'unlisted_tools' | 'scope_implies' | 'base_scopes' | 'hub'
>;

/**
 * Works out at load all that does not depend on the call, so that a decision only looks up.
 * @param serverOf the record of a hub's backend
 */
export function classifier(server: Listed, serverOf: (key: string) => Listed | undefined): Classifier {
  const impliers = implied(server.scope_implies);
  const backends = behind(server, serverOf);
  const methods = new Map(Object.entries(server.methods));
  const needs = (...parts: readonly (WrittenOperation | undefined)[]) =>
    merge(parts, (scope) => impliers.get(scope) ?? []);

  const open = new Map<string, Needs>();
  for (const method of [...OPEN_METHODS, ...methods.keys()]) {
    if (!takesTarget(method)) open.set(method, needs(methods.get(method)));
  }
  const notification = needs();
  // Any call must satisfy the custom rules of every one: nobody looks at which it is.
  const every = [server, ...backends.map((one) => offered(one.server))].flatMap(everyEntry);
  const scopes = server.base_scopes ?? every.flatMap((entry) => entry.scopes);
  const authentication = strictest(every);
  const unread = needs({ scopes, ...(authentication && { authentication }), labels: labelsOf(every) });

  const finders = new Map<string, Partial<Record<TargetKind, Find<Needs>>>>();
  const find = (method: string, kind: keyof typeof FINDERS) => {
    const own = FINDERS[kind](server, (target) => needs(methods.get(method), target));
    return kind === 'uri' ? own : throughHub(own, method, kind);
  };
  // What the hub asks is judged by the hub's implications alone: a backend's owner does not loosen it.
  const throughHub = (own: Find<Needs>, method: string, kind: 'tool' | 'prompt'): Find<Needs> => {
    const first = methods.get(method);
    const select = byPrefix(
      backends.map(({ prefix, server: backend }) => {
        const theirs = implied(backend.scope_implies);
        const impliersOf = (scope: string) => [
          ...(impliers.get(scope) ?? []),
          ...(first?.scopes.includes(scope) ? [] : (theirs.get(scope) ?? [])),
        ];
        const second = Object.hasOwn(backend.methods, method) ? backend.methods[method] : undefined;
        return { prefix, find: FINDERS[kind](backend, (target) => merge([first, second, target], impliersOf)) };
      }),
    );
    return (name) => {
      const named = select(name);
      if (named === undefined) return own(name);
      return named.rest === '' ? undefined : named.found.find(named.rest);
    };
  };
  for (const [method, kind] of METHODS_BY_TARGET) finders.set(method, { [kind]: find(method, kind) });
  finders.set(COMPLETE, { prompt: find(COMPLETE, 'prompt'), uri: find(COMPLETE, 'uri') });

  const tasks = new Map(
    TASK_METHODS.filter((method) => methods.has(method)).map((method) => [method, needs(methods.get(method))]),
  );
  const resource = FINDERS.uri(server, (entry) => entry);
  const { operation: subscription, unlisted, eachLabels: ofTargets } = subscriptions(methods, resource, needs);
  // With what nobody labels: ping, and notifications.
  const ofAll = differing([
    ...[[], ...eachOperation(server)],
    ...backends.flatMap((one) => eachOperation(offered(one.server), methods)),
  ]);

  const operation = (call: CallFacts): OperationInput | undefined => {
    const { method } = call;
    if (method === LISTEN) return subscription(call);
    if (call.lists !== undefined || call.uris !== undefined || call.tasks !== undefined) return undefined;
    const kind = onlyTarget(call);
    if (kind === 'several') return undefined;
    if (kind === 'task') return named(method, tasks.get(method));
    const byTarget = finders.get(method);
    if (kind !== 'none') {
      const target = call[kind];
      return target === undefined ? undefined : named(`${method} ${target}`, byTarget?.[kind]?.(target));
    }
    if (byTarget !== undefined) return undefined;
    if (method === ANY_CALL) return named(method, unread);
    const found = open.get(method);
    if (found !== undefined) return named(method, found);
    return method.startsWith(NOTIFICATIONS) && method.length > NOTIFICATIONS.length
      ? named(method, notification)
      : undefined;
  };
  const eachLabels = (call: CallFacts) => {
    if (call.method === LISTEN) return ofTargets(call);
    return call.method === ANY_CALL ? ofAll : undefined;
  };
  return { operation, unlisted, eachLabels };
}

function named(name: string, needs: Needs | undefined): OperationInput | undefined {
  return needs === undefined ? undefined : { name, ...needs };
}

function takesTarget(method: string): boolean {
  return METHODS_BY_TARGET.has(method) || method === COMPLETE || method === LISTEN || TASK_METHODS.includes(method);
}

function onlyTarget({ tool, prompt, uri, task }: CallFacts): TargetKind | 'none' | 'several' {
  const count =
    Number(tool !== undefined) + Number(prompt !== undefined) + Number(uri !== undefined) + Number(task !== undefined);
  if (count > 1) return 'several';
  if (tool !== undefined) return 'tool';
  if (prompt !== undefined) return 'prompt';
  if (uri !== undefined) return 'uri';
  return task !== undefined ? 'task' : 'none';
}

/** All that a call could be. */
function everyEntry({ methods, tools, prompts, resources, unlisted_tools: unlisted }: Listed): WrittenOperation[] {
  const listed = [methods, tools, prompts, resources].flatMap((entries) => Object.values(entries));
  return unlisted === 'deny' ? listed : [...listed, { ...unlisted, labels: {} }];
}

/**
 * Entries of all operations that a call could be: a method's own, and with it a target's.
 * @param hub methods of the hub through which they are called
 */
function eachOperation(
  { methods, tools, prompts, resources, unlisted_tools: unlisted }: Listed,
  hub?: ReadonlyMap<string, WrittenOperation>,
): Parts[] {
  const by = (names: readonly string[], entries: readonly (WrittenOperation | undefined)[]): Parts[] =>
    names.flatMap((name) =>
      entries.map((entry) => [hub?.get(name), Object.hasOwn(methods, name) ? methods[name] : undefined, entry]),
    );
  const ofKind = (kind: TargetKind) => [...METHODS_BY_TARGET].filter(([, one]) => one === kind).map(([name]) => name);
  return [
    ...by(
      Object.keys(methods).filter((name) => !METHODS_BY_TARGET.has(name) && name !== COMPLETE),
      [undefined],
    ),
    ...by(ofKind('tool'), [...Object.values(tools), ...(unlisted === 'deny' ? [] : [undefined])]),
    ...by([...ofKind('prompt'), COMPLETE], Object.values(prompts)),
    ...by([...ofKind('uri'), COMPLETE, LISTEN], Object.values(resources)),
  ];
}

/** From a server's entries, each made what is looked for, to what a target is. */
const FINDERS = {
  tool<T>({ tools, unlisted_tools: unlisted }: Listed, make: (entry: WrittenOperation) => T): Find<T> {
    const listed = table(tools, make);
    const others = unlisted === 'deny' ? undefined : make({ ...unlisted, labels: {} });
    return (name) => listed.get(name) ?? others;
  },
  prompt<T>({ prompts }: Listed, make: (entry: WrittenOperation) => T): Find<T> {
    const listed = table(prompts, make);
    return (name) => listed.get(name);
  },
  uri<T>({ resources }: Listed, make: (entry: WrittenOperation) => T): Find<T> {
    const all = Object.entries(resources);
    const exact = table(Object.fromEntries(all.filter(([pattern]) => !pattern.endsWith('*'))), make);
    const prefixes = all
      .filter(([pattern]) => pattern.endsWith('*'))
      .map(([pattern, entry]) => ({ prefix: pattern.slice(0, -1), made: make(entry) }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    return (uri) => {
      const found = exact.get(uri);
      if (found !== undefined || prefixes.length === 0 || matchesExactOnly(uri)) return found;
      const made = prefixes.find(({ prefix }) => uri.startsWith(prefix))?.made;
      const parsed = made === undefined ? uri : (URL.parse(uri)?.href ?? uri);
      if (parsed === uri) return made;
      // Servers look up what parsing left: no space at the end, percent-encoding within. Another entry then is none here.
      const meant = exact.get(parsed) ?? prefixes.find(({ prefix }) => parsed.startsWith(prefix))?.made;
      return meant === made ? made : undefined;
    };
  },
};

/** A Map, because a tool may be called `constructor`. */
function table<T>(entries: Readonly<Record<string, WrittenOperation>>, make: (entry: WrittenOperation) => T) {
  return new Map(Object.entries(entries).map(([name, entry]) => [name, make(entry)]));
}

/** The method's part, then the target's. */
function merge(
  parts: readonly (WrittenOperation | undefined)[],
  impliersOf: (scope: string) => readonly string[],
): Needs {
  const present = parts.filter((part) => part !== undefined);
  const scopes = [...new Set(present.flatMap((part) => part.scopes))];
  const authentication = strictest(present);
  const labels: JsonObject = Object.assign({}, ...present.map((part) => part.labels));
  return {
    scopes,
    implied_by: Object.fromEntries(scopes.map((scope) => [scope, [...new Set(impliersOf(scope))]])),
    ...(authentication && { authentication }),
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
