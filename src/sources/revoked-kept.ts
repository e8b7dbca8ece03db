/** What the sources of revoked tokens have in common: looking again and again, never twice at once, and telling how it went. */
import type { SourceStatus } from '../facts/revocation/revocations.ts';

export interface KeptParts {
  /** Entries of one list at most. */
  readonly max_entries: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  /** Told of each look. @param problems what is wrong; empty: nothing. @param news whether that is not what it was before */
  readonly onLook: (problems: readonly string[], news: boolean) => void;
}

export interface Look {
  /** Whether what is held was the whole list, or the best of a broken one, when the look began. */
  readonly confirmed: boolean;
  readonly problems: readonly string[];
}

export interface Kept {
  age(): number;
  problems(): readonly string[];
  status(): Pick<SourceStatus, 'confirmed_at' | 'last_error'>;
  /** Looks once more, beginning after the call. */
  refresh(): Promise<void>;
  close(): void;
}

/** @param parts.look must not reject */
export function keep(parts: KeptParts & { readonly every_ms: number; readonly look: () => Promise<Look> }): Kept {
  const { now, ticks, onLook } = parts;
  let confirmed: { readonly at: number; readonly tick: bigint } | null = null;
  let problems: readonly string[] = [];
  let since: number | null = null;
  let closed = false;
  let looking: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;

  async function once(): Promise<void> {
    if (closed) return;
    const begun = { at: now(), tick: ticks() };
    const look = await parts.look();
    if (closed) return;
    if (look.confirmed) confirmed = begun;
    const news = look.problems.join('\n') !== problems.join('\n');
    if (news) since = now();
    ({ problems } = look);
    onLook(problems, news);
  }
  const refresh = () => {
    // One that has not begun yet will see what is there now: many that ask at once share it.
    if (next !== null) return next;
    next = looking.then(() => {
      next = null;
      return once();
    });
    looking = next;
    return next;
  };
  const timer = setInterval(() => void refresh(), parts.every_ms);
  timer.unref();

  return {
    age: () => (confirmed === null ? Number.POSITIVE_INFINITY : Number(ticks() - confirmed.tick) / 1e6),
    problems: () => problems,
    status: () => ({
      confirmed_at: confirmed === null ? null : timeOf(confirmed.at),
      last_error: problems.length === 0 ? null : { at: timeOf(since ?? now()), problems },
    }),
    refresh,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

const timeOf = (milliseconds: number) => new Date(milliseconds).toISOString();

/** `ENOENT`; never a message, which may hold more than it should. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unexpected failure';
}
