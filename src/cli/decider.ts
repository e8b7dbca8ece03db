/** A decider in process for one question, composed as `serve` composes it, but that nothing is recorded. */
import { defaultConfig } from '../config.ts';
import { createMetrics } from '../record/metrics.ts';
import { createService, type Service } from '../service.ts';
import { fileSources } from '../sources.ts';
import type { AskOptions } from './ask.ts';
import { EXIT, type Exit, type Host } from './host.ts';
import { createLog } from './log.ts';
import { allThere } from './paths.ts';
import { printProblems } from './problems.ts';
import { print } from './terminal.ts';
import { readVerification } from './verification.ts';

export type Opened =
  | { readonly ok: true; readonly service: Service }
  /** Why stands on standard error. */
  | { readonly ok: false; readonly exit: Exit };

/** @param at the time to decide for, milliseconds since the epoch; the files are judged as of now */
export async function openDecider(options: AskOptions, at: number | undefined, host: Host): Promise<Opened> {
  const { registry, bundle } = options;
  if (registry === undefined && bundle === undefined) {
    print(host.stderr, 'audgate: name a registry with --registry, or with --bundle a bundle that holds one');
    return { ok: false, exit: EXIT.usage };
  }
  const wanted = [
    ...(registry === undefined ? [] : [{ path: registry, as: '--registry' }]),
    ...(bundle === undefined ? [] : [{ path: bundle, as: '--bundle', kind: 'file' as const }]),
  ];
  if (!(await allThere(host, wanted))) return { ok: false, exit: EXIT.usage };
  const verification = await readVerification(options, host, bundle !== undefined);
  if (!verification.ok) return { ok: false, exit: EXIT.usage };
  const started = await createService({
    sources: fileSources({
      registry: registry ?? null,
      bundle: bundle ?? null,
      signing: verification.signing,
      allow_modified_core: false,
      now: host.now,
    }),
    keys: defaultConfig().keys,
    now: at === undefined ? host.now : () => at,
    ticks: host.ticks,
    newId: host.newId,
    fetch: host.fetch,
    // That keys were fetched is no news to somebody who asks one question.
    log: { ...createLog(host), info: () => {} },
    metrics: createMetrics(),
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
  });
  if (started.ok) return started;
  printProblems(host, 'stderr', started.problems);
  return { ok: false, exit: EXIT.refused };
}
