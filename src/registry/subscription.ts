/** The operation of a `subscriptions/listen`: one stream that needs what each of its many targets needs (MCP 2026-07-28). */
import type { CallFacts } from '../decision/facts.ts';
import type { OperationInput } from '../decision/input.ts';
import type { Json, JsonObject } from '../json/value.ts';
import { LISTEN, LISTS } from './method.ts';
import type { WrittenOperation } from './schema/operation.ts';

type Parts = readonly (WrittenOperation | undefined)[];

/** Targets of a subscription that the registry does not open. */
export interface Unlisted {
  readonly uris: readonly string[];
  readonly tasks: readonly string[];
}

export interface Subscriptions {
  /** Undefined when any one target is not open. */
  operation(call: CallFacts): OperationInput | undefined;
  unlisted(call: CallFacts): Unlisted;
  /** Labels of each operation that the call is at once, all different; undefined for a call that is one. */
  eachLabels(call: CallFacts): readonly JsonObject[] | undefined;
}

/**
 * @param resource the entry that a URI matches
 * @param needs the scopes of all parts together
 */
export function subscriptions(
  methods: ReadonlyMap<string, WrittenOperation>,
  resource: (uri: string) => WrittenOperation | undefined,
  needs: (...parts: Parts) => Omit<OperationInput, 'name'>,
): Subscriptions {
  // A task is open as `tasks/get` is: where `methods` has it.
  const unlisted = ({ uris = [], tasks = [] }: CallFacts): Unlisted => ({
    uris: uris.filter((uri) => resource(uri) === undefined),
    tasks: methods.has('tasks/get') ? [] : tasks,
  });
  return {
    unlisted,
    eachLabels({ lists = [], uris = [], tasks = [] }) {
      const listen = methods.get(LISTEN);
      const subscribe = methods.get('resources/subscribe');
      return differing([
        ...lists.map((list) => [listen, methods.get(list)]),
        ...uris.map((uri) => [listen, subscribe, resource(uri)]),
        ...(tasks.length > 0 ? [[listen, methods.get('tasks/get')]] : []),
        ...(lists.length + uris.length + tasks.length === 0 ? [[listen]] : []),
      ]);
    },
    operation(call) {
      const { tool, prompt, uri, task, lists = [], uris = [], tasks = [] } = call;
      const single = tool ?? prompt ?? uri ?? task;
      if (single !== undefined || !lists.every((list) => LISTS.has(list))) return undefined;
      const closed = unlisted(call);
      if (closed.uris.length > 0 || closed.tasks.length > 0) return undefined;
      const parts = [
        methods.get(LISTEN),
        ...lists.map((list) => methods.get(list)),
        ...(uris.length > 0 ? [methods.get('resources/subscribe')] : []),
        ...uris.map(resource),
        ...(tasks.length > 0 ? [methods.get('tasks/get')] : []),
      ];
      return { name: [LISTEN, ...lists, ...uris, ...tasks].join(' '), ...needs(...parts), labels: labelsOf(parts) };
    },
  };
}

/** @param operations the parts of each, of which a later one's label takes the place of an earlier one's, as everywhere */
export function differing(operations: readonly Parts[]): readonly JsonObject[] {
  const all = operations.map((parts): JsonObject => Object.assign({}, ...parts.map((part) => part?.labels)));
  return [...new Map(all.map((labels) => [JSON.stringify(labels), labels])).values()];
}

/**
 * Labels of what many entries stand for. One on which they differ becomes the list of its values: a client orders its
 * targets, and must not hide one of them by it.
 */
export function labelsOf(parts: Parts): JsonObject {
  const values = new Map<string, Json[]>();
  for (const part of parts) {
    for (const [name, value] of Object.entries(part?.labels ?? {})) {
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else if (!known.some((other) => JSON.stringify(other) === JSON.stringify(value))) known.push(value);
    }
  }
  return Object.fromEntries(
    [...values].map(([name, found]) => [name, found.length === 1 ? (found[0] ?? null) : found]),
  );
}
