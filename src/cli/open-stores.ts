/** What a service asks beside its keys and policy: which tokens are revoked, and which proofs were used. */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { ServableConfig } from '../config.ts';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';
import { type OpenProofs, openProofs } from '../sources/proofs.ts';
import { type OpenRevocations, openRevocations } from '../sources/revocations.ts';

export interface Stores {
  /** Null: no list is configured. */
  readonly revocations: OpenRevocations | null;
  readonly proofs: OpenProofs;
  close(): void;
}

export interface StoreParts {
  readonly now: () => number;
  readonly ticks: () => bigint;
  readonly log: Log;
  readonly metrics: Metrics;
}

export type OpenedStores =
  | { readonly ok: true; readonly stores: Stores }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

/** All of them or none. */
export async function openStores(
  config: Pick<ServableConfig, 'revocation' | 'proofs'>,
  parts: StoreParts,
): Promise<OpenedStores> {
  const [lists, proving] = await Promise.all([
    config.revocation === undefined ? null : openRevocations({ config: config.revocation, ...parts }),
    openProofs({ config: config.proofs, ...parts, readFile: (path) => readFile(path, 'utf8'), wait }),
  ]);
  const revocations = lists?.ok === true ? lists.revocations : null;
  if (lists?.ok !== false && proving.ok) {
    const { proofs } = proving;
    const close = () => {
      revocations?.close();
      proofs.close();
    };
    return { ok: true, stores: { revocations, proofs, close } };
  }
  revocations?.close();
  if (proving.ok) proving.proofs.close();
  const problems = [lists, proving].flatMap((opened) => (opened?.ok === false ? opened.problems : []));
  return { ok: false, problems: problems.map((message) => ({ severity: 'error', message })) };
}
