/** Policies for a service, one reload after another: each module is tried elsewhere first, unless it came with audgate. */
import type { Registry } from '../registry/registry.ts';
import type { Threads } from '../registry/thread.ts';
import { digestOf } from './bundle.ts';
import { CORE_DIGEST } from './core.digest.ts';
import { type LoadedPolicy, loadPolicy, type PolicySources } from './load.ts';
import { reopening } from './reopen.ts';
import { trialInputs, tryApart } from './try-apart.ts';

/**
 * `loadPolicy`, once a custom module and a modified core came to an end on a thread.
 * @param registry of whose servers calls are tried; null: it could not be read
 * @param now milliseconds since the epoch
 */
export type LoadTried = (sources: PolicySources, registry: Registry | null, now: number) => Promise<LoadedPolicy>;

export function createLoader(threads: Threads): LoadTried {
  const open = reopening();
  return async (sources, registry, now) => {
    const { core, allowModifiedCore, custom } = sources;
    const seconds = Math.floor(now / 1000);
    const problems: (string | null)[] = [];
    // A core that nobody allowed is refused by its digest, and not run anywhere.
    if (allowModifiedCore && digestOf(core.wasm) !== CORE_DIGEST) {
      const inputs = await trialInputs(registry, seconds, 'all');
      problems.push(await tryApart(threads, 'core.wasm', { wasm: core.wasm, inputs }));
    }
    if (custom !== null) {
      const inputs = await trialInputs(registry, seconds);
      problems.push(await tryApart(threads, 'The custom module', { wasm: custom.wasm, inputs }));
    }
    const found = problems.filter((problem) => problem !== null);
    return found.length > 0 ? { ok: false, problems: found } : loadPolicy(sources, open);
  };
}
