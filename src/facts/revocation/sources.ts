/** Lists from several sources as one answer. What any of them revokes is revoked; one that cannot be had leaves nobody sure. */
import type { TokenFacts } from '../../decision/facts.ts';
import type { WrittenEntry } from './entry.ts';
import type { Revocations, RevokedBy, SourceStatus } from './revocations.ts';

/** One source, as whoever keeps it up to date shows it. */
export interface RevocationSource {
  /** From what is held, however old that is. @param now seconds since the epoch */
  find(token: TokenFacts, issuer: string, now: number): RevokedBy | null;
  /** Milliseconds since what is held was known to be the whole list; Infinity: never yet. By a clock that never jumps. */
  age(): number;
  /** Why the list cannot be used, whatever its age; null: nothing is wrong. */
  unusable(): string | null;
  status(): SourceStatus;
  /** Whether an entry came from this event. */
  knows(event: string): boolean;
  /** Registry keys that entries name. */
  issuers(): readonly string[];
  /**
   * What is written outlasts this process.
   * @returns null once it is written, and in force here unless the source is lost that very moment; else why not
   */
  add(entries: readonly WrittenEntry[]): Promise<string | null>;
  /** Looks now. @returns once what the source held at the time of the call is in force, or cannot be had */
  refresh(): Promise<void>;
  close(): void;
}

export interface RevocationsParts {
  readonly sources: readonly RevocationSource[];
  readonly max_staleness_seconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createRevocations({ sources, max_staleness_seconds, now }: RevocationsParts): Revocations {
  const most = max_staleness_seconds * 1000;
  const missing = (source: RevocationSource) => source.unusable() ?? (source.age() > most ? OLD : null);
  return {
    judge(token, issuer) {
      const seconds = Math.floor(now() / 1000);
      for (const source of sources) {
        const by = source.find(token, issuer, seconds);
        if (by !== null) return { kind: 'revoked', by };
      }
      for (const source of sources) {
        const why = missing(source);
        if (why !== null) return { kind: 'unavailable', detail: `the list in ${source.status().source} ${why}` };
      }
      return CLEAR;
    },
    status() {
      const all = sources.map((source) => source.status());
      return {
        entries: all.reduce((sum, { entries }) => sum + entries, 0),
        available: sources.every((source) => missing(source) === null),
        sources: all,
      };
    },
  };
}

const CLEAR = { kind: 'clear' } as const;
const OLD = 'could not be read in time (revocation.max_staleness_seconds)';
