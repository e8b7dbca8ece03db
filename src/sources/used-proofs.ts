/**
 * Used proofs in Valkey, for all replicas: one `SET … NX PX` a use, which only one of any number wins. What Valkey says of
 * itself is read after each such write, on the same connection (`used-mark.ts`).
 *
 * NOT guaranteed: that nobody deletes single keys by hand, or that a primary which lost its replicas stops taking writes
 * (`min-replicas-to-write` is for that).
 */
import type { ValkeyConfig } from '../config/valkey.ts';
import { MAX_EARLY_MS, RETRY_MS, TIMER_MS } from '../facts/proof/memory.ts';
import type { UseAnswer } from '../facts/proof/proofs.ts';
import type { UseEntry, UseStore } from '../facts/proof/store.ts';
import type { Log } from '../service.ts';
import { createMark, type Looked, SET_POLICY } from './used-mark.ts';
import { openValkey, type ValkeyAnswer } from './valkey.ts';

export interface UsedProofsParts {
  readonly config: ValkeyConfig & { readonly key: string };
  /** Milliseconds for one command. */
  readonly timeout_ms: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Settles after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly readFile: (path: string) => Promise<string>;
  readonly log: Log;
}

export type OpenedUsedProofs =
  | {
      readonly ok: true;
      readonly store: UseStore;
      /** Settles once a fresh proof is accepted. */
      readonly ready: () => Promise<void>;
      readonly close: () => void;
    }
  /** Nothing stays open. */
  | { readonly ok: false; readonly problem: string };

const NEEDS = 'needed are Valkey, or Redis 7 or later, and a user that may SET, GET, PTTL, XADD, XREVRANGE and INFO';
const FULL = 'is full: give it more memory (maxmemory)';

/** One that is not there, or must not be used, is a mistake of the configuration; later losses are waited out. */
export async function openUsedProofs(parts: UsedProofsParts): Promise<OpenedUsedProofs> {
  const { config, timeout_ms, now, wait, readFile, log } = parts;
  const { key, ...server } = config;
  let trouble: { readonly at: number; readonly problem: string } | null = null;
  let floor: number | null = null;
  let lookAgain = () => {};

  function tell(problem: string | null): void {
    if (problem === (trouble?.problem ?? null)) return;
    trouble = problem === null ? null : { at: now(), problem };
    if (problem === null) log.info({}, 'the store of used proofs is right again');
    else log.error({ problem }, 'the store of used proofs has trouble: no call with a proof is allowed');
  }

  const opened = await openValkey({
    config: server,
    timeout_ms,
    readFile,
    onChange: (problem) => (problem === null ? lookAgain() : tell(problem)),
  });
  const unusable = (problem: string) => ({ ok: false, problem: `${config.url} ${problem}` }) as const;
  if (opened.kind === 'unfit') return unusable(`${opened.problem}; ${SET_POLICY}`);
  const { valkey } = opened;
  const mark = createMark({ valkey, key, now, log });

  async function look(): Promise<Looked> {
    return noted(await mark.judge(await mark.ask(), true));
  }
  function noted(looked: Looked): Looked {
    tell(looked.kind === 'right' ? null : looked.problem);
    if (looked.kind === 'right') ({ floor } = looked);
    return looked;
  }

  const away = valkey.problem();
  const first: Looked =
    away === null ? await look() : { kind: 'broken', problem: `${away}; start it, or mend its url` };
  if (first.kind === 'broken') {
    valkey.close();
    return unusable(away === null ? `${first.problem}; ${NEEDS}` : first.problem);
  }
  lookAgain = () => void look();

  async function use(name: string, { issued_at, until, retry = '' }: UseEntry, write: boolean): Promise<UseAnswer> {
    const place = `${key}:${name}`;
    // A second at least: an entry must not be gone before its answer is there.
    const ttl = Math.max(Math.ceil(until * 1000 - now()), 1000);
    const [held, said] = await Promise.all([
      write ? valkey.run('SET', [place, `${ttl} ${retry}`, 'NX', 'GET', 'PX', ttl]) : valkey.run('GET', [place]),
      mark.ask(),
    ]);
    if (!held.ok) return failed(held);
    const looked = noted(await mark.judge(said, write));
    if (looked.kind === 'broken') return unavailable(looked.problem);
    const early = issued_at * 1000 - looked.time;
    if (early > MAX_EARLY_MS + 1000) return unavailable('is used with a clock that was set back');
    if (typeof held.value === 'string') return inTime(await again(place, held.value, retry), early, write);
    if (held.value !== null) return unavailable('answers SET with something else');
    if (issued_at * 1000 >= looked.floor) return inTime({ kind: 'fresh' }, early, write);
    const left = Math.ceil((looked.floor - looked.time) / 1000);
    return left > 0
      ? unavailable(`is new, or has lost what it held; proofs are accepted again in ${left} seconds`)
      : { kind: 'forgotten' };
  }

  /** Not before the proof's own time, so that what a store has lost is never younger than the loss. */
  async function inTime(answer: UseAnswer, early: number, write: boolean): Promise<UseAnswer> {
    if (write && answer.kind === 'fresh' && early > 0) await wait(early + TIMER_MS);
    return answer;
  }

  /** The key is there: another use, or the gateway's second try of the same request. */
  async function again(place: string, value: string, retry: string): Promise<UseAnswer> {
    const [ttl, name] = value.split(' ');
    if (retry === '' || name !== retry) return { kind: 'replayed' };
    const rest = await valkey.run('PTTL', [place]);
    if (!rest.ok) return failed(rest);
    const left = Number(rest.value);
    // Negative: it has ended meanwhile.
    return left >= 0 && Number(ttl) - left <= RETRY_MS ? { kind: 'fresh', again: true } : { kind: 'replayed' };
  }

  function failed({ problem }: Extract<ValkeyAnswer, { ok: false }>): UseAnswer {
    const why = problem === 'answered OOM' ? FULL : problem;
    tell(why);
    return unavailable(why);
  }

  return {
    ok: true,
    ready: async () => {
      const early = Math.ceil(first.floor / 1000) * 1000 - first.time;
      if (early > 0) await wait(early + TIMER_MS);
    },
    close: () => valkey.close(),
    store: {
      use,
      status: () => ({
        ...{ store: 'valkey', location: config.url, available: trouble === null },
        accepted_since: floor === null ? null : new Date(floor).toISOString(),
        ...{ entries: null, max_entries: null },
        last_error: trouble && { at: new Date(trouble.at).toISOString(), problem: `Valkey ${trouble.problem}` },
      }),
    },
  };
}

const unavailable = (problem: string): UseAnswer => ({ kind: 'unavailable', detail: `Valkey ${problem}` });
