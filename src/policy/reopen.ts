/** Modules of one reload after another: what did not change is not compiled again, and its instances stay warm. */
import { type OpenedEngine, openEngine } from './engine.ts';

/** Each is run by an engine of its own. */
export type Part = 'core' | 'custom' | 'reporting';

/** @param digest of these very bytes, not as somebody says */
export type OpenModule = (part: Part, wasm: Uint8Array<ArrayBuffer>, digest: string) => Promise<OpenedEngine>;

export const openAnew: OpenModule = (_, wasm) => openEngine(wasm);

/**
 * Holds the last engine of each part. Policies may share it: an evaluation runs to its end without another between, keeps
 * nothing for the next, and an instance that breaks is replaced. Measured: a core in new instances is slow until it is
 * compiled for speed again, which costs more CPU than the rest of a reload.
 */
export function reopening(): OpenModule {
  const last = new Map<Part, { readonly digest: string; readonly opened: OpenedEngine }>();
  return async (part, wasm, digest) => {
    const known = last.get(part);
    if (known?.digest === digest) return known.opened;
    const opened = await openEngine(wasm);
    if (opened.ok) last.set(part, { digest, opened });
    return opened;
  };
}
