/** What audgate knows of MCP's methods (contract 1). Everything that is not here or in the registry is not open. */

/** A valid token suffices. Their targets, if any, are not looked at. */
export const OPEN_METHODS: readonly string[] = [
  'initialize',
  'ping',
  'server/discover',
  'logging/setLevel',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
];

/** Open likewise, and the only wildcard. */
export const NOTIFICATIONS = 'notifications/';

/** The member of a call that names what it touches. */
export type TargetKind = 'tool' | 'prompt' | 'uri' | 'task';

export const TARGET_KINDS: readonly TargetKind[] = ['tool', 'prompt', 'uri', 'task'];

/** The target decides whether these are open. */
export const METHODS_BY_TARGET: ReadonlyMap<string, Exclude<TargetKind, 'task'>> = new Map([
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'uri'],
  ['resources/subscribe', 'uri'],
  ['resources/unsubscribe', 'uri'],
]);

/** Its target, a prompt or a resource, decides likewise. */
export const COMPLETE = 'completion/complete';

/** One stream for many targets: each of them decides (MCP 2026-07-28). */
export const LISTEN = 'subscriptions/listen';

/** Lists whose changes it can name, by the methods that read them. */
export const LISTS: ReadonlySet<string> = new Set(['tools/list', 'prompts/list', 'resources/list']);

/**
 * They name a task by an id that the server gave it, which no registry can list: they are open where `methods` has them.
 * get, result and cancel of revision 2025-11-25; get, update and cancel of the tasks extension (SEP-2663).
 */
export const TASK_METHODS: readonly string[] = ['tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel'];

/**
 * What stands for a client's request that has no JSON-RPC request in it: an event stream, the end of a session, an answer to
 * the server. No message can name them, and they are open where `methods` has them.
 */
export const PSEUDO_METHODS: readonly string[] = ['http/get', 'http/delete', 'rpc/response'];

/** Any call at all: the method where `call_from` is none. No registry can list it. */
export const ANY_CALL = '*';

/** In place of a method, where asked is what a token opens. Judged is each call that it stands for, never itself. */
export const ALL_CALLS = 'audgate/allowed';

/**
 * Members of which a call of this method has exactly one; an empty list: none.
 * @returns undefined for a method that audgate does not know. `subscriptions/listen` has none of them, but lists.
 */
export function targetsOf(method: string): readonly TargetKind[] | undefined {
  const kind = METHODS_BY_TARGET.get(method);
  if (kind !== undefined) return [kind];
  if (method === COMPLETE) return ['prompt', 'uri'];
  if (TASK_METHODS.includes(method)) return ['task'];
  const none =
    OPEN_METHODS.includes(method) ||
    method.startsWith(NOTIFICATIONS) ||
    PSEUDO_METHODS.includes(method) ||
    method === LISTEN ||
    method === 'tasks/list';
  return none ? [] : undefined;
}
