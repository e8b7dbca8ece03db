/** Changes one condition of a Rego rule at a time, and asks which test or case notices. */
import { type Condition, conditionsOf } from '../../policy/conditions.ts';
import type { Opa } from '../../policy/opa.ts';
import { type Sources, withStage } from '../../policy/sources.ts';
import { type RegoMutant, regoMutants } from './rego-mutants.ts';
import type { Score, Survivor } from './score.ts';

export interface RegoParts {
  readonly opa: Opa;
  /** OPA capabilities, as JSON. */
  readonly capabilities: string;
  /** Rules and their tests. */
  readonly sources: Sources;
  /** What is compiled with them and never changed: helpers of tests, what is generated. */
  readonly beside: Sources;
  /** Asks the cases; null: none notices. `unusable`: the change does not compile. */
  readonly cases: (changed: Sources, condition: Condition) => Promise<string | null | 'unusable'>;
  /** A case to start from. */
  readonly suggest: (condition: Condition, mutant: RegoMutant) => string;
  readonly onProgress?: (done: number, all: number) => void;
}

/** OPA's processes at one time. */
const AT_ONCE = 2;

/** @throws for rules that do not parse; they were tested before */
export async function mutateRego(parts: RegoParts): Promise<Score> {
  const conditions = await conditionsOf(parts.opa, parts.sources);
  const mutants = conditions
    .filter(({ redundant }) => !redundant)
    .flatMap((condition) => regoMutants(condition).map((mutant) => ({ condition, mutant })));
  const outcomes: ('noticed' | 'void' | 'survived')[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < mutants.length; at = next++) {
      const one = mutants[at];
      if (one === undefined) return;
      outcomes[at] = await outcomeOf(one.condition, one.mutant, parts);
      parts.onProgress?.(outcomes.filter((outcome) => outcome !== undefined).length, mutants.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const survivors = mutants.flatMap(({ condition, mutant }, at): Survivor[] => {
    const { file, line, column } = condition;
    if (outcomes[at] !== 'survived') return [];
    return [{ what: mutant.what, place: `${file}:${line}:${column}`, case: parts.suggest(condition, mutant) }];
  });
  const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
  const redundant = conditions.filter((condition) => condition.redundant).length;
  return { noticed: count('noticed'), survivors, void: count('void') + redundant };
}

async function outcomeOf(
  condition: Condition,
  { change }: RegoMutant,
  parts: RegoParts,
): Promise<'noticed' | 'void' | 'survived'> {
  const changed = change(parts.sources);
  const tested = await test(parts, changed);
  if (tested !== 'passed') return tested;
  const by = await parts.cases(changed, condition);
  if (by === 'unusable') return 'void';
  return by === null ? 'survived' : 'noticed';
}

/** The Rego tests, on OPA's own engine. */
function test({ opa, capabilities, beside }: RegoParts, changed: Sources): Promise<'noticed' | 'void' | 'passed'> {
  const files = new Map([...changed, ...beside].map(([file, text]) => [`rego/${file}`, text]));
  files.set('capabilities.json', capabilities);
  return withStage(files, async (folder) => {
    const args = ['test', '--format', 'json', '--capabilities', 'capabilities.json', 'rego'];
    const ran = await opa.run(args, { cwd: folder });
    if (ran.code === 0) return 'passed';
    // What does not compile prints no list.
    return ran.stdout.trimStart().startsWith('[') ? 'noticed' : 'void';
  });
}
