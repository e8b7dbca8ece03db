/**
 * The target of an adapter's request, as it was sent. Envoy puts a prefix before its client's raw path, so `POST
 * /../billing/mcp` would lead to another server if anything on the way took the whole for a URL (contract 7).
 */
import type { IncomingMessage } from 'node:http';

export const GATEWAYS = '/v1/gateways';

/** Node's request; `rawTarget` is what was sent, where `url` holds a constant in its place. */
export interface TargetedRequest extends IncomingMessage {
  rawTarget?: string;
}

/** RFC 9112 §3.2.2: a client may send a whole URL; what follows its authority is the target. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)(\/.*)$/is;

/** Takes an adapter's target out of the way before anything parses it as a URL; any other request stays as it is. */
export function setTargetAside(incoming: TargetedRequest): void {
  const { url = '' } = incoming;
  const [, authority, path = url] = url.startsWith('/') ? [] : (ABSOLUTE.exec(url) ?? []);
  if (!path.startsWith(GATEWAYS) || !/^(?:[/?]|$)/.test(path.slice(GATEWAYS.length))) return;
  incoming.rawTarget = path;
  // The authority stays, for who judges which hosts are served.
  incoming.url = authority === undefined ? GATEWAYS : `http://${authority}${GATEWAYS}`;
}

export interface AdapterTarget {
  /** First raw segment. */
  readonly profile: string;
  /** Second raw segment: the server, literally; nothing after it says which. */
  readonly key: string;
  /** All that follows the key, with its query; empty, or begins with `/` or `?`. */
  readonly rest: string;
}

/** @returns null when the target names no profile or no key */
export function readTarget(rawTarget: string): AdapterTarget | null {
  const [, profile, key, rest = ''] = /^\/([^/?]+)\/([^/?]+)(.*)$/s.exec(rawTarget.slice(GATEWAYS.length)) ?? [];
  return profile === undefined || key === undefined ? null : { profile, key, rest };
}

/** What a server or proxy might read as another path than the one that a gateway routed by. */
const HOSTILE = /\.\.|%2e|%2f|%5c|\\|\/\//i;

/**
 * Whether the path of a target, up to its query, could lead elsewhere than it seems to.
 * @param target raw: path and query
 */
export function isHostile(target: string): boolean {
  return HOSTILE.test(target.split('?', 1)[0] ?? '');
}
