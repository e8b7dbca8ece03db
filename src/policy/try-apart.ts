/**
 * Runs a module that did not come with audgate on a thread that can be ended from outside, before it comes near decisions:
 * nothing can interrupt an evaluation on the thread that decides.
 *
 * NOT guaranteed: that the module ends for every input. It was tried with an empty one, and with calls of some servers of
 * the registry; a rule that is endless only for what a client chooses is not found.
 */
import { setImmediate } from 'node:timers/promises';
import type { Registry } from '../registry/registry.ts';
import { type Threads, threadsFor } from '../registry/thread.ts';
import { buildInput } from './input.ts';
import { neighbourOf, probesOf } from './probes.ts';

/** What the thread is sent. */
export interface Trial {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly object[];
}

/** Milliseconds for all inputs together. A usual module takes well under 1 ms each; a busy machine may take a hundred times that. */
const LIMIT_MS = 5000;
/** Servers whose calls are tried. */
const MAX_SERVERS = 20;
/** Milliseconds that a thread waits for another trial: who works on a rule reloads every few seconds, others every few days. */
const KEEP_MS = 30_000;

export function trialThreads(): Threads {
  return threadsFor(import.meta.url, 'try-thread', KEEP_MS);
}

/**
 * Where no thread may be started it is refused: nobody knows whether it ends, and one that does not stalls all decisions.
 * @param what names the module at the start of a sentence
 * @returns null once it came to an end with every input, or what is wrong with it
 */
export async function tryApart(threads: Threads, what: string, trial: Trial, limit = LIMIT_MS): Promise<string | null> {
  const ran = await threads.run(trial, { limit });
  if (ran.kind === 'done') return null;
  if (ran.kind === 'denied') {
    return `${what} cannot be tried before it is used: this process may start no thread, and one that does not end would stall all decisions. Start Node with --allow-worker beside --permission.`;
  }
  const why =
    ran.kind === 'late' ? `did not end within ${limit / 1000} s` : `ended the thread that tried it (${ran.why})`;
  return `${what} ${why}. Look for a rule whose work grows without bound, and build it again.`;
}

/**
 * Nothing, as when it is opened, and calls as custom rules see them.
 * @param registry null: it could not be read
 * @param now seconds since the epoch
 * @param which `right`: those that the core allows; `all`: also those that the activation check shows it to be denied
 */
export async function trialInputs(
  registry: Registry | null,
  now: number,
  which: 'right' | 'all' = 'right',
): Promise<readonly object[]> {
  const inputs: object[] = [{}];
  let servers = 0;
  for (const server of registry?.servers.values() ?? []) {
    if (servers >= MAX_SERVERS) break;
    const listed = registry?.issuers.get(server.issuers[0] ?? '');
    if (registry === null || listed === undefined) continue;
    servers++;
    const { right, wrong } = probesOf(server, listed, neighbourOf(server, registry), now);
    for (const { call, token, issuer } of which === 'all' ? [right, ...wrong] : [right]) {
      const context = { caller: 'audgate', extra: {} };
      const input = buildInput({ call, token, server, issuer, registry, now, context });
      const claims = { iss: token.issuer, sub: 'probe', client_id: 'probe', aud: [...token.audiences] };
      inputs.push({ ...input, call: { ...input.call, arguments: {} }, token: { ...input.token, claims } });
    }
    await setImmediate();
  }
  return inputs;
}
