/**
 * Verified tokens, so that a recurring token costs a hash and not a signature. Nothing that was withdrawn is served: an
 * entry counts only while the issuer's record and the key are those it was verified with, and both are asked each time.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenFacts } from '../../decision/facts.ts';
import type { KeyAnswer } from '../../decision/key.ts';
import type { IssuerRecord, Registry } from '../../registry/registry.ts';
import type { KeyLookup } from './read.ts';
import type { Wanted } from './verify-signature.ts';

export interface Verified {
  readonly kind: 'verified';
  readonly token: TokenFacts;
  readonly issuer: IssuerRecord;
}

interface Entry {
  readonly reading: Verified;
  readonly wanted: Wanted;
  readonly generation: object;
}

export interface Memory {
  /** Undefined: not remembered, or no longer true. Synchronous whenever the key lookup is. */
  recall(digest: string, registry: Pick<Registry, 'issuerByIss'>): Verified | undefined | Promise<Verified | undefined>;
  /** Drops what has become stale while it was verified. */
  keep(digest: string, reading: Verified, wanted: Wanted, generation: object): void;
}

/** SHA-256 of the whole text, signature included. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64');
}

/** @param size tokens, at least 1 */
export function createMemory(lookup: KeyLookup, size: number): Memory {
  const entries = new LRUCache<string, Entry>({ max: size });

  function confirmed(digest: string, entry: Entry, answer: KeyAnswer): Verified | undefined {
    if (answer.kind === 'key' && answer.generation === entry.generation) return entry.reading;
    if (entries.peek(digest) === entry) entries.delete(digest);
    return undefined;
  }

  return {
    recall(digest, registry) {
      const entry = entries.get(digest);
      if (entry === undefined) return undefined;
      const { issuer } = entry.reading;
      // Another record with the same iss may pin other algorithms, types or keys, or be disabled.
      if (registry.issuerByIss.get(issuer.issuer) !== issuer) return undefined;
      const answer = lookup(issuer, entry.wanted);
      return answer instanceof Promise
        ? answer.then((later) => confirmed(digest, entry, later))
        : confirmed(digest, entry, answer);
    },
    keep(digest, reading, wanted, generation) {
      const answer = lookup(reading.issuer, wanted);
      // A promise means that the key set is being renewed: the next reading keeps the token instead.
      if (answer instanceof Promise || answer.kind !== 'key' || answer.generation !== generation) return;
      entries.set(digest, { reading, wanted, generation });
    },
  };
}
