/** The lists of revoked tokens that a configuration names: opened, kept up to date, and fed. */
import { readFile } from 'node:fs/promises';
import type { RevocationConfig } from '../config/revocation.ts';
import { legible } from '../decision/evidence.ts';
import type { WrittenEntry } from '../facts/revocation/entry.ts';
import type { Revocations } from '../facts/revocation/revocations.ts';
import { createRevocations, type RevocationSource } from '../facts/revocation/sources.ts';
import type { Metrics } from '../record/metrics.ts';
import type { Log } from '../service.ts';
import { openRevokedFile } from './revoked-file.ts';
import type { KeptParts } from './revoked-kept.ts';
import { openRevokedStream } from './revoked-stream.ts';
import { openValkey } from './valkey.ts';

type Config = Omit<RevocationConfig, 'events'>;

/** Issuers that one line of the log names. */
const MAX_NAMES = 16;

export interface RevocationParts {
  /** Its files located. */
  readonly config: Config;
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
  /** Whether an entry came from this event. */
  knows(event: string): boolean;
  /**
   * Into Valkey where there is one, else into the file: what is written outlasts this process.
   * @returns null once it is written and in force here, else why not
   */
  add(entries: readonly WrittenEntry[]): Promise<string | null>;
  /** From now on the log tells of entries that name other issuers: they revoke nothing. @param isRegistered now */
  compare(isRegistered: (key: string) => boolean): void;
  close(): void;
}

/**
 * A file that is broken when it is opened is a mistake of the configuration: there is no last good one yet. A Valkey that is
 * not there yet is waited for, and nothing is allowed meanwhile.
 */
export async function openRevocations(parts: RevocationParts): Promise<OpenedRevocations> {
  const { config, now, ticks, log, metrics } = parts;
  const { max_entries, max_staleness_seconds } = config;
  let opened = false;
  let sources: readonly RevocationSource[] = [];
  let isRegistered: (key: string) => boolean = () => true;
  let strangers = '';
  const tellStrangers = () => {
    const unknown = new Set(sources.flatMap((source) => source.issuers()).filter((key) => !isRegistered(key)));
    const names = [...unknown]
      .slice(0, MAX_NAMES)
      .map((key) => JSON.stringify(legible(key)))
      .join(', ');
    if (names !== strangers && names !== '')
      log.warn({}, `entries of revoked tokens name issuers that are not registered, and revoke nothing: ${names}`);
    strangers = names;
  };
  const keptOf = (source: 'file' | 'valkey'): KeptParts => ({
    max_entries,
    now,
    ticks,
    onLook(problems, news) {
      metrics.revocationRead(source, problems.length === 0);
      tellStrangers();
      // What is wrong with a file at the start is told by whoever opens it.
      if (!news || (source === 'file' && !opened)) return;
      if (problems.length === 0) log.info({ source }, 'the list of revoked tokens is right again');
      else log.error({ source, problems }, 'the list of revoked tokens has trouble; what was revoked stays revoked');
    },
  });

  const file = config.file === undefined ? null : await openRevokedFile({ ...keptOf('file'), path: config.file });
  const shared = config.valkey === undefined ? null : await openShared(config.valkey, keptOf('valkey'));
  const stream = shared?.ok === true ? shared.stream : null;
  sources = [file, stream].filter((source) => source !== null);
  const close = () => {
    for (const source of sources) source.close();
    if (shared?.ok === true) shared.valkey.close();
  };
  const broken = file?.status().last_error?.problems ?? [];
  const problems = [
    ...broken.map((problem) => `revocation.file ${config.file}: ${problem}`),
    ...(shared?.ok === false ? [`revocation.valkey ${config.valkey?.url} ${shared.problem}`] : []),
  ];
  if (problems.length > 0) {
    close();
    return { ok: false, problems };
  }
  opened = true;
  const store = stream ?? file;
  /** Entries that are being written. */
  let pending = 0;
  return {
    ok: true,
    revocations: {
      ...createRevocations({ sources, max_staleness_seconds, now }),
      knows: (event) => sources.some((source) => source.knows(event)),
      async add(entries) {
        if (store === null) return 'no list is configured';
        // One entry too many would refuse everybody; whoever sends it is told, and tries again.
        if (store.status().entries + pending + entries.length > max_entries)
          return `the list in ${store.status().source} is full (revocation.max_entries)`;
        pending += entries.length;
        const problem = await store.add(entries).finally(() => {
          pending -= entries.length;
        });
        return problem === null ? null : `the list in ${store.status().source} ${problem}`;
      },
      compare(registered) {
        isRegistered = registered;
        tellStrangers();
      },
      close,
    },
  };
}

async function openShared(config: NonNullable<Config['valkey']>, kept: KeptParts) {
  const { key, timeout_ms, ...server } = config;
  const opened = await openValkey({
    config: server,
    timeout_ms,
    readFile: (path) => readFile(path, 'utf8'),
    // The looks tell of it.
    onChange: () => {},
  });
  if (opened.kind === 'unfit') return { ok: false, problem: opened.problem } as const;
  const { valkey } = opened;
  const stream = await openRevokedStream({ ...kept, valkey, url: config.url, key });
  return { ok: true, valkey, stream } as const;
}
