/**
 * Rules that decide nothing, on a thread of their own: nothing can interrupt an evaluation, so that one which takes long, or
 * never ends, must not run where decisions are made. It is ended from outside, and then rests.
 */
import type { Worker } from 'node:worker_threads';
import type { PolicyInput } from '../decision/input.ts';
import { said, startThread } from '../registry/thread.ts';
import type { Alarm } from './judge.ts';
import type { PolicySources } from './load.ts';
import type { CustomFacts, Judgement } from './policy.ts';

/** What the thread is given at its start. */
export type ApartSources = Omit<PolicySources, 'onAlarm'>;

export interface Question {
  readonly id: number;
  readonly input: PolicyInput;
  /** Undefined: core alone, for claims that nobody verified. */
  readonly facts: CustomFacts | null | undefined;
}

export type Said = { readonly alarm: Alarm } | { readonly id: number; readonly judgement: Judgement };

export interface JudgesApart {
  /** Never rejects: what cannot be judged, or not in time, is unavailable. */
  judge(input: PolicyInput, facts: CustomFacts | null): Promise<Judgement>;
  judgeUnverified(input: PolicyInput): Promise<Judgement>;
  /** Ends the thread, and with it what is being judged. */
  close(): void;
}

export interface JudgesApartParts {
  readonly sources: ApartSources;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onAlarm: (alarm: Alarm) => void;
  /** Milliseconds for one judgement. */
  readonly limit?: number;
}

/** Milliseconds. A usual judgement takes well under one; a busy machine may take a hundred times that. */
const LIMIT_MS = 2000;
/** Milliseconds without a thread after one had to be ended: whoever sends such calls must not keep a processor busy. */
const REST_MS = 10_000;
const UNAVAILABLE: Judgement = { kind: 'unavailable' };

/** The thread is started with the first question. */
export function judgeApart({ sources, now, onAlarm, limit = LIMIT_MS }: JudgesApartParts): JudgesApart {
  const { core, allowModifiedCore, custom } = sources;
  const waiting = new Map<number, (judgement: Judgement) => void>();
  let thread: Worker | null = null;
  let ready: Promise<string | null> = Promise.resolve(null);
  let asked = 0;
  let ended = Number.NEGATIVE_INFINITY;
  let closed = false;

  function start(): Worker | null {
    const started = startThread(import.meta.url, 'judge-thread', { core, allowModifiedCore, custom });
    if (started === null) return null;
    // It must not keep a process that has nothing else to do.
    started.unref();
    started.on('message', (message: Said | 'ready') => {
      if (message === 'ready') return;
      if ('alarm' in message) onAlarm(message.alarm);
      else waiting.get(message.id)?.(message.judgement);
    });
    started.once('exit', () => {
      if (thread === started) end('its thread ended by itself');
    });
    ready = said(started, 'ready');
    return started;
  }

  function end(why: string): void {
    const ending = thread;
    thread = null;
    ended = now();
    for (const settle of [...waiting.values()]) settle(UNAVAILABLE);
    ending?.terminate().catch(() => {});
    if (!closed) onAlarm({ kind: 'unavailable', detail: `${why}; nothing is judged for ${REST_MS / 1000} s` });
  }

  /** A clock that went back must not make the rest longer. */
  const rests = () => now() >= ended && now() - ended < REST_MS;

  async function ask(input: PolicyInput, facts: CustomFacts | null | undefined): Promise<Judgement> {
    if (closed || (thread === null && rests())) return UNAVAILABLE;
    thread ??= start();
    const asking = thread;
    if (asking === null) {
      end('this process may start no thread (start Node with --allow-worker)');
      return UNAVAILABLE;
    }
    const failed = await ready;
    if (thread !== asking) return UNAVAILABLE;
    if (failed !== null) {
      end(`its thread did not start: ${failed}`);
      return UNAVAILABLE;
    }
    const id = ++asked;
    const { promise, resolve } = Promise.withResolvers<Judgement>();
    const late = setTimeout(() => end(`a judgement did not end within ${limit / 1000} s`), limit);
    late.unref();
    waiting.set(id, (judgement) => {
      clearTimeout(late);
      waiting.delete(id);
      resolve(judgement);
    });
    try {
      asking.postMessage({ id, input, facts } satisfies Question);
    } catch {
      // Handed over in process, arguments may hold what no other thread can be given.
      waiting.get(id)?.(UNAVAILABLE);
    }
    return promise;
  }

  return {
    judge: ask,
    judgeUnverified: (input) => ask(input, undefined),
    close() {
      closed = true;
      end('closed');
    },
  };
}
