/** From files that were read to the registry in force: form, lint, build. */
import { buildRegistry, digestInForce, type KeySourceOf } from './build.ts';
import { lintAudiences } from './lint/audience.ts';
import type { Draft, Entry } from './lint/draft.ts';
import { lintExchanges } from './lint/exchange.ts';
import { lintHubs } from './lint/hub.ts';
import { lintIssuer, lintIssuers } from './lint/issuer.ts';
import { lintProfile } from './lint/profile.ts';
import { lintResource, lintSpellings } from './lint/resource.ts';
import { lintServer } from './lint/server.ts';
import { callsOf, expectsUnknown, lintWaivers } from './lint/waiver.ts';
import { classifier } from './operation.ts';
import { below, comparePlaces, problemAt, quote, type Report } from './place.ts';
import type { ReadText } from './read.ts';
import { collect, strictOf } from './records.ts';
import type { LoadedRegistry, Problem } from './registry.ts';
import type { WrittenExchange, WrittenIssuer, WrittenServer } from './schema.ts';
import type { Threads } from './thread.ts';

/** Year 5138. Milliseconds given by mistake lie beyond it, and would end every waiver. */
const LATEST_SECOND = 100_000_000_000;

export interface LoadOptions {
  /** Seconds since the epoch, by which waivers are dated. */
  readonly now: number;
  /**
   * Takes the place of every issuer's key source, which may then be left out: for case files, whose tokens are signed by
   * generated keys (contract 9). The digest still covers what was written.
   */
  readonly replaceKeySource?: KeySourceOf;
  /** On which large files are read, where they are read again and again; absent: one is started for each. */
  readonly threads?: Threads | undefined;
}

export interface CheckOptions extends Pick<LoadOptions, 'now'> {
  /** Whether issuers need a key source of their own. */
  readonly keySources: boolean;
}

/** Records without fault, as plain values but for their places. */
export interface Sound {
  readonly ok: true;
  readonly issuers: readonly Entry<WrittenIssuer>[];
  readonly servers: readonly Entry<WrittenServer>[];
  /** `key` is the place in its file's list. */
  readonly exchanges: readonly Entry<WrittenExchange>[];
  readonly digest: string;
  readonly warnings: readonly Problem[];
}

export type Checked = Sound | { readonly ok: false; readonly problems: readonly Problem[] };

type Read = (report: Report) => Iterable<ReadText>;

/**
 * All problems of all files at once, or the registry. Stops after every file and record, so that a caller may let others
 * work before it goes on. Reading one file is one step.
 * @param read reads the files one by one, reporting what cannot be read
 * @param before problems of files that could not even be opened
 */
export function* assemble(
  read: Read,
  { now, replaceKeySource }: LoadOptions,
  before: readonly Problem[],
): Generator<void, LoadedRegistry> {
  const checked = yield* check(read, { now, keySources: replaceKeySource === undefined }, before);
  return checked.ok ? yield* complete(checked, replaceKeySource) : { ...checked, missing: false };
}

/** The registry of records that were checked. Stops after every record. */
export function* complete(sound: Sound, replaceKeySource: KeySourceOf | undefined): Generator<void, LoadedRegistry> {
  const { warnings } = sound;
  return { ok: true, registry: yield* buildRegistry(sound, replaceKeySource), warnings };
}

/** Form and lint: all that needs no registry yet, and most of the work. */
export function* check(read: Read, options: CheckOptions, before: readonly Problem[]): Generator<void, Checked> {
  if (!(options.now < LATEST_SECOND)) throw new Error(`now is ${options.now}: give seconds since the epoch`);
  const problems: Problem[] = [...before];
  const report: Report = (place, finding) => problems.push(problemAt(place, finding));
  const files: ReadText[] = [];
  for (const file of read(report)) {
    files.push(file);
    yield;
  }
  const { issuers, servers, exchanges } = yield* collect(files, report);
  const draft: Draft = {
    issuers,
    servers,
    exchanges,
    issuerKeys: new Set(issuers.map(({ key }) => key)),
    complete: before.length === 0 && files.every(({ value }) => value !== undefined),
  };
  for (const issuer of issuers) {
    lintIssuer(issuer, issuer.raw, options.keySources, report);
    lintProfile(issuer, draft, report);
    yield;
  }
  lintIssuers(draft, report);
  for (const server of draft.servers) {
    lintResource(server, report);
    lintSpellings(server, draft, report);
    lintServer(server, draft, report);
    lintWaivers(server, draft, options.now, report);
    yield;
  }
  lintAudiences(draft, report);
  lintHubs(draft, options.now, report);
  lintExchanges(draft, report);

  if (problems.some(({ severity }) => severity === 'error')) {
    return { ok: false, problems: problems.sort(comparePlaces) };
  }
  yield;
  const sound = { issuers: strictOf(issuers), servers: strictOf(servers), exchanges: strictOf(exchanges) };
  const written = new Map(sound.servers.map(({ key, value }) => [key, value]));
  for (const server of sound.servers) warnOfDeadWaivers(server, written, report);
  return { ok: true, ...sound, digest: digestInForce(sound), warnings: problems.sort(comparePlaces) };
}

/** A waiver for what the server does not open covers nothing: a misspelt tool, most often. */
function warnOfDeadWaivers(
  { value, place }: Entry<WrittenServer>,
  written: ReadonlyMap<string, WrittenServer>,
  report: Report,
): void {
  if (value.waivers.length === 0) return;
  const { operation: opens } = classifier(value, (key) => written.get(key));
  for (const [index, waiver] of value.waivers.entries()) {
    for (const [at, operation] of waiver.operations.entries()) {
      if (expectsUnknown(operation, 'codes' in waiver ? waiver.codes : undefined)) continue;
      if (callsOf(operation).some((call) => opens(call) !== undefined)) continue;
      report(below(place, 'waivers', index, 'operations', at), {
        severity: 'warning',
        value: operation,
        message: `The server does not open ${quote(operation)}: the waiver covers nothing there.`,
        remedy: 'Write an operation that the server lists, or remove it.',
      });
    }
  }
}
