/** A decider in process for one question, composed as `serve` composes it, but that nothing is recorded. */
import { readRevocation } from '../config/revocation.ts';
import { defaultConfig } from '../config.ts';
import { createProofs } from '../facts/proof/create.ts';
import { createMemoryStore } from '../facts/proof/memory.ts';
import { createMetrics } from '../record/metrics.ts';
import { createService, type Service } from '../service.ts';
import { openRevocations } from '../sources/revocations.ts';
import { fileSources } from '../sources.ts';
import type { AskOptions } from './ask.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { createLog } from './log.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { print } from './terminal.ts';
import { readVerification, type VerificationFlags } from './verification.ts';

export type Opened =
  | { readonly ok: true; readonly service: Service }
  /** Why stands on standard error. */
  | { readonly ok: false; readonly exit: Exit };

export type DeciderOptions = VerificationFlags & Pick<AskOptions, 'registry' | 'bundle' | 'revoked'>;

/** @param at the time to decide for, milliseconds since the epoch; the files are judged as of now */
export async function openDecider(options: DeciderOptions, at: number | undefined, host: Host): Promise<Opened> {
  const { registry, bundle, revoked } = options;
  if (registry === undefined && bundle === undefined) {
    print(host.stderr, 'audgate: name a registry with --registry, or with --bundle a bundle that holds one');
    return { ok: false, exit: EXIT.usage };
  }
  const wanted = [
    ...(registry === undefined ? [] : [{ path: registry, as: '--registry' }]),
    ...(bundle === undefined ? [] : [{ path: bundle, as: '--bundle', kind: 'file' as const }]),
    ...(revoked === undefined ? [] : [{ path: revoked, as: '--revoked', kind: 'file' as const }]),
  ];
  if (!(await allThere(host, wanted))) return { ok: false, exit: EXIT.usage };
  const verification = await readVerification(options, host, bundle !== undefined);
  if (!verification.ok) return { ok: false, exit: EXIT.usage };
  const { keys, proofs } = defaultConfig();
  const metrics = createMetrics();
  const now = at === undefined ? host.now : () => at;
  // That keys were fetched is no news to somebody who asks one question.
  const log = { ...createLog(host), info: () => {} };
  const lists =
    revoked === undefined
      ? null
      : await openRevocations({
          config: readRevocation({ file: revoked, max_staleness_seconds: 3600 }),
          now,
          ticks: host.ticks,
          log,
          metrics,
        });
  if (lists?.ok === false) {
    print(host.stderr, ...lists.problems.map((problem) => `audgate: ${problem}`));
    return { ok: false, exit: EXIT.refused };
  }
  const started = await createService({
    sources: fileSources({
      registry: registry ?? null,
      bundle: bundle ?? null,
      signing: verification.signing,
      allow_modified_core: false,
      now: host.now,
    }),
    keys,
    now,
    ticks: host.ticks,
    newId: host.newId,
    fetch: host.fetchIssuer,
    // One question: no proof was used before, and none needs to be made after this process began.
    proofs: createProofs({
      max_age_seconds: proofs.max_age_seconds,
      store: createMemoryStore({
        ...proofs.replay,
        now,
        ticks: host.ticks,
        wait: () => Promise.resolve(),
        started_at: 0,
      }),
    }),
    ...(lists !== null && { revocations: lists.revocations }),
    log,
    metrics,
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
  });
  // One question: nothing is looked at again.
  lists?.revocations.close();
  if (started.ok) return started;
  printProblems(host, 'stderr', started.problems);
  return { ok: false, exit: EXIT.refused };
}
