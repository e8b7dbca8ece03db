/**
 * Revoked tokens from a stream of Valkey, for all replicas at once: `XADD audgate:revoked * by sub issuer corp value user-1`.
 * Asked four times a second for what came since, and read whole again when something was taken out of it. A stream that is
 * suddenly gone was lost, not emptied: what it held stays revoked here, and it is told.
 */
import { type Entry, isLongOver, readEntry } from '../facts/revocation/entry.ts';
import { createList, type RevocationList } from '../facts/revocation/list.ts';
import type { RevocationSource } from '../facts/revocation/sources.ts';
import { TOO_MANY } from './revoked-file.ts';
import { type KeptParts, keep, type Look } from './revoked-kept.ts';
import { seldom } from './revoked-tidy.ts';
import { addToStream } from './revoked-write.ts';
import type { Valkey } from './valkey.ts';

export interface RevokedStreamParts extends KeptParts {
  readonly valkey: Pick<Valkey, 'run'>;
  /** As it is shown: holds no secret. */
  readonly url: string;
  readonly key: string;
}

/** Milliseconds between two looks: revoked is revoked within a second. */
const LOOK_MS = 250;
/** Entries that one command answers. */
const PAGE = 1000;
/** Problems that are told of entries. */
const MAX_PROBLEMS = 16;

/** What was read of one stream, from its beginning. */
interface Held {
  readonly list: RevocationList;
  /** Id of the last entry that was read. */
  last: string;
  /** Entries that were read, broken ones too. */
  count: number;
  /** Entries that were ever added to the stream, as it said last. */
  added: number;
  readonly problems: string[];
}

interface State {
  readonly length: number;
  readonly added: number;
  readonly last: string;
}

/** Looks once before it returns. `status` says how that went. */
export async function openRevokedStream(parts: RevokedStreamParts): Promise<RevocationSource> {
  const { valkey, url, key, max_entries, now } = parts;
  let held: Held = fresh();
  /** Of a stream that was lost. */
  let former: readonly RevocationList[] = [];

  async function ask(command: string, ...words: readonly (string | number)[]): Promise<unknown> {
    const answer = await valkey.run(command, [...words]);
    if (!answer.ok) throw new Unanswered(answer.problem);
    return answer.value;
  }

  /** Reads on from where the reading ended. */
  async function readOn(into: Held): Promise<void> {
    for (;;) {
      const page = pageOf(await ask('XRANGE', key, into.last === NOTHING ? '-' : `(${into.last}`, '+', 'COUNT', PAGE));
      for (const [id, pairs] of page) {
        into.last = id;
        into.count++;
        const read = entryOf(pairs);
        if (typeof read === 'object') {
          if (!isLongOver(read, now() / 1000)) into.list.add(read);
        } else if (into.problems.length < MAX_PROBLEMS) into.problems.push(`entry ${id}: ${read}`);
      }
      // More than may be held is not read to its end: it is unusable already.
      if (page.length < PAGE || isOver(into)) return;
    }
  }

  /** What the stream tells of itself; null: there is none. */
  async function stateOf(): Promise<State | null> {
    if (Number(await ask('EXISTS', key)) === 0) return null;
    const told = await ask('XINFO', 'STREAM', key);
    const length = Number(memberOf(told, 'length'));
    const added = Number(memberOf(told, 'entries-added'));
    const last = memberOf(told, 'last-generated-id');
    // Redis before 7 does not count what was added.
    if (!Number.isSafeInteger(length) || !Number.isSafeInteger(added) || typeof last !== 'string')
      throw new Unanswered('does not tell enough of its stream: Valkey, or Redis 7 or later, is needed');
    return { length, added, last };
  }

  /** From its beginning. What a stream held that was lost meanwhile, or before, is kept. */
  async function readAnew(): Promise<void> {
    const again = fresh();
    await readOn(again);
    const state = await stateOf();
    if (isLost(held, state)) former = [...former, held.list];
    again.added = state?.added ?? 0;
    held = again;
  }

  /** Takes out what has long ended: nobody reads it any more. */
  async function dropEnded(): Promise<void> {
    for (let last = NOTHING; ; ) {
      const page = pageOf(await ask('XRANGE', key, last === NOTHING ? '-' : `(${last}`, '+', 'COUNT', PAGE));
      const ended = page.filter(([, pairs]) => {
        const read = entryOf(pairs);
        return typeof read === 'object' && isLongOver(read, now() / 1000);
      });
      if (ended.length > 0) await ask('XDEL', key, ...ended.map(([id]) => id));
      last = page.at(-1)?.[0] ?? last;
      if (page.length < PAGE) return;
    }
  }

  /** Whole, once in a while: what has ended meanwhile is dropped. */
  const renewal = seldom(parts, readAnew);

  async function look(): Promise<Look> {
    if (!isOver(held)) await readOn(held);
    const state = await stateOf();
    if (isOver(held) && state !== null && state.length > max_entries) return { confirmed: true, problems: [TOO_MANY] };
    // By hand, or because it had ended.
    const takenOut = state !== null && state.last === held.last && state.length !== held.count;
    if (takenOut || isOver(held) || isLost(held, state)) await readAnew();
    else held.added = state?.added ?? 0;
    await renewal();
    return { confirmed: true, problems: [...(former.length > 0 ? [LOST] : []), ...held.problems] };
  }

  const isOver = ({ list }: Held) => list.size() > max_entries;
  const tidy = seldom(parts, dropEnded);
  // The former hold much of what the present one does.
  const size = () => Math.max(held.list.size(), ...former.map((list) => list.size()));
  const kept = keep({
    ...parts,
    every_ms: LOOK_MS,
    look: async () => {
      try {
        return await look();
      } catch (error) {
        // Anything else is a bug, and no more known than without an answer.
        return { confirmed: false, problems: [error instanceof Unanswered ? error.message : 'cannot be read'] };
      }
    },
  });
  await kept.refresh();
  const lists = () => [held.list, ...former];
  return {
    find(token, issuer, seconds) {
      for (const list of lists()) {
        const by = list.find(token, issuer, seconds);
        if (by !== null) return by;
      }
      return null;
    },
    age: kept.age,
    unusable: () => (size() > max_entries ? TOO_MANY : null),
    status: () => ({ source: 'valkey', location: `${url} ${key}`, entries: size(), ...kept.status() }),
    async add(entries) {
      const problem = await addToStream(valkey, key, entries);
      if (problem !== null) return problem;
      await tidy();
      await kept.refresh();
      return problem;
    },
    refresh: kept.refresh,
    knows: (event) => lists().some((list) => list.knows(event)),
    issuers: () => lists().flatMap((list) => [...list.issuers()]),
    close: kept.close,
  };
}

