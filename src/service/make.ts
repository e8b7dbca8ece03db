/** One snapshot from its sources: registry and modules, checked alone and then together. Nothing is put in force here. */
import { createHash } from 'node:crypto';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import { activateIssuance } from '../issuance/activate.ts';
import { activate } from '../policy/activate.ts';
import type { PolicySources } from '../policy/load.ts';
import type { LoadTried } from '../policy/load-tried.ts';
import { withholding } from '../policy/stale.ts';
import type { Reading, ServiceParts } from '../service.ts';
import { withoutCredentials } from './introspection.ts';

type Made =
  | { readonly ok: true; readonly snapshot: Snapshot; readonly warnings: readonly ReloadProblem[] }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };
export type Assembled = Made & { readonly settled: NonNullable<Reading['settled']> };

const nothingElse = () => Promise.resolve(false);

export interface MakeParts
  extends Pick<ServiceParts, 'sources' | 'now' | 'introspection'>,
    Pick<PolicySources, 'onAlarm'> {
  readonly load: LoadTried;
  /** In force now; undefined: nothing yet. */
  readonly former: Snapshot | undefined;
}

export async function assemble(parts: MakeParts): Promise<Assembled> {
  const reading: Reading = (await parts.sources.begin?.()) ?? parts.sources;
  return { ...(await make(reading, parts)), settled: reading.settled ?? nothingElse };
}

/** Registry and modules, checked alone and then together; all problems of both at once. */
async function make(
  reading: Reading,
  { sources, now, load, onAlarm, former, introspection }: MakeParts,
): Promise<Made> {
  const [loaded, sourced] = await Promise.all([reading.registry(), reading.policy()]);
  const policied = sourced.ok
    ? await load({ ...sourced.sources, onAlarm }, loaded.ok ? loaded.registry : null, now())
    : sourced;
  const problems = [
    ...(loaded.ok ? [] : loaded.problems),
    ...(policied.ok
      ? []
      : policied.problems.map((problem) => (typeof problem === 'string' ? plain(problem) : problem))),
  ];
  if (!loaded.ok || !policied.ok) return { ok: false, problems };
  const { registry } = loaded;
  // Activated as it judges when it is confirmed: a start from the cache may be stale at first.
  const activation = await activate(registry, policied.policy, { now, former });
  const issuance = await activateIssuance(registry, policied.policy, { now, former });
  const policy = sources.isHeldBack ? withholding(policied.policy, sources.isHeldBack) : policied.policy;
  const wrong = [...(activation.ok ? [] : activation.problems), ...issuance];
  if (wrong.length > 0) return { ok: false, problems: wrong.map(plain) };
  const parts = [registry.digest, policy.core.digest, policy.custom?.digest ?? ''];
  const revision = `sha256:${createHash('sha256').update(parts.join('\n')).digest('hex')}`;
  const warnings = [...loaded.warnings, ...withoutCredentials(registry, introspection)];
  return { ok: true, snapshot: { registry, policy, revision, loaded_at: now() }, warnings };
}

const plain = (message: string): ReloadProblem => ({ severity: 'error', message });

/** A source that throws is broken, which is no reason to lose what is in force. */
export function unforeseen(error: unknown): Extract<Assembled, { ok: false }> {
  return {
    ok: false,
    settled: nothingElse,
    problems: [plain(error instanceof Error ? error.message : 'the sources cannot be read')],
  };
}
