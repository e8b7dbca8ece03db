/**
 * Verified tokens, so that a recurring token costs a hash and not a signature. Nothing that was withdrawn is served: an
 * entry counts only while the issuer's record says what it said, and the key is the one that it was verified with; both are
 * asked each time, the key of the record in force. So a registry that is read again costs no signature, and one that changed
 * the issuer, its keys' source or its algorithms serves none of its tokens.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenFacts } from '../../decision/facts.ts';
import type { KeyAnswer } from '../../decision/key.ts';
import type { IssuerRecord, Registry } from '../../registry/registry.ts';
import { isSameIssuer } from '../../registry/same-issuer.ts';
import type { KeyLookup, ReadAt } from './read.ts';
import type { Refused } from './refuse.ts';
import { MAX_TOKEN_LENGTH } from './split.ts';
import { refuseShared, type Wanted } from './verify-signature.ts';

export interface Verified {
  readonly kind: 'verified';
  readonly token: TokenFacts;
  readonly issuer: IssuerRecord;
}

/** The text of a token, as far as it is remembered. */
export interface Remembered {
  readonly digest: string;
  /** Characters. */
  readonly length: number;
}

interface Entry {
  readonly length: number;
  readonly reading: Verified;
  readonly wanted: Wanted;
  readonly generation: object;
}

export interface Memory {
  /**
   * Undefined: not remembered, or no longer true. Refused: still true, but by a key that is not good at this server.
   * Synchronous whenever the key lookup is.
   */
  recall(digest: string, at: RecallAt): Recalled | Promise<Recalled>;
  /** Drops what has become stale while it was verified. */
  keep(text: Remembered, reading: Verified, wanted: Wanted, generation: object): void;
}

type Recalled = Verified | Refused | undefined;

/** The server's own issuers count: one token may come to several servers. */
interface RecallAt {
  readonly registry: Pick<Registry, 'issuerByIss'>;
  readonly server: Pick<ReadAt['server'], 'issuers'>;
}

/**
 * Characters of token text for each token that may be remembered; what is held of one grows with its text, to some twice
 * as many bytes (measured). So larger tokens are fewer tokens, and the memory is bounded whatever issuers write.
 */
const MEAN_LENGTH = 2048;

/** SHA-256 of the whole text, signature included. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64');
}

/** @param size tokens, at least 1 */
export function createMemory(lookup: KeyLookup, size: number): Memory {
  const entries = new LRUCache<string, Entry>({ max: size, maxSize: Math.max(size * MEAN_LENGTH, MAX_TOKEN_LENGTH) });

  function confirmed(digest: string, entry: Entry, answer: KeyAnswer, trusted: readonly string[]): Recalled {
    const { reading, wanted, generation } = entry;
    if (answer.kind === 'key' && answer.generation === generation)
      return refuseShared(answer, wanted.kid, reading.issuer, trusted) ?? reading;
    if (entries.peek(digest) === entry) entries.delete(digest);
    return undefined;
  }

  /** The entry as of the record in force; undefined where that says something else. */
  function current(digest: string, entry: Entry, registry: Pick<Registry, 'issuerByIss'>): Entry | undefined {
    const { reading } = entry;
    const issuer = registry.issuerByIss.get(reading.issuer.issuer);
    if (issuer === reading.issuer) return entry;
    // Another record with the same iss may pin other algorithms, types or keys, or be disabled.
    if (issuer === undefined || !isSameIssuer(issuer, reading.issuer)) return undefined;
    // Compared once a token and registry. Only the record changes: whether its key is still the one, is asked as ever.
    const moved = { ...entry, reading: { ...reading, issuer } };
    entries.set(digest, moved, { size: moved.length });
    return moved;
  }

  return {
    recall(digest, { registry, server }) {
      const known = entries.get(digest);
      const entry = known && current(digest, known, registry);
      if (entry === undefined) return undefined;
      const answer = lookup(entry.reading.issuer, entry.wanted);
      return answer instanceof Promise
        ? answer.then((later) => confirmed(digest, entry, later, server.issuers))
        : confirmed(digest, entry, answer, server.issuers);
    },
    keep({ digest, length }, reading, wanted, generation) {
      const answer = lookup(reading.issuer, wanted);
      // A promise means that the key set is being renewed: the next reading keeps the token instead.
      if (answer instanceof Promise || answer.kind !== 'key' || answer.generation !== generation) return;
      entries.set(digest, { length, reading, wanted, generation }, { size: length });
    },
  };
}
