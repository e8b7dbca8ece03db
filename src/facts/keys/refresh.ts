/**
 * One issuer's remote key set: fetched when first asked for, renewed ahead of its maximum age, kept through an outage.
 * NOT guaranteed: that a key which the issuer withdrew stops at once. It stops with the next fetch that succeeds, at
 * the latest at the outage ceiling.
 */
import type { KeyAnswer } from '../../decision/key.ts';
import type { Algorithm } from '../../registry/registry.ts';
import type { Download } from './download.ts';
import { choose, importRing, type Ring } from './import.ts';
import type { RequestParts } from './request.ts';
import type { KeySet, KeysEvent, KeysSettings } from './set.ts';

/** Share of the maximum age after which a lookup starts a refresh without waiting for it. */
const REFRESH_AHEAD = 0.8;

export function createRemoteSet(parts: {
  readonly issuer: string;
  /** One try to get the set. */
  readonly download: (parts: RequestParts) => Promise<Download>;
  readonly algorithms: readonly Algorithm[];
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch; may jump. */
  readonly now: () => number;
  readonly settings: KeysSettings;
  readonly onEvent: (event: KeysEvent) => void;
  /** Called when a request begins. */
  readonly onRequest: () => void;
  /** Called when another set is held. */
  readonly onChange: () => void;
}): KeySet {
  const { issuer, settings } = parts;
  const cooldown = settings.cooldown_seconds * 1000;
  const ceiling = settings.outage_ceiling_seconds * 1000;
  const maxAge = Math.min(settings.max_age_seconds * 1000, ceiling);
  const elapsed = createStopwatch(parts.now);
  const stop = new AbortController();

  /** The last good set, and when it was fetched: by the stopwatch, and by the clock for people. */
  let good: { readonly ring: Ring; readonly at: number; readonly clock: number } | null = null;
  let lastError: string | null = null;
  /** Whether a request ended, well or not. */
  let tried = false;
  let request: { readonly done: Promise<void>; readonly at: number } | null = null;
  /** No request at all before this time: the last one failed. */
  let failedUntil = Number.NEGATIVE_INFINITY;
  /** No request for an unknown kid before this time: the last one did not bring such a kid either. */
  let missedUntil = Number.NEGATIVE_INFINITY;

  function find(wanted: { kid: string; alg: Algorithm }): KeyAnswer | Promise<KeyAnswer> {
    const at = elapsed();
    const age = good === null ? Number.POSITIVE_INFINITY : at - good.at;
    if (age >= maxAge) return mayFetch(at) ? load(at, wanted) : held(at, wanted);
    const answer = held(at, wanted);
    if (answer.kind === 'unknown' && (request !== null || at >= missedUntil) && mayFetch(at)) return load(at, wanted);
    refreshAhead(at);
    return answer;
  }

  /** A refresh that fails changes nothing yet: the lookups after the maximum age will wait for the next one. */
  function refreshAhead(at: number): void {
    const due = good === null || at - good.at >= maxAge * REFRESH_AHEAD;
    if (due && request === null && mayFetch(at)) fetchOnce(at);
  }

  /** A request that is under way may always be joined. */
  function mayFetch(at: number): boolean {
    return request !== null || (at >= failedUntil && !stop.signal.aborted);
  }

  function held(at: number, wanted: { kid: string; alg: Algorithm }): KeyAnswer {
    if (good !== null && at - good.at < ceiling) return choose(good.ring, wanted);
    return { kind: 'unavailable', detail: lastError ?? 'the key source is no longer in use' };
  }

  /** Whether a key that serves is held. */
  function isServing(at: number): boolean {
    return good !== null && at - good.at < ceiling && good.ring.usable > 0;
  }

  async function load(at: number, wanted: { kid: string; alg: Algorithm }): Promise<KeyAnswer> {
    const joined = request ?? fetchOnce(at);
    await joined.done;
    const answer = held(elapsed(), wanted);
    if (answer.kind === 'unknown') missedUntil = Math.max(missedUntil, joined.at + cooldown);
    return answer;
  }

  function fetchOnce(at: number) {
    const done = fetchSet(at)
      .catch((error: unknown) => failed(at, `internal error (${error instanceof Error ? error.name : typeof error})`))
      .finally(() => {
        request = null;
        tried = true;
      });
    const started = { at, done };
    request = started;
    parts.onRequest();
    return started;
  }

  /** Whatever goes wrong leaves the last good set in place and starts the cooldown. */
  async function fetchSet(at: number): Promise<void> {
    const previous = good?.ring ?? null;
    const answer = await parts.download({
      fetch: parts.fetch,
      timeout_ms: settings.timeout_ms,
      stop: stop.signal,
    });
    if (!answer.ok) return failed(at, answer.detail);
    const ring = await importRing(answer.members, parts.algorithms, previous);
    // An issuer's mistake, or its answer while it starts: no reason to forget what was good. Where nothing was, keys of
    // other algorithms are held too, so that their tokens are refused and not delayed.
    const replaces = ring.usable > 0 || (ring.keys.size > 0 && !isServing(elapsed()));
    if (!replaces) return failed(at, `none of the ${answer.members.length} members is a usable key`);
    if (stop.signal.aborted) return failed(at, 'the request was stopped');
    good = { ring, at, clock: parts.now() };
    lastError = null;
    parts.onChange();
    parts.onEvent({ kind: 'keys_fetched', issuer, keys: ring.usable, skipped: ring.skipped });
  }

  function failed(at: number, detail: string): void {
    failedUntil = at + cooldown;
    lastError = detail;
    parts.onEvent({ kind: 'keys_failed', issuer, detail });
  }

  return {
    find,
    known: () => good?.ring ?? null,
    prepare() {
      refreshAhead(elapsed());
      return tried ? undefined : request?.done;
    },
    status: () => ({
      keys: good !== null && isServing(elapsed()) ? good.ring.usable : 0,
      fetched_at: good === null ? null : new Date(good.clock).toISOString(),
      last_error: lastError,
    }),
    close: () => stop.abort(),
  };
}

/**
 * Milliseconds that went by, from a clock that may be set back: a step back counts as no time, so that it neither makes
 * keys immortal nor ends a cooldown. A step forward counts, and at worst causes one early fetch.
 */
function createStopwatch(now: () => number): () => number {
  let last = now();
  let total = 0;
  return () => {
    const current = now();
    if (current > last) total += current - last;
    last = current;
    return total;
  };
}
