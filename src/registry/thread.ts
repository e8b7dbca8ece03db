/** Threads of this program: for work that would hold up decisions, or that may not end. */
import { platform, setPriority } from 'node:os';
import { type Transferable, Worker } from 'node:worker_threads';

/** What became of one errand. */
export type Ran =
  | { readonly kind: 'done' }
  /** The thread was ended at the limit. */
  | { readonly kind: 'late' }
  /** The thread is no more. `why` stands in the middle of a sentence. */
  | { readonly kind: 'died'; readonly why: string }
  /** No thread may be started (Node's permission model without `--allow-worker`). */
  | { readonly kind: 'denied' };

/** Runs errands on a thread, each alone on one. */
export interface Threads {
  /**
   * @param limit milliseconds, counted once the thread is up; a busy machine may take long to start one
   * @param keep whether the thread may serve a later errand
   */
  run(errand: object, options?: RunOptions): Promise<Ran>;
  /** Ends the thread that waits. Errands under way end as they can. */
  close(): void;
}

export interface RunOptions {
  readonly transfer?: readonly Transferable[];
  readonly limit?: number;
  readonly keep?: boolean;
}

/**
 * The thread's file says `ready` once it listens, and `done` after each errand that it is sent. Measured: to start one
 * costs 50 to 100 ms of CPU, because it compiles all that it imports, and an errand on a warm one a few; so one is kept.
 * It keeps no process alive while it waits.
 * @param beside `import.meta.url` of the caller; the thread's file stands beside it, TypeScript in a checkout, JavaScript
 *   where it was built
 * @param name of that file, without ending
 * @param keep_ms milliseconds for which a thread waits for another errand; 0: it ends with the first
 */
export function threadsFor(beside: string, name: string, keep_ms: number): Threads {
  let waiting: { readonly thread: Worker; readonly forget: () => void } | null = null;
  let closed = false;

  function take(): { readonly thread: Worker; readonly isNew: boolean } | null {
    if (waiting !== null) {
      const { thread, forget } = waiting;
      forget();
      thread.ref();
      return { thread, isNew: false };
    }
    const thread = startThread(beside, name);
    return thread && { thread, isNew: true };
  }

  function keep(thread: Worker): void {
    const timer = setTimeout(drop, keep_ms);
    const forget = () => {
      clearTimeout(timer);
      thread.off('exit', forget);
      waiting = null;
    };
    timer.unref();
    thread.unref();
    // What dies while it waits is forgotten: the next errand gets another.
    thread.on('exit', forget);
    waiting = { thread, forget };
  }

  function drop(): void {
    if (waiting === null) return;
    const { thread, forget } = waiting;
    forget();
    thread.terminate();
  }

  return {
    async run(errand, { transfer = [], limit, keep: mayKeep = true } = {}) {
      const taken = take();
      if (taken === null) return { kind: 'denied' };
      const { thread, isNew } = taken;
      let kept = false;
      try {
        const dead = isNew ? await said(thread, 'ready') : null;
        if (dead !== null) return { kind: 'died', why: dead };
        const done = said(thread, 'done');
        thread.postMessage(errand, transfer);
        const ended = await (limit === undefined ? done : within(done, limit));
        if (ended === LATE) return { kind: 'late' };
        if (ended !== null) return { kind: 'died', why: ended };
        kept = mayKeep && keep_ms > 0 && !closed && waiting === null;
        if (kept) keep(thread);
        return { kind: 'done' };
      } finally {
        if (!kept) await thread.terminate();
      }
    },
    close() {
      closed = true;
      drop();
    },
  };
}

/** Steps of niceness (setpriority(2)): about a third of the share of a processor that a thread which decides has. */
const NICE = 5;

/**
 * Called on a thread whose work can wait: where both want one processor, decisions come first. Only Linux gives each thread
 * a priority of its own; elsewhere this would be the whole process's, so that nothing is done.
 */
export function yieldToDecisions(): void {
  if (platform() !== 'linux') return;
  try {
    setPriority(0, NICE);
  } catch {
    // Where that is not permitted the work is done all the same.
  }
}

/**
 * @param beside and `name` as of `threadsFor`
 * @returns null where no thread may be started
 */
export function startThread(beside: string, name: string, workerData?: object): Worker | null {
  const entry = new URL(`./${name}${beside.slice(beside.lastIndexOf('.'))}`, beside);
  try {
    // None of this process's flags and variables: what they load is not meant for this thread.
    const thread = new Worker(entry, { workerData, execArgv: [], env: {} });
    // One that nobody listens for would end the process; who waits for the thread learns of it all the same.
    thread.on('error', () => {});
    return thread;
  } catch (error) {
    if (codeOf(error) === 'ERR_ACCESS_DENIED') return null;
    throw error;
  }
}

/** Listens from now on. @returns null once the thread says this, or why it never will */
export function said(thread: Worker, word: string): Promise<string | null> {
  return new Promise((resolve) => {
    const settle = (why: string | null) => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve(why);
    };
    const onMessage = (message: unknown) => {
      if (message === word) settle(null);
    };
    const onError = (error: unknown) => settle(codeOf(error) ?? 'it met a bug of audgate');
    const onExit = (code: number) => settle(`it ended with ${code}`);
    thread.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

const LATE = Symbol('late');

async function within<T>(done: Promise<T>, limit: number): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>();
  const timer = setTimeout(() => late.resolve(LATE), limit);
  try {
    return await Promise.race([done, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
