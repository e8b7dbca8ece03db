/** The lists of revoked tokens that a configuration names: opened, kept up to date, and fed. */
import type { RevocationConfig } from '../config/revocation.ts';
import type { Revocations } from '../facts/revocation/revocations.ts';
import { createRevocations } from '../facts/revocation/sources.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';
import { openRevokedFile } from './revoked-file.ts';
import type { KeptParts } from './revoked-kept.ts';

export interface RevocationParts {
  /** Its files located. */
  readonly config: Pick<RevocationConfig, 'file' | 'valkey' | 'max_staleness_seconds' | 'max_entries'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Nanoseconds of a clock that never jumps. */
  readonly ticks: () => bigint;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'revocationRead'>;
}

export type OpenedRevocations =
  | { readonly ok: true; readonly revocations: OpenRevocations }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface OpenRevocations extends Revocations {
  close(): void;
}

/** A list that is broken when it is opened is a mistake of the configuration: there is no last good one yet. */
export async function openRevocations(parts: RevocationParts): Promise<OpenedRevocations> {
  const { config, now, ticks, log, metrics } = parts;
  const { max_entries, max_staleness_seconds } = config;
  if (config.valkey !== undefined)
    return { ok: false, problems: ['revocation.valkey is not supported by this version'] };
  const kept = { max_entries, now, ticks };
  let opened = false;
  const told =
    (source: 'file' | 'valkey'): KeptParts['onLook'] =>
    (problems, news) => {
      metrics.revocationRead(source, problems.length === 0);
      // What is wrong at the start is told by whoever opens it.
      if (!news || !opened) return;
      if (problems.length === 0) log.info({ source }, 'the list of revoked tokens is right again');
      else log.error({ source, problems }, 'the list of revoked tokens has trouble; what was revoked stays revoked');
    };
  const file =
    config.file === undefined ? null : await openRevokedFile({ ...kept, path: config.file, onLook: told('file') });
  const sources = [file].filter((source) => source !== null);
  const close = () => {
    for (const source of sources) source.close();
  };
  const problems = sources.flatMap((source) => {
    const { source: name, location, last_error } = source.status();
    const wrong = [...(last_error?.problems ?? []), ...(source.unusable() === null ? [] : [source.unusable()])];
    return wrong.map((problem) => `revocation.${name} ${location}: ${problem}`);
  });
  if (problems.length > 0) {
    close();
    return { ok: false, problems };
  }
  opened = true;
  return { ok: true, revocations: { ...createRevocations({ sources, max_staleness_seconds, now }), close } };
}
