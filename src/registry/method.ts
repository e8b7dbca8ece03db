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

export type TargetKind = 'tool' | 'prompt' | 'uri';

/** The target decides whether these are open. */
export const METHODS_BY_TARGET: ReadonlyMap<string, TargetKind> = new Map([
  ['tools/call', 'tool'],
  ['prompts/get', 'prompt'],
  ['resources/read', 'uri'],
  ['resources/subscribe', 'uri'],
  ['resources/unsubscribe', 'uri'],
]);

/** Completion, subscriptions and tasks have targets of their own, and pseudo-methods stand for what is no call. */
const LATER = /^(?:completion|subscriptions|tasks|http|rpc)(?:\/|$)/;

/** Methods that a later version judges. Until then no entry opens them. */
export function isLaterMethod(method: string): boolean {
  return LATER.test(method);
}
