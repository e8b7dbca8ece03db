/** Loads the registry: a file, a directory of them, or a value. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { assemble, complete, type LoadOptions } from './assemble.ts';
import { checkApart, sizeOf, type Text } from './check-apart.ts';
import { type Origin, type Place, problemAt, type Report } from './place.ts';
import { readText } from './read.ts';
import type { LoadedRegistry, Problem } from './registry.ts';

export interface InlineOptions extends LoadOptions {
  /** What problems name as the file. */
  readonly file: string;
  /** Where a place of the value stands in that file; without it every problem is at 1:1. */
  readonly locate?: Origin['locate'];
}

/**
 * @param path a YAML or JSON file, or a directory: then every `*.yaml`, `*.yml` and `*.json` directly in it, but hidden ones
 * Never throws for what stands in the files, or for a path that cannot be read (`missing`).
 * Decisions go on meanwhile: a large registry is read by a thread of its own, and others get their turn after every few
 * records. Only where no thread may be started does a large file hold them up (some seconds for 10,000 servers).
 */
export async function loadRegistry(path: string, options: LoadOptions): Promise<LoadedRegistry> {
  let files: readonly string[];
  const texts: Text[] = [];
  const problems: Problem[] = [];
  try {
    files = await registryFiles(path);
  } catch (error) {
    return missing(path, error);
  }
  for (const file of files) {
    try {
      texts.push({ file, text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)) });
    } catch (error) {
      if (file === path && !(error instanceof TypeError)) return missing(path, error);
      const message =
        error instanceof TypeError ? 'The file is not UTF-8.' : `The file cannot be read: ${reason(error)}.`;
      const remedy = 'Save it as UTF-8 text that audgate may read.';
      problems.push(problemAt(start(file), { value: null, message, remedy }));
    }
  }
  if (files.length === 0) {
    const message = 'The directory holds no *.yaml, *.yml or *.json file.';
    problems.push(problemAt(start(path), { value: null, message, remedy: 'Write a registry file into it.' }));
  }
  return inTurns(texts, options, problems);
}

/** The files of a registry at a path. @throws when it cannot be read */
export async function registryFiles(path: string): Promise<readonly string[]> {
  return (await stat(path)).isDirectory() ? filesIn(path) : [path];
}

/** Files that are in memory already, as in a bundle. @param files each with the name that problems show */
export async function loadRegistryFiles(
  files: readonly { readonly file: string; readonly content: Uint8Array }[],
  options: LoadOptions,
): Promise<LoadedRegistry> {
  const problems: Problem[] = [];
  const texts: Text[] = [];
  for (const { file, content } of files) {
    try {
      texts.push({ file, text: new TextDecoder('utf-8', { fatal: true }).decode(content) });
    } catch {
      const remedy = 'Save it as UTF-8 text.';
      problems.push(problemAt(start(file), { value: null, message: 'The file is not UTF-8.', remedy }));
    }
  }
  return inTurns(texts, options, problems);
}

/**
 * Characters of text from which a thread of its own reads it. Measured: 2 MB a second, so that less holds others up for
 * some 15 ms in one step; a thread takes 150 ms to start.
 */
const LARGE = 32 * 1024;
/** The same where threads are kept, and one is warm most of the time. Less holds others up for some 4 ms. */
const LARGE_FOR_KEPT = 8 * 1024;
/** Milliseconds of work before others get their turn. A turn is long under load, so that a slice must hold more than one record. */
const SLICE_MS = 5;

async function inTurns(
  texts: readonly Text[],
  options: LoadOptions,
  problems: readonly Problem[],
): Promise<LoadedRegistry> {
  const { now, replaceKeySource, threads } = options;
  const here = () => turns(assemble((report) => readEach(texts, report), options, problems));
  if (sizeOf(texts) < (threads === undefined ? LARGE : LARGE_FOR_KEPT)) return here();
  const checked = await checkApart(texts, { now, keySources: replaceKeySource === undefined }, problems, threads);
  if (checked !== null) return checked.ok ? turns(complete(checked, replaceKeySource)) : { ...checked, missing: false };
  const loaded = await here();
  return loaded.ok ? { ...loaded, warnings: [withoutThread(texts), ...loaded.warnings] } : loaded;
}

async function turns(work: Generator<void, LoadedRegistry>): Promise<LoadedRegistry> {
  for (let since = performance.now(); ; ) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - since < SLICE_MS) continue;
    await setImmediate();
    since = performance.now();
  }
}

function withoutThread([first]: readonly Text[]): Problem {
  return problemAt(start(first?.file ?? ''), {
    severity: 'warning',
    value: null,
    message: 'This process may start no thread to read the registry: decisions wait while it is read.',
    remedy: 'Start Node with --allow-worker beside --permission, or split the registry into several files.',
  });
}

function* readEach(texts: readonly Text[], report: Report) {
  for (const { file, text } of texts) yield readText(text, file, report);
}

function atOnce(work: Generator<void, LoadedRegistry>): LoadedRegistry {
  for (let step = work.next(); ; step = work.next()) if (step.done) return step.value;
}

/** @param text YAML or JSON */
export function loadRegistryText(text: string, options: InlineOptions): LoadedRegistry {
  return atOnce(assemble((report) => [readText(text, options.file, report)], options, []));
}

/** @param value the plain value of a registry file, as of an inline registry in a case file */
export function loadRegistryValue(value: unknown, options: InlineOptions): LoadedRegistry {
  const origin = { file: options.file, locate: options.locate ?? (() => ({ line: 1, column: 1 })) };
  return atOnce(assemble(() => [{ value: value ?? null, place: { origin, path: [] } }], options, []));
}

async function filesIn(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).filter((name) => /^[^.].*\.(?:ya?ml|json)$/.test(name)).sort();
  const found: string[] = [];
  for (const name of names) {
    const file = join(directory, name);
    // What cannot be looked at is kept: reading it says why.
    const isFolder = await stat(file).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isFolder) found.push(file);
  }
  return found;
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown reason';
}

function start(file: string): Place {
  return { origin: { file, locate: () => ({ line: 1, column: 1 }) }, path: [] };
}

function missing(path: string, error: unknown): LoadedRegistry {
  const message = `The registry cannot be read: ${reason(error)}.`;
  const remedy = 'Name a registry file, or a directory of them.';
  return { ok: false, missing: true, problems: [problemAt(start(path), { value: null, message, remedy })] };
}
