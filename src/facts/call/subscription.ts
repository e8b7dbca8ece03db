/** What a `subscriptions/listen` listens to (MCP 2026-07-28, and `taskIds` of the tasks extension, SEP-2663). */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import { LISTEN, LISTS } from '../../registry/method.ts';
import { type Defect, kindOf, shown } from './malformed.ts';
import { targetDefect } from './target.ts';

/** Targets of one subscription: each is looked up and told to the rules, and a client may open more subscriptions. */
const MAX_TARGETS = 256;

/** Members of the filter that ask for the changes of a list, and the method that reads the list. */
const LIST_CHANGES: ReadonlyMap<string, string> = new Map([
  ['toolsListChanged', 'tools/list'],
  ['promptsListChanged', 'prompts/list'],
  ['resourcesListChanged', 'resources/list'],
]);
const MEMBERS = [...LIST_CHANGES.keys(), 'resourceSubscriptions', 'taskIds'];

export type Listening = Required<Pick<CallFacts, 'lists' | 'uris' | 'tasks'>>;

/** @param filter `params.notifications`. A member that is not known could ask for anything, so there is none. */
export function readFilter(filter: Json | undefined): Listening | Defect {
  const place = 'params.notifications';
  if (!isJsonObject(filter)) {
    const remedy = 'Send the filter of what to listen to, {} for nothing.';
    return { expected: `${place} of ${LISTEN} to be an object`, found: kindOf(filter), remedy };
  }
  const unknown = Object.keys(filter).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    const remedy = 'Write member names exactly as MCP does, and leave out what is not MCP’s.';
    return { expected: `${place} with no members but ${MEMBERS.join(', ')}`, found: shown(unknown), remedy };
  }
  const lists: string[] = [];
  for (const [name, method] of LIST_CHANGES) {
    const wanted = Object.hasOwn(filter, name) ? filter[name] : false;
    if (typeof wanted !== 'boolean') {
      const remedy = 'Send true, or leave it out.';
      return { expected: `${place}.${name} to be true or false`, found: kindOf(wanted), remedy };
    }
    if (wanted) lists.push(method);
  }
  const uris = textsOf(filter, 'resourceSubscriptions');
  if (!Array.isArray(uris)) return uris;
  const tasks = textsOf(filter, 'taskIds');
  if (!Array.isArray(tasks)) return tasks;
  return listenDefect({ lists, uris, tasks }, place) ?? { lists, uris, tasks };
}

function textsOf(filter: JsonObject, name: string): string[] | Defect {
  const values = Object.hasOwn(filter, name) ? filter[name] : [];
  const texts = Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
  if (Array.isArray(values) && texts.length === values.length) return [...new Set(texts)];
  const found = Array.isArray(values) ? 'a list with other values' : kindOf(values);
  return { expected: `params.notifications.${name} to be a list of strings`, found, remedy: 'Send strings only.' };
}

/** @param place how the sender calls what holds the lists */
export function listenDefect(
  { lists = [], uris = [], tasks = [] }: { [K in keyof Listening]?: Listening[K] | undefined },
  place: string,
): Defect | null {
  // There are few lists, but a gateway may name one very often.
  const count = Math.max(lists.length, uris.length + tasks.length);
  if (count > MAX_TARGETS) {
    const remedy = 'Open more subscriptions with fewer targets each.';
    return {
      expected: `at most ${MAX_TARGETS} resources and tasks, and as many lists, in ${place}`,
      found: String(count),
      remedy,
    };
  }
  const list = lists.find((name) => !LISTS.has(name));
  if (list !== undefined) {
    const remedy = 'Send the methods of the lists.';
    return { expected: `lists of ${place} to be of ${[...LISTS].join(', ')}`, found: shown(list), remedy };
  }
  return (
    firstDefect(uris, (uri) => targetDefect(LISTEN, 'uri', uri, `each URI in ${place}`)) ??
    firstDefect(tasks, (task) => targetDefect(LISTEN, 'task', task, `each task in ${place}`)) ??
    firstDefect([...uris, ...tasks], (target) => (target.includes(' ') ? spaced(place, target) : null))
  );
}

function firstDefect(targets: readonly string[], judge: (target: string) => Defect | null): Defect | null {
  for (const target of targets) {
    const defect = judge(target);
    if (defect !== null) return defect;
  }
  return null;
}

/** Waivers name such an operation by its targets with spaces between them. */
function spaced(place: string, target: string): Defect {
  const remedy = 'Percent-encode it: no URI holds a space (RFC 3986 §2).';
  return { expected: `targets without spaces in ${place}`, found: shown(target), remedy };
}
