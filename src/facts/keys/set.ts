/** What the two kinds of key set have in common, and the inline kind. */
import type { KeyAnswer } from '../../decision/key.ts';
import type { JsonObject } from '../../json/value.ts';
import type { Algorithm } from '../../registry/registry.ts';
import { choose, importRing, type Ring } from './import.ts';

export interface KeysSettings {
  /** A set older than this is fetched anew before it is used. */
  readonly max_age_seconds: number;
  /** Time between two requests after a failure, and between two for unknown kids. */
  readonly cooldown_seconds: number;
  /** For one request: connection, headers and body. */
  readonly timeout_ms: number;
  /** How long after it was fetched the last good set may serve while no newer one is to be had. */
  readonly outage_ceiling_seconds: number;
}

/** For logs and metrics: no key, no URL. `issuer` is the registry key. */
export type KeysEvent =
  | {
      readonly kind: 'keys_fetched';
      readonly issuer: string;
      readonly keys: number;
      readonly skipped: readonly string[];
    }
  | { readonly kind: 'keys_failed'; readonly issuer: string; readonly detail: string }
  /** One key stands in the sets of all of these. Told when it is found, and again when other issuers have it. */
  | { readonly kind: 'key_shared'; readonly issuers: readonly string[]; readonly kids: readonly string[] };

export interface KeySetStatus {
  /** Keys that serve one of the issuer's algorithms now. */
  readonly keys: number;
  /** RFC 3339; null: never, or inline. */
  readonly fetched_at: string | null;
  /** Of the last request, null when it succeeded. */
  readonly last_error: string | null;
}

export interface KeySet {
  /** Synchronous whenever no request has to be waited for. Never rejects. */
  find(wanted: { kid: string; alg: Algorithm }): KeyAnswer | Promise<KeyAnswer>;
  /** What stands in the set, as far as it is known; however old. */
  known(): Ring | null;
  /** Has the set fetched if it never was, or is due. @returns what to wait for; undefined: it was tried before. */
  prepare(): Promise<void> | undefined;
  status(): KeySetStatus;
  /** Ends a request under way and allows no more; what is held still serves the decisions that use it. */
  close(): void;
}

/** Keys that stand in the registry itself. They change only with it. */
export function createInlineSet(
  members: readonly JsonObject[],
  algorithms: readonly Algorithm[],
  onChange: () => void,
): KeySet {
  let ring: Ring | null = null;
  const ready = importRing(members, algorithms, null).then((imported) => {
    ring = imported;
    onChange();
    return imported;
  });
  const answer = (from: Ring, wanted: { kid: string; alg: Algorithm }): KeyAnswer =>
    from.keys.size > 0
      ? choose(from, wanted)
      : { kind: 'unavailable', detail: 'none of the inline keys is a usable public key' };
  return {
    find: (wanted) => (ring === null ? ready.then((imported) => answer(imported, wanted)) : answer(ring, wanted)),
    known: () => ring,
    prepare: () => (ring === null ? ready.then(() => {}) : undefined),
    status: () => ({
      keys: ring?.usable ?? 0,
      fetched_at: null,
      last_error: ring !== null && ring.keys.size === 0 ? 'none of the inline keys is a usable public key' : null,
    }),
    close: () => {},
  };
}
