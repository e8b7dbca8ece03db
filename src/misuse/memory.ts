/**
 * What is remembered of tokens and clients, in bounded memory. Tokens are known by a keyed digest whose key never leaves the
 * process. What an issuer stands behind and what anybody can make up have quotas of their own, so that no flood of made-up
 * texts makes room for itself among the former.
 *
 * NOT guaranteed: that a client which gets more verified tokens than the quota within a window evicts nobody's.
 */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenFacts } from '../decision/facts.ts';
import type { MisuseKind } from '../decision/misuse.ts';
import type { Place } from './sighting.ts';

/** The last decision about a token at one server, or through one gateway. */
export interface Trace {
  /** Of the server or the gateway. */
  readonly name: string;
  server: string;
  caller: string;
  /** Milliseconds of a clock that never jumps. */
  at: number;
  place: Place;
  /** The first of its reasons; null: allowed. */
  code: string | null;
  decision_id: string;
}

/** A call that was not allowed. */
export interface Refusal {
  readonly server: string;
  readonly caller: string;
  /** Digest of method and target. */
  readonly call: string;
  readonly at: number;
  readonly code: string;
  readonly decision_id: string;
}

export interface Entry {
  readonly servers: Trace[];
  readonly gateways: Trace[];
  readonly refusals: Refusal[];
  /** Digests of the texts that were verified, where they are not what it is remembered by; few, because few can be right. */
  readonly texts: string[];
  /** When each kind was told last. */
  readonly told: Partial<Record<MisuseKind, number>>;
}

export interface Memory {
  /** Anything → what it is remembered by. */
  digest(text: string): string;
  /**
   * What was verified once stays so, whatever is said later.
   * @param token what is known of it; null: nothing
   */
  token(text: string, token: TokenFacts | null, verified: boolean): Remembered;
  client(key: string): Entry;
  /** For metrics and tests. */
  sizes(): { readonly verified: number; readonly unverified: number; readonly clients: number };
}

export interface Remembered {
  readonly entry: Entry;
  readonly verified: boolean;
}

/** Servers, gateways and refused calls of one entry; the longest unseen goes first. */
export const MAX_TRACES = 16;

/** Right texts of one token that are remembered: an ECDSA signature has two. */
const MAX_TEXTS = 2;

/** @param secret of this process alone, at least 32 random bytes */
export function createMemory(max_entries: number, secret: Uint8Array): Memory {
  const verified = new LRUCache<string, Entry>({ max: max_entries });
  const unverified = new LRUCache<string, Entry>({ max: Math.max(Math.floor(max_entries / 4), 1) });
  const clients = new LRUCache<string, Entry>({ max: max_entries });
  // Facts of a verified token are remembered with its text: what comes again costs no digest.
  const digests = new WeakMap<TokenFacts, { readonly whole: string; readonly signed: string }>();
  // In front, and of one length: no digest is ever told, so that nobody could lengthen one. A third of what an HMAC costs.
  const key = Buffer.from(secret).toString('base64');
  const digest = (text: string) => hash('sha256', key + text, 'base64');

  /**
   * A signature can be changed and stay right (ECDSA), so that one token has several texts: what is signed says which it is,
   * once the signature was verified. Of a token that its issuer was asked about only the whole text does.
   */
  function digestsOf(text: string, token: TokenFacts) {
    const known = digests.get(token);
    if (known !== undefined) return known;
    const whole = digest(text);
    const made = { whole, signed: token.algorithm === undefined ? whole : digest(signedPart(text)) };
    digests.set(token, made);
    return made;
  }

  function remembered(text: string): Remembered {
    const whole = digest(text);
    const asked = verified.get(whole);
    if (asked !== undefined) return { entry: asked, verified: true };
    // Whoever knows but what is signed, from a log that hides signatures, says nothing of that token.
    const signed = unverified.has(whole) ? undefined : verified.get(digest(signedPart(text)));
    if (signed?.texts.includes(whole)) return { entry: signed, verified: true };
    return { entry: unverified.get(whole) ?? kept(unverified, whole, fresh()), verified: false };
  }

  return {
    digest,
    token(text, token, isVerified) {
      if (!isVerified || token === null) return remembered(text);
      const { whole, signed } = digestsOf(text, token);
      let entry = verified.get(signed);
      if (entry === undefined) {
        entry = kept(verified, signed, unverified.get(whole) ?? fresh());
        unverified.delete(whole);
      }
      if (signed !== whole && !entry.texts.includes(whole) && entry.texts.length < MAX_TEXTS) entry.texts.push(whole);
      return { entry, verified: true };
    },
    client: (key) => clients.get(key) ?? kept(clients, key, fresh()),
    sizes: () => ({ verified: verified.size, unverified: unverified.size, clients: clients.size }),
  };
}

/** Marked, so that it equals no whole text. */
function signedPart(text: string): string {
  const end = text.lastIndexOf('.');
  return `signed ${end === -1 ? text : text.slice(0, end)}`;
}

const fresh = (): Entry => ({ servers: [], gateways: [], refusals: [], texts: [], told: {} });

function kept(among: LRUCache<string, Entry>, key: string, entry: Entry): Entry {
  among.set(key, entry);
  return entry;
}

/** Puts a decision among those that are remembered, in place of the last one there. */
export function trace(traces: Trace[], next: Trace, since: number): void {
  const last = traces.find(({ name }) => name === next.name);
  if (last === undefined) {
    if (traces.length >= MAX_TRACES) traces.splice(oldest(traces), 1);
    traces.push(next);
    return;
  }
  // Once it was for this server, it is: a failure of what is asked says nothing else.
  const place = last.at >= since && last.place === 'here' ? 'here' : next.place;
  Object.assign(last, { ...next, place });
}

function oldest(traces: readonly Trace[]): number {
  let found = 0;
  for (const [index, { at }] of traces.entries()) if (at < (traces[found]?.at ?? at)) found = index;
  return found;
}
