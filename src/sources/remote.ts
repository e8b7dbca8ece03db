/**
 * A bundle behind HTTP: what was fetched last, what is in force, and what lies in the cache. Which of them a reload tries is
 * decided here and nowhere else; when to ask the server is `poll.ts`.
 */
import type { RemoteBundle, SigningConfig } from '../config/bundle.ts';
import type { BundleStatus } from '../decide/decider.ts';
import { digestOf, openBundle, type ReadBundle } from '../policy/bundle.ts';
import { type BundleSource, type Offer, placed, refused, signingKey, time } from './bundle.ts';
import { type Cache, openCache } from './cache.ts';
import { type Download, download } from './download.ts';

interface Held {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface RemoteSource extends BundleSource {
  /**
   * Asks the server once. Never rejects.
   * @returns whether there is something new to try
   */
  check(stop: AbortSignal, wait_seconds?: number): Promise<Checked>;
  /** By its last answer; a start need not wait for the first delay then. */
  answersLongPolls(): boolean;
  /** The one digest that is taken from now on; undefined: whatever is newest. */
  pin(digest: string | undefined): void;
}

export type Checked =
  | { readonly ok: true; readonly changed: boolean }
  | { readonly ok: false; readonly problem: string };

export interface RemoteParts {
  readonly remote: RemoteBundle;
  readonly signing: SigningConfig | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function remoteBundle({ remote, signing, now }: RemoteParts): RemoteSource {
  const { origin, pathname } = new URL(remote.url);
  /** Without the query, which may hold a secret. */
  const place = `${origin}${pathname}`;
  const cache: Cache | null = remote.cache === undefined ? null : openCache(remote.cache, remote.keep, place);
  let pinned = remote.revision;
  /** As the server sent it last, good or bad. */
  let latest: Held | null = null;
  let etag: string | null = null;
  let good: (Held & Pick<BundleStatus, 'revision' | 'registry' | 'from_cache'>) | null = null;
  let refusedDigest: string | null = null;
  /** Milliseconds since the epoch. */
  let refusedAt = 0;
  let triedCache = false;
  let checked: number | null = null;
  let confirmed: number | null = null;
  let kept: readonly string[] = [];
  let last: BundleStatus['last_error'] = null;
  let failure: string | null = null;
  let longPolls = false;

  const note = (problems: readonly string[]) => {
    last = { at: time(now()), problems };
  };
  /** What is in force is what the server has, or what was chosen over it. */
  async function confirm(): Promise<void> {
    if (good === null || (pinned === undefined && latest !== null && latest.digest !== good.digest)) return;
    // Without an answer yet, what the cache says of its age stands.
    if (checked === null) return;
    confirmed = checked;
    await cache?.confirm(confirmed).catch(() => note([`${remote.cache}: cannot be written`]));
  }

  async function check(stop: AbortSignal, wait_seconds?: number): Promise<Checked> {
    const answer: Download = await download({ ...remote, etag, wait_seconds, stop });
    if (!answer.ok) {
      failure = answer.problem;
      if (!stop.aborted) note([`${place}: ${answer.problem}`]);
      return answer;
    }
    failure = null;
    checked = now();
    // Without an ETag no server would hold the next request.
    longPolls = answer.longPolling && (answer.status === 304 || answer.etag !== null);
    if (answer.status === 200) {
      latest = { digest: digestOf(answer.bytes), bytes: answer.bytes };
      etag = answer.etag;
    }
    // What made it bad may be mended, or was no more than a machine too busy to try it in time.
    // A clock that went back must not put that off.
    const waited = checked - refusedAt;
    if (waited < 0 || waited >= remote.polling.max_delay_seconds * 1000) refusedDigest = null;
    const isNew = latest !== null && latest.digest !== good?.digest && latest.digest !== refusedDigest;
    const changed = isNew && (pinned === undefined || pinned === latest?.digest);
    if (!changed) await confirm();
    // A bundle that was refused stays told; a request that failed before is over.
    if (latest === null || latest.digest !== refusedDigest) last = null;
    return { ok: true, changed };
  }

  function offerOf(held: Held, read: ReadBundle, from_cache: boolean): Offer {
    return {
      place,
      read,
      async accepted() {
        if (!read.ok) return;
        const { revision, registry } = read.bundle;
        good = { ...held, revision, registry: registry !== null, from_cache };
        if (latest?.digest === held.digest) [refusedDigest, last] = [null, null];
        if (cache !== null) {
          try {
            await cache.keep(held.digest, held.bytes);
            kept = await cache.list();
          } catch {
            note([`${remote.cache}: the bundle cannot be kept there, so that a start without network has none`]);
          }
        }
        if (latest !== null || pinned !== undefined) await confirm();
      },
      refused(problems) {
        const known = last;
        note([...problems]);
        if (latest?.digest === held.digest) {
          [refusedDigest, refusedAt] = [held.digest, now()];
          // Asked for whole again: it may have been damaged on the way, and what the ETag stands for not.
          etag = null;
          return good === null && !triedCache;
        }
        // What the server has, or why it does not answer, is the nearer problem.
        last = known ?? last;
        return false;
      },
    };
  }

  const nothing = (...problems: readonly string[]): Offer => ({
    place,
    read: refused(...problems),
    accepted: async () => {},
    refused: (told) => {
      note([...told]);
      return false;
    },
  });

  async function choose(): Promise<{ readonly held: Held; readonly from_cache: boolean } | string> {
    if (latest === null && good === null && !triedCache) await check(new AbortController().signal);
    const wanted = (held: Held | null): held is Held =>
      held !== null && (pinned === undefined || held.digest === pinned);
    if (wanted(latest) && latest.digest !== refusedDigest) return { held: latest, from_cache: false };
    if (wanted(good)) return { held: good, from_cache: good.from_cache };
    triedCache = true;
    if (cache !== null && signing === undefined && pinned === undefined && (await cache.isOpenToOthers()))
      return `${place}: ${failure ?? 'the bundle there was refused'}, and ${remote.cache} may be written to by others: chmod go-w, or sign bundles`;
    const before = (await cache?.last()) ?? null;
    const digest = pinned ?? before?.digest;
    const bytes = digest === undefined ? null : ((await cache?.read(digest)) ?? null);
    if (digest !== undefined && bytes !== null && digest !== refusedDigest) {
      confirmed ??= before === null ? null : Math.min(before.confirmed_at, now());
      return { held: { digest, bytes }, from_cache: true };
    }
    if (pinned !== undefined) {
      const has = latest === null ? (failure ?? 'nothing') : latest.digest;
      return `bundle.revision ${pinned} is neither in the cache nor at ${place} (there: ${has})`;
    }
    const without = cache === null ? 'and there is no cache to start from' : 'and the cache holds no good bundle';
    return failure === null ? `${place}: the bundle there was refused, ${without}` : `${place}: ${failure}, ${without}`;
  }

  const isStale = () => {
    const { max_staleness_seconds: most } = remote;
    // A clock that was ahead, and went back, must not make it younger for longer than that.
    if (confirmed !== null && confirmed > now()) confirmed = now();
    return most !== undefined && (confirmed === null || now() - confirmed > most * 1000);
  };

  return {
    check,
    answersLongPolls: () => longPolls,
    pin(digest) {
      pinned = digest;
    },
    async offer() {
      const chosen = await choose();
      if (typeof chosen === 'string') return nothing(chosen);
      const key = await signingKey(signing);
      if (!key.ok) return nothing(key.problem);
      const { held, from_cache } = chosen;
      return offerOf(held, placed(place, await openBundle(held.bytes, key.key)), from_cache);
    },
    status: () => ({
      source: 'url',
      location: place,
      digest: good?.digest ?? null,
      revision: good?.revision ?? null,
      registry: good?.registry ?? false,
      signed: signing !== undefined,
      from_cache: good?.from_cache ?? false,
      checked_at: checked === null ? null : time(checked),
      confirmed_at: confirmed === null ? null : time(confirmed),
      stale: isStale(),
      pinned: pinned ?? null,
      kept,
      last_error: last,
    }),
    isStale,
  };
}
