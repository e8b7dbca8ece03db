/** Starts a thread of this program: for work that would hold up decisions, or that may not end. */
import { type Transferable, Worker } from 'node:worker_threads';

/**
 * @param beside `import.meta.url` of the caller; the thread's file stands beside it, TypeScript in a checkout, JavaScript
 *   where it was built
 * @param name of that file, without ending
 * @returns null where no thread may be started (Node's permission model without `--allow-worker`)
 */
export function startThread(
  beside: string,
  name: string,
  workerData: object,
  transferList: readonly Transferable[] = [],
): Worker | null {
  const entry = new URL(`./${name}${beside.slice(beside.lastIndexOf('.'))}`, beside);
  try {
    // None of this process's flags and variables: what they load is not meant for this thread.
    return new Worker(entry, { workerData, transferList: [...transferList], execArgv: [], env: {} });
  } catch (error) {
    if (codeOf(error) === 'ERR_ACCESS_DENIED') return null;
    throw error;
  }
}

/** Listens from now on. @returns null once the thread says this, or why it never will */
export function said(thread: Worker, word: string): Promise<string | null> {
  return new Promise((resolve) => {
    thread.on('message', (message) => {
      if (message === word) resolve(null);
    });
    thread.once('error', (error) => resolve(codeOf(error) ?? 'it met a bug of audgate'));
    thread.once('exit', (code) => resolve(`it ended with ${code}`));
  });
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
