/**
 * Whether a Valkey still knows all proofs that were used there, or has lost some: a store that forgot is worse than none,
 * because a proof would open a second call. A stream of one entry, the mark, says which server has held all uses, since when
 * by its own clock, and how many keys it had thrown out by then. Where it is gone or says otherwise (restarted, emptied,
 * failed over, set to evict), a new one is made, and proofs of the time before it are refused. All replicas judge by the same
 * mark, and each time anew.
 */
import type { Log } from '../service.ts';
import type { Valkey, ValkeyAnswer } from './valkey.ts';

export interface MarkParts {
  readonly valkey: Pick<Valkey, 'run'>;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
}

export type Looked =
  /** Proofs whose iat is before `floor` may have been used before. Both are milliseconds since the epoch, by Valkey's clock. */
  | { readonly kind: 'right'; readonly floor: number; readonly time: number }
  /** Completes "Valkey …". */
  | { readonly kind: 'broken'; readonly problem: string };

export interface Asked {
  readonly mark: ValkeyAnswer;
  readonly info: ValkeyAnswer;
  /** Milliseconds since the epoch, of this process: between these two Valkey told its time. */
  readonly from: number;
  readonly to: number;
}

export interface Mark {
  /** Asks for what `judge` needs. Sent at once, so that after a write on the same connection it tells how it stood then. */
  ask(): Promise<Asked>;
  /** @param write whether a new mark may be made where the old one does not hold */
  judge(asked: Asked, write: boolean): Promise<Looked>;
}

/** Seconds by which the clocks of a replica and of Valkey may differ: those of two replicas then differ by less than 5. */
const MAX_SKEW = 1;
/**
 * Seconds after a mark within which a proof may still be of the time before it. A use is answered only when the proof's iat has
 * come by Valkey's clock; but after a failover that was another clock, and each of them differed from a replica's.
 */
const DOUBTED = 2 * MAX_SKEW;

export const SET_POLICY = 'set maxmemory-policy noeviction, and give caches that need another a server of their own';

export function createMark({ valkey, key, now, log }: MarkParts): Mark {
  /** Its clock was wrong when it was asked last: meanwhile entries may have ended before their time. */
  let doubted = false;
  let making: Promise<Looked> | null = null;

  async function make({ run, evicted, time }: Said): Promise<Looked> {
    // Its id is Valkey's own time of this very command, so a mark that is made late hides no loss before it.
    const made = await valkey.run('XADD', [key, 'MAXLEN', '1', '*', 'run', run, 'evicted', evicted]);
    if (!made.ok) return { kind: 'broken', problem: made.problem };
    const since = timeOf(made.value);
    if (since === null) return { kind: 'broken', problem: 'answers XADD with something else' };
    doubted = false;
    log.warn({}, 'the store of used proofs is new, or has lost what it held: proofs that were made before are refused');
    return { kind: 'right', floor: floorOf(since), time };
  }

  return {
    async ask() {
      const from = now();
      const [mark, info] = await Promise.all([
        valkey.run('XREVRANGE', [key, '+', '-', 'COUNT', 1]),
        valkey.run('INFO', ['server', 'memory', 'stats']),
      ]);
      return { mark, info, from, to: now() };
    },
    async judge({ mark: marked, info: told, from, to }, write) {
      const broken = (problem: string): Looked => ({ kind: 'broken', problem });
      if (!marked.ok) return broken(marked.problem);
      if (!told.ok) return broken(told.problem);
      const said = readInfo(told.value);
      if (said === null) return broken('does not tell its run_id, time, maxmemory_policy and evicted_keys');
      if (said.policy !== 'noeviction') return broken(`has maxmemory-policy ${said.policy}: ${SET_POLICY}`);
      const skew = Math.max(from - said.time, said.time - to) / 1000;
      if (skew > MAX_SKEW) {
        doubted = true;
        return broken(`has a clock that differs by ${Math.round(skew)} seconds: at most ${MAX_SKEW} second may be`);
      }
      const mark = readMark(marked.value);
      if (mark !== null && mark.run === said.run && mark.evicted === said.evicted && !doubted)
        return { kind: 'right', floor: floorOf(mark.since), time: said.time };
      if (!write) return { kind: 'right', floor: floorOf(said.time), time: said.time };
      making ??= make(said).finally(() => {
        making = null;
      });
      return making;
    },
  };
}

const floorOf = (since: number) => since + DOUBTED * 1000;

/** What Valkey says of itself. */
interface Said {
  /** Another one after each start. */
  readonly run: string;
  /** Keys that were thrown out since. */
  readonly evicted: string;
  readonly policy: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

function readInfo(value: unknown): Said | null {
  const text = String(value);
  const member = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  const [run, policy, evicted, time] = ['run_id', 'maxmemory_policy', 'evicted_keys', 'server_time_usec'].map(member);
  if (run === undefined || policy === undefined || evicted === undefined || !/^\d+$/.test(time ?? '')) return null;
  return { run, policy, evicted, time: Number(time) / 1000 };
}

/** Of the answer to XREVRANGE: null where there is none, or none that audgate wrote. */
function readMark(value: unknown): (Pick<Said, 'run' | 'evicted'> & { readonly since: number }) | null {
  const [entry]: readonly unknown[] = Array.isArray(value) ? value : [];
  const [id, pairs]: readonly unknown[] = Array.isArray(entry) ? entry : [];
  const [run, its, evicted, count]: readonly unknown[] = Array.isArray(pairs) ? pairs : [];
  const since = timeOf(id);
  if (since === null || run !== 'run' || evicted !== 'evicted') return null;
  return { since, run: String(its), evicted: String(count) };
}

/** Ids are `milliseconds-number`. */
function timeOf(id: unknown): number | null {
  const [, time] = /^(\d{1,15})-\d+$/.exec(String(id)) ?? [];
  return time === undefined ? null : Number(time);
}
