/** OPA and what ships with audgate for those who write rules. */
import { fileURLToPath } from 'node:url';
import { openToolchain, type Toolchain } from '../../policy/custom.ts';
import { findOpa, opaCache } from '../../policy/find.ts';
import type { Host } from '../host.ts';
import { print, shown } from '../terminal.ts';

/** Beside `src/` and `dist/` alike. */
export const POLICIES = fileURLToPath(new URL('../../../policies/', import.meta.url));

/** @returns null when there is no OPA; what to do stands on standard error then */
export async function toolchain(host: Host): Promise<Toolchain | null> {
  const { env, platform } = host;
  const note = (line: string) => print(host.stderr, `audgate: ${shown(line)}`);
  const found = await findOpa({ env, cache: opaCache(env), platform, note });
  if (found.ok) return openToolchain(found.opa, POLICIES);
  note(found.message);
  return null;
}
