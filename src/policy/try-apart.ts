/**
 * Runs a new module once on a thread that can be ended from outside, before it comes near decisions: nothing can interrupt
 * an evaluation on the thread that decides.
 *
 * NOT guaranteed: that the module ends for every input. It was tried with an empty one, and with right calls of some
 * servers of the registry; a rule that is endless only for what a client chooses is not found.
 */
import { setImmediate } from 'node:timers/promises';
import type { Registry } from '../registry/registry.ts';
import { said, startThread } from '../registry/thread.ts';
import { buildInput } from './input.ts';
import { type LoadedPolicy, loadPolicy, type PolicySources } from './load.ts';
import { neighbourOf, probesOf } from './probes.ts';

/** What the thread is given. */
export interface Trial {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly object[];
}

export type Tried =
  /** `warning`: it could not be tried. */
  { readonly ok: true; readonly warning?: string } | { readonly ok: false; readonly problem: string };

/** Milliseconds for all inputs together. A usual module takes well under 1 ms each; a busy machine may take a hundred times that. */
const LIMIT_MS = 5000;
/** Servers whose calls are tried. */
const MAX_SERVERS = 20;

export async function tryApart(trial: Trial, limit = LIMIT_MS): Promise<Tried> {
  const thread = startThread(import.meta.url, 'try-thread', trial);
  if (thread === null) {
    const warning =
      'This process may start no thread to try custom rules: one that does not end stalls all. Start Node with --allow-worker.';
    return { ok: true, warning };
  }
  try {
    // Both are listened for at once: the second word may come on the heels of the first.
    const [ready, done] = [said(thread, 'ready'), said(thread, 'done')];
    const ended = (await ready) ?? (await within(done, limit));
    if (ended === null) return { ok: true };
    const why = ended === LATE ? `did not end within ${limit / 1000} s` : `ended the thread that tried it (${ended})`;
    return {
      ok: false,
      problem: `The custom module ${why}. Look for a rule whose work grows without bound, and build it again.`,
    };
  } finally {
    await thread.terminate();
  }
}

const LATE = 'late';

async function within(done: Promise<string | null>, limit: number): Promise<string | null> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(LATE), limit);
  try {
    return await Promise.race([done, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Nothing, as when it is opened, and right calls as custom rules see them.
 * @param registry null: it could not be read
 * @param now seconds since the epoch
 */
export async function trialInputs(registry: Registry | null, now: number): Promise<readonly object[]> {
  const inputs: object[] = [{}];
  for (const server of registry?.servers.values() ?? []) {
    if (inputs.length > MAX_SERVERS) break;
    const issuer = registry?.issuers.get(server.issuers[0] ?? '');
    if (registry === null || issuer === undefined) continue;
    const { call, token } = probesOf(server, issuer, neighbourOf(server, registry), now).right;
    const input = buildInput({ call, token, server, issuer, registry, now, context: { caller: 'audgate', extra: {} } });
    const claims = { iss: token.issuer, sub: 'probe', client_id: 'probe', aud: server.resource };
    inputs.push({ ...input, call: { ...input.call, arguments: {} }, token: { ...input.token, claims } });
    await setImmediate();
  }
  return inputs;
}

export type LoadedTried = LoadedPolicy & { readonly warnings: readonly string[] };

/**
 * `loadPolicy`, once custom rules came to an end elsewhere.
 * @param now milliseconds since the epoch
 */
export async function loadTried(sources: PolicySources, registry: Registry | null, now: number): Promise<LoadedTried> {
  const { custom } = sources;
  if (custom === null) return { ...(await loadPolicy(sources)), warnings: [] };
  const inputs = await trialInputs(registry, Math.floor(now / 1000));
  const tried = await tryApart({ wasm: custom.wasm, inputs });
  if (!tried.ok) return { ok: false, problems: [tried.problem], warnings: [] };
  return { ...(await loadPolicy(sources)), warnings: tried.warning === undefined ? [] : [tried.warning] };
}
