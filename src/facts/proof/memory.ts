/**
 * Used proofs in this process alone. It never forgets one that would be accepted again: what is full refuses, and ends with
 * the proof's own age. What a former process held is lost, so proofs made before this one began are refused (`dpop.ts`).
 */
import type { UseAnswer } from './proofs.ts';
import type { UseEntry, UseStore } from './store.ts';

export interface MemoryParts {
  /** Entries at most; some 200 bytes each (docs/proofs.md). */
  readonly max_entries: number;
  /** Seconds since the epoch, from which on all uses are held here; only told. */
  readonly started_at: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  /** Settles after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

export interface MemoryStore extends UseStore {
  /** Entries that are held now. */
  readonly size: () => number;
}

/** Milliseconds within which the same request id is the gateway's own second try (design 4). */
export const RETRY_MS = 5000;
/** Milliseconds by which a timer may be early. */
export const TIMER_MS = 20;
/** Milliseconds that a proof can be ahead which was just found to be in time (`dpop.ts`), and a second for its fraction. */
export const MAX_EARLY_MS = 6000;

interface Marked {
  readonly retry: string;
  /** Nanoseconds, as of `ticks`. */
  readonly at: bigint;
}

export function createMemoryStore({ max_entries, started_at, now, ticks, wait }: MemoryParts): MemoryStore {
  /** By key; null: no other use of it is the same request. */
  const used = new Map<string, Marked | null>();
  /** The same keys by the second in which they end: all of them lie within the age of a proof, so these are few. */
  const ending = new Map<number, string[]>();
  /** The latest end of those that went. What ends no later may have been among them, should the clock be set back. */
  let forgotten = 0;
  let swept = 0;

  function sweep(): void {
    const second = Math.floor(now() / 1000);
    if (second === swept) return;
    swept = second;
    for (const [until, keys] of ending) {
      if (until > second) continue;
      for (const key of keys) used.delete(key);
      ending.delete(until);
      forgotten = Math.max(forgotten, until);
    }
  }

  function judge(key: string, { until, retry }: UseEntry): UseAnswer {
    sweep();
    const marked = used.get(key);
    if (marked !== undefined) {
      const again = marked !== null && marked.retry === retry && ticks() - marked.at <= BigInt(RETRY_MS) * 1_000_000n;
      return again ? { kind: 'fresh', again } : { kind: 'replayed' };
    }
    if (until <= forgotten) return { kind: 'forgotten' };
    return used.size < max_entries
      ? { kind: 'fresh' }
      : {
          kind: 'unavailable',
          detail: `the store is full with ${max_entries} used proofs (proofs.replay.max_entries)`,
        };
  }

  const size = () => {
    sweep();
    return used.size;
  };
  return {
    size,
    status: () => ({
      ...{ store: 'memory', location: null, available: size() < max_entries },
      accepted_since: new Date(started_at * 1000).toISOString(),
      ...{ entries: size(), max_entries, last_error: null },
    }),
    use(key, entry, mark) {
      const answer = judge(key, entry);
      if (!mark || answer.kind !== 'fresh') return answer;
      const { until, issued_at, retry } = entry;
      if (answer.again !== true) {
        used.set(key, retry === undefined ? null : { retry, at: ticks() });
        const keys = ending.get(until);
        if (keys === undefined) ending.set(until, [key]);
        else keys.push(key);
      }
      // Of a client whose clock is ahead: were it let through now and this process ended, the next one would take the proof
      // for one that was made after its own start.
      const early = issued_at * 1000 - now();
      if (early > MAX_EARLY_MS) return { kind: 'unavailable', detail: 'the clock was set back' };
      return early > 0 ? wait(early + TIMER_MS).then(() => answer) : answer;
    },
  };
}
