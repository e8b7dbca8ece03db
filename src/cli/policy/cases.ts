/** The case files under a folder, run one after the other. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Toolchain } from '../../policy/custom.ts';
import { readFolder } from '../../policy/sources.ts';
import { readCore } from '../../sources.ts';
import type { CustomRules } from '../../testing/custom.ts';
import { type FileResult, type RunParts, runCaseFile } from '../../testing/run.ts';
import { readCases } from '../../testing/schema.ts';
import type { Host } from '../host.ts';
import { printProblems } from '../problems.ts';
import { painter, print, shown } from '../terminal.ts';
import { POLICIES } from './toolchain.ts';

/** Directly in a folder `cases`, at any depth. */
export const isCaseFile = (file: string): boolean => /(^|\/)cases\/[^/]+\.ya?ml$/.test(file);

export interface CaseOptions {
  /** Null: there is no OPA. */
  readonly tools: Toolchain | null;
  /** In place of those that files name. */
  readonly rules: CustomRules | null;
  /** A part of the names of the cases to run; a file whose name has it runs whole. */
  readonly filter: string | undefined;
}

export async function runCases(folder: string, options: CaseOptions, host: Host): Promise<readonly FileResult[]> {
  const files = (await readFolder(folder)).others.filter(isCaseFile);
  if (files.length === 0) return [];
  const { filter } = options;
  const parts = await casesParts(options, host);
  const results: FileResult[] = [];
  for (const [index, file] of files.entries()) {
    const wanted = (name: string) => filter === undefined || matches(file, filter) || matches(name, filter);
    print(host.stderr, `audgate: ${shown(file)} (${index + 1} of ${files.length})`);
    results.push(await runCaseFile(join(folder, file), { ...parts, wanted }));
  }
  return results;
}

export async function casesParts({ tools, rules }: Omit<CaseOptions, 'filter'>, host: Host): Promise<RunParts> {
  return {
    tools,
    core: await readCore(),
    coreSources: (await readFolder(join(POLICIES, 'core'))).rego,
    newId: host.newId,
    fetch: host.fetch,
    ...(rules !== null && { rules }),
  };
}

/** Registries and rules that the case files name, wherever they stand. Files that cannot be read name nothing. */
export async function namedByCases(folder: string): Promise<readonly string[]> {
  const named: string[] = [];
  for (const file of (await readFolder(folder)).others.filter(isCaseFile)) {
    const path = join(folder, file);
    const read = readCases(await readFile(path, 'utf8').catch(() => ''), path);
    if (!read.ok) continue;
    const { registry, policies } = read.file;
    for (const one of [registry, policies]) if (typeof one === 'string') named.push(join(dirname(path), one));
  }
  return named;
}

const matches = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

export const caseFailed = (result: FileResult) =>
  !result.ok || result.cases.some(({ differences }) => differences.length > 0);

export function printCases(results: readonly FileResult[], host: Host): void {
  const paint = painter(host.stdout, host.env);
  for (const result of results) {
    if (!result.ok) {
      print(host.stdout, `${paint('bold', `${shown(result.file)}:`)} ${paint('red', 'cannot be run')}`);
      printProblems(host, 'stdout', result.problems);
      continue;
    }
    for (const { name, line, differences } of result.cases) {
      if (differences.length === 0) continue;
      const place = paint('bold', `${shown(result.file)}:${line}:`);
      print(host.stdout, `${place} ${paint('red', 'failed')}: ${shown(name)}`);
      for (const difference of differences) print(host.stdout, `    ${shown(difference)}`);
    }
  }
}
