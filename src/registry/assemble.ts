/** From files that were read to the registry in force: form, lint, build. */
import { buildRegistry, type KeySourceOf } from './build.ts';
import { lintAudiences } from './lint/audience.ts';
import type { Draft } from './lint/draft.ts';
import { lintIssuer, lintIssuers } from './lint/issuer.ts';
import { lintProfile } from './lint/profile.ts';
import { lintResource, lintSpellings } from './lint/resource.ts';
import { lintServer } from './lint/server.ts';
import { callsOf, expectsUnknown, lintWaivers } from './lint/waiver.ts';
import { below, comparePlaces, type Place, problemAt, quote, type Report } from './place.ts';
import type { ReadText } from './read.ts';
import { collect, strictOf } from './records.ts';
import type { LoadedRegistry, Problem, Registry } from './registry.ts';

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
}

/**
 * All problems of all files at once, or the registry. Stops after every file and record, so that a caller may let others
 * work before it goes on. Reading one file and building the whole are one step each.
 * @param read reads the files one by one, reporting what cannot be read
 * @param before problems of files that could not even be opened
 */
export function* assemble(
  read: (report: Report) => Iterable<ReadText>,
  options: LoadOptions,
  before: readonly Problem[],
): Generator<void, LoadedRegistry> {
  if (!(options.now < LATEST_SECOND)) throw new Error(`now is ${options.now}: give seconds since the epoch`);
  const problems: Problem[] = [...before];
  const report: Report = (place, finding) => problems.push(problemAt(place, finding));
  const files: ReadText[] = [];
  for (const file of read(report)) {
    files.push(file);
    yield;
  }
  const { issuers, servers } = yield* collect(files, report);
  const draft: Draft = {
    issuers,
    servers,
    issuerKeys: new Set(issuers.map(({ key }) => key)),
    complete: before.length === 0 && files.every(({ value }) => value !== undefined),
  };
  for (const issuer of issuers) {
    lintIssuer(issuer, issuer.raw, options.replaceKeySource === undefined, report);
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

  if (problems.some(({ severity }) => severity === 'error')) {
    return { ok: false, missing: false, problems: problems.sort(comparePlaces) };
  }
  yield;
  const registry = buildRegistry(strictOf(issuers), strictOf(servers), options.replaceKeySource);
  for (const { key, place } of draft.servers) warnOfDeadWaivers(registry, key, place, report);
  return { ok: true, registry, warnings: problems.sort(comparePlaces) };
}

/** A waiver for what the server does not open covers nothing: a misspelt tool, most often. */
function warnOfDeadWaivers(registry: Registry, key: string, place: Place, report: Report): void {
  const server = registry.servers.get(key);
  for (const [index, waiver] of (server?.waivers ?? []).entries()) {
    for (const [at, operation] of waiver.operations.entries()) {
      if (expectsUnknown(operation, waiver.codes)) continue;
      if (callsOf(operation).some((call) => server?.operation(call) !== undefined)) continue;
      report(below(place, 'waivers', index, 'operations', at), {
        severity: 'warning',
        value: operation,
        message: `The server does not open ${quote(operation)}: the waiver covers nothing there.`,
        remedy: 'Write an operation that the server lists, or remove it.',
      });
    }
  }
}
