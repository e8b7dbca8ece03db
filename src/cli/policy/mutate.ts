/** `audgate policy test DIR --mutate`: which deliberate mistakes in registry and rules the tests and cases notice. */
import { join } from 'node:path';
import { checkPolicies, type Toolchain } from '../../policy/custom.ts';
import { loadPolicy } from '../../policy/load.ts';
import { isTest, readFolder } from '../../policy/sources.ts';
import { type FrozenCases, freeze } from '../../testing/mutation/frozen.ts';
import { type Judged, mutateRegistry } from '../../testing/mutation/mutate-registry.ts';
import { mutateRules } from '../../testing/mutation/mutate-rules.ts';
import { NOTHING, percent, type Score, together } from '../../testing/mutation/score.ts';
import { openCases } from '../../testing/open.ts';
import type { RunParts } from '../../testing/run.ts';
import { EXIT, type Exit, type Host } from '../host.ts';
import { painter, print, printJson, shown } from '../terminal.ts';
import { casesParts, isCaseFile } from './cases.ts';

export interface MutateOptions {
  readonly json?: true;
  /** Percent. */
  readonly minScore?: number;
}

/** @param folder one whose tests and cases all pass */
export async function mutate(
  folder: string,
  { json, minScore = 0 }: MutateOptions,
  tools: Toolchain | null,
  host: Host,
): Promise<Exit> {
  const parts = await casesParts({ tools, rules: null }, host);
  const files = await freezeAll(folder, parts);
  print(host.stderr, 'audgate: changing the registry, one place at a time …');
  const registry = await mutateRegistries(files, parts, host);
  const rules = tools === null ? NOTHING : await mutateFolder(folder, files, { ...parts, tools }, host);
  if (tools === null) print(host.stderr, 'audgate: custom rules are not changed, because there is no OPA');
  const score = together([registry, rules]);
  if (json) printJson(host.stdout, { score: percent(score), registry, rules });
  else printScore({ registry, rules }, host);
  return percent(score) < minScore ? EXIT.refused : EXIT.fine;
}

async function freezeAll(folder: string, parts: RunParts): Promise<readonly FrozenCases[]> {
  const frozen: FrozenCases[] = [];
  for (const file of (await readFolder(folder)).others.filter(isCaseFile)) {
    const opened = await openCases(join(folder, file), parts);
    if (!opened.ok) throw new Error(`${opened.file} could be run before, and cannot now`);
    frozen.push(await freeze(opened, parts.newId));
  }
  return frozen;
}

/** Registries of their own files, each with all cases that name it; those inside case files only if there is no other. */
async function mutateRegistries(files: readonly FrozenCases[], parts: RunParts, host: Host): Promise<Score> {
  const judged: Judged[] = [];
  for (const frozen of files) {
    const custom = frozen.opened.rules?.module ?? null;
    const loaded = await loadPolicy({ core: parts.core, allowModifiedCore: false, custom, onAlarm: () => {} });
    if (!loaded.ok) throw new Error(`the policy of ${frozen.opened.path} could be loaded before, and cannot now`);
    judged.push({ frozen, policy: loaded.policy });
  }
  const shared = judged.filter(({ frozen }) => frozen.opened.registry !== null);
  const groups = Map.groupBy(
    shared.length > 0 ? shared : judged,
    ({ frozen: { opened } }) => opened.registry ?? opened.path,
  );
  const scores: Score[] = [];
  for (const [first, ...rest] of groups.values()) {
    if (first !== undefined) scores.push(await mutateRegistry([first, ...rest], host.newId));
  }
  return together(scores);
}

async function mutateFolder(
  folder: string,
  files: readonly FrozenCases[],
  { tools, core, newId }: RunParts & { readonly tools: Toolchain },
  host: Host,
): Promise<Score> {
  const { rego } = await readFolder(folder);
  if ([...rego.keys()].every(isTest)) return NOTHING;
  const { rules } = await checkPolicies(tools, folder);
  print(host.stderr, 'audgate: leaving out conditions of the rules, one at a time …');
  const onProgress = (done: number, all: number) => {
    if (done % 25 === 0) print(host.stderr, `audgate: ${done} of ${all}`);
  };
  return mutateRules({ tools, core, folder, sources: rego, rules, files, newId, onProgress });
}

function printScore(scores: { readonly registry: Score; readonly rules: Score }, host: Host): void {
  const { stdout } = host;
  const paint = painter(stdout, host.env);
  for (const { survivors } of Object.values(scores)) {
    for (const { what, place, case: written } of survivors) {
      print(stdout, `${paint('bold', `${shown(place)}:`)} ${paint('red', 'nobody notices')}: ${shown(what)}`);
      print(stdout, '  Write this case:', ...written.trimEnd().split('\n').map(shown), '');
    }
  }
  for (const [name, score] of Object.entries(scores)) {
    const { noticed, survivors, void: idle } = score;
    const without = idle === 0 ? '' : `; ${idle} change nothing, or do not load`;
    print(stdout, `Mistakes in the ${name}: ${noticed} of ${noticed + survivors.length} noticed${without}`);
  }
  const all = together(Object.values(scores));
  print(stdout, paint(all.survivors.length === 0 ? 'green' : 'red', `Score: ${percent(all)} %`));
}