class Unanswered extends Error {}

const LOST = 'the stream was lost; what it held stays revoked until audgate ends: restore it from a copy';
/** Before every id. */
const NOTHING = '0-0';

const fresh = (): Held => ({ list: createList(), last: NOTHING, count: 0, added: 0, problems: [] });

/** Whether this is no longer the stream that was read: one that is emptied keeps its counts, a new one begins again. */
const isLost = (held: Held, state: State | null) =>
  state === null ? held.count > 0 : state.added < held.added || isBefore(state.last, held.last);

/** Ids are `milliseconds-number`. */
function isBefore(a: string, b: string): boolean {
  const [[time = 0n, number = 0n], [otherTime = 0n, otherNumber = 0n]] = [numbersOf(a), numbersOf(b)];
  return time < otherTime || (time === otherTime && number < otherNumber);
}
const numbersOf = (id: string) => (/^\d+-\d+$/.test(id) ? id.split('-').map(BigInt) : []);

/** @throws when it is no answer to XRANGE */
function pageOf(answer: unknown): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(answer)) throw new Unanswered('answers a range with something else');
  return answer.map((item: unknown) => {
    const [id, pairs]: readonly unknown[] = Array.isArray(item) ? item : [];
    if (typeof id !== 'string') throw new Unanswered('answers a range with something else');
    return [id, pairs] as const;
  });
}

/** Fields and values by turns. @returns what is wrong, where it is no entry */
function entryOf(pairs: unknown): Entry | string {
  const words: readonly unknown[] = Array.isArray(pairs) ? pairs : [];
  const members = new Map<string, unknown>();
  for (let at = 0; at < words.length; at += 2) {
    const name = String(words[at]);
    if (members.has(name)) return `${name === 'by' ? name : 'a field'} stands in it twice`;
    members.set(name, words[at + 1]);
  }
  const read = readEntry(Object.fromEntries(members));
  return read.ok ? read.entry : read.problems.map(({ pointer, message }) => `${pointer} ${message}`.trim()).join('; ');
}

/** Of a map as the protocol's second version writes it: names and values by turns. */
function memberOf(told: unknown, name: string): unknown {
  const words: readonly unknown[] = Array.isArray(told) ? told : [];
  const at = words.indexOf(name);
  return at === -1 ? undefined : words[at + 1];
}
