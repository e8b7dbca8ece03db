/** The entries of one source, indexed so that a decision costs a few look-ups whatever their number. */
import type { TokenFacts } from '../../decision/facts.ts';
import type { Entry } from './entry.ts';
import type { RevokedBy } from './revocations.ts';

export interface RevocationList {
  add(entry: Entry): void;
  /** @param now seconds since the epoch */
  find(token: TokenFacts, issuer: string, now: number): RevokedBy | null;
  /** Entries that are held; those that have ended meanwhile are among them. */
  size(): number;
  /** Whether an entry came from this event. */
  knows(event: string): boolean;
  /** Registry keys that entries name. */
  issuers(): ReadonlySet<string>;
}

interface Span {
  readonly before: number;
  readonly until: number;
}

/** Values hold no control characters. */
const SEPARATOR = '\n';
const keyOf = (...parts: readonly string[]) => parts.join(SEPARATOR);

export function createList(): RevocationList {
  /** By what, issuer and value → its end. */
  const exact = new Map<string, number>();
  /** Issuer, subject and client (empty: all) → times; more than one only where neither covers the other. */
  const spans = new Map<string, readonly Span[]>();
  const events = new Set<string>();
  const issuers = new Set<string>();
  let issuedBefore = 0;

  function addSpan({ issuer, sub = '', client_id = '', before, until }: Entry): void {
    const key = keyOf(issuer, sub, client_id);
    const held = spans.get(key) ?? [];
    if (held.some((other) => other.before >= before && other.until >= until)) return;
    const left = held.filter((other) => other.before > before || other.until > until);
    issuedBefore += left.length + 1 - held.length;
    spans.set(key, [...left, { before, until }]);
  }

  const inForce = (key: string, now: number) => {
    const until = exact.get(key);
    return until !== undefined && now < until;
  };

  return {
    add(entry) {
      issuers.add(entry.issuer);
      if (entry.event !== undefined) events.add(entry.event);
      if (entry.by === 'issued_before') return addSpan(entry);
      const key = keyOf(entry.by, entry.issuer, entry.value);
      exact.set(key, Math.max(entry.until, exact.get(key) ?? 0));
    },
    find({ token_id, subject, client_id, issued_at }, issuer, now) {
      if (exact.size > 0) {
        if (token_id !== undefined && inForce(keyOf('jti', issuer, token_id), now)) return 'jti';
        if (subject !== undefined && inForce(keyOf('sub', issuer, subject), now)) return 'sub';
        if (client_id !== undefined && inForce(keyOf('client_id', issuer, client_id), now)) return 'client_id';
      }
      if (spans.size === 0) return null;
      for (const sub of subject === undefined ? [''] : ['', subject]) {
        for (const client of client_id === undefined ? [''] : ['', client_id]) {
          for (const { before, until } of spans.get(keyOf(issuer, sub, client)) ?? []) {
            // A token that does not say when it was issued may have been issued before any time.
            if (now < until && (issued_at === undefined || issued_at < before)) return 'issued_before';
          }
        }
      }
      return null;
    },
    size: () => exact.size + issuedBefore,
    knows: (event) => events.has(event),
    issuers: () => issuers,
  };
}
