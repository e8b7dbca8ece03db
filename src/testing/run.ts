/**
 * Runs a case file: each case through the decider in process and through the real app over HTTP, and those that reach
 * the policy also through `opa eval` on the Rego sources. All must agree with each other, and with what is expected.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Decision } from '../decision/decision.ts';
import type { Toolchain } from '../policy/custom.ts';
import type { Sources as Rego } from '../policy/sources.ts';
import type { SourcedPolicy } from '../service.ts';
import { customInput, disagreements, type Judged } from './agree.ts';
import { type Bench, openBench } from './bench.ts';
import { type CustomRules, readCustomRules } from './custom.ts';
import { differ, differences } from './expect.ts';
import { questionOf } from './question.ts';
import { type Registered, registerKeys } from './register.ts';
import { evaluateRego } from './rego.ts';
import { type Case, readCases } from './schema.ts';

export interface RunParts {
  readonly tools: Toolchain;
  /** The core module as `serve` takes it. */
  readonly core: Extract<SourcedPolicy, { ok: true }>['sources']['core'];
  /** Its Rego. */
  readonly coreSources: Rego;
  readonly newId: () => string;
  readonly fetch: typeof globalThis.fetch;
}

export interface CaseResult {
  readonly name: string;
  /** 1-based, in its file. */
  readonly line: number;
  /** Where the work ended: `policy` cases ran through `opa eval`, WebAssembly and HTTP; `facts` through decide and HTTP. */
  readonly reached: 'policy' | 'facts';
  /** One sentence a difference; empty: the case passed. */
  readonly differences: readonly string[];
}

export type FileResult =
  | { readonly ok: true; readonly file: string; readonly cases: readonly CaseResult[] }
  /** The file, its registry or its rules cannot be used. */
  | { readonly ok: false; readonly file: string; readonly problems: readonly ReloadProblem[] };

/** @param path a case file. Never throws for what stands in it. */
export async function runCaseFile(path: string, parts: RunParts): Promise<FileResult> {
  const failed = (...problems: readonly ReloadProblem[]): FileResult => ({ ok: false, file: path, problems });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return failed({ severity: 'error', message: `${path} cannot be read.` });
  }
  const read = readCases(text, path);
  if (!read.ok) return failed(...read.problems);
  const { file, lines } = read;
  const folder = dirname(path);
  const now = Date.parse(file.now);

  const registered = await registerKeys(
    typeof file.registry === 'string'
      ? join(folder, file.registry)
      : { value: file.registry, place: read.registryPlace },
    now / 1000,
  );
  if (!registered.ok) return failed(...registered.problems);
  const rules = file.policies === undefined ? null : await readCustomRules(parts.tools, join(folder, file.policies));
  if (rules !== null && 'problems' in rules) return failed(...rules.problems);

  const benches: Bench[] = [];
  try {
    const open = async (kind: 'loaded' | 'keyless') => {
      const { newId, fetch } = parts;
      const policy = {
        ok: true,
        sources: { core: parts.core, allowModifiedCore: false, custom: rules?.module ?? null },
      } as const;
      const opened = await openBench({ loaded: registered[kind], policy, now, newId, fetch });
      if (opened.ok) benches.push(opened.bench);
      return opened;
    };
    const withKeys = await open('loaded');
    if (!withKeys.ok) return failed(...withKeys.problems);
    const withoutKeys = file.cases.some(({ keys }) => keys === 'unavailable') ? await open('keyless') : withKeys;
    if (!withoutKeys.ok) return failed(...withoutKeys.problems);

    const ran: Ran[] = [];
    for (const one of file.cases) {
      const { bench } = one.keys === 'unavailable' ? withoutKeys : withKeys;
      ran.push(await runCase(one, bench, { keys: registered.keys, now: now / 1000, newId: parts.newId }));
    }
    const byOpa = await askOpa(ran, rules, parts);
    return {
      ok: true,
      file: path,
      cases: ran.map(({ name, judged, differences }, at) => ({
        name,
        line: lines[at] ?? 1,
        reached: judged === null ? 'facts' : 'policy',
        differences: [...differences, ...(byOpa[at] ?? [])],
      })),
    };
  } finally {
    await Promise.all(benches.map((bench) => bench.close()));
  }
}

interface Ran {
  readonly name: string;
  readonly judged: Judged | null;
  readonly differences: readonly string[];
}

interface CaseParts {
  readonly keys: Registered['keys'];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

async function runCase(one: Case, bench: Bench, parts: CaseParts): Promise<Ran> {
  const { name, expect } = one;
  const question = await questionOf(one, { ...parts, registry: bench.registry });
  if (typeof question === 'string') return { name, judged: null, differences: [question] };
  const { decision, judged } = await bench.decide(question.ask);
  const { status, answer } = await bench.post(question.body);
  const overHttp = [
    differ('HTTP status', decision.decision === 'indeterminate' ? 503 : 200, status),
    differ('answer over HTTP', comparable(decision), comparable(answer)),
  ].filter((difference) => difference !== null);
  return { name, judged, differences: [...differences(expect, decision), ...overHttp] };
}

/** An answer but for its id, which is another each time. */
function comparable(answer: Decision | unknown): unknown {
  if (typeof answer !== 'object' || answer === null) return answer;
  return { ...answer, decision_id: null };
}

/** What `opa eval` finds otherwise, a list for each case: all cases of a file in one process. */
async function askOpa(ran: readonly Ran[], rules: CustomRules | null, parts: RunParts): Promise<string[][]> {
  const judged = ran.flatMap((one) => (one.judged === null ? [] : [one.judged]));
  const asked = judged.filter(({ custom }) => custom !== null);
  const { opa } = parts.tools;
  const core = await evaluateRego(opa, {
    sources: parts.coreSources,
    entrypoint: 'audgate/decision/decide',
    inputs: judged.map(({ input }) => input),
  });
  const custom =
    rules === null
      ? []
      : await evaluateRego(opa, {
          sources: rules.sources,
          entrypoint: 'custom/decide',
          inputs: asked.map(customInput),
        });
  const missing = { kind: 'undefined' } as const;
  return ran.map(({ judged: one }) => {
    if (one === null) return [];
    const answers = {
      core: core[judged.indexOf(one)] ?? missing,
      custom: one.custom === null ? null : (custom[asked.indexOf(one)] ?? missing),
    };
    return disagreements(one, answers, rules?.rules ?? []);
  });
}

export interface Counts {
  /** Cases that reached the policy: `opa eval`, WebAssembly and HTTP. */
  readonly policy: number;
  /** Cases that ended in facts: decide and HTTP. */
  readonly facts: number;
  readonly failed: number;
  /** Files that could not be run. */
  readonly unusable: number;
}

export function count(results: readonly FileResult[]): Counts {
  const cases = results.flatMap((result) => (result.ok ? result.cases : []));
  return {
    policy: cases.filter(({ reached }) => reached === 'policy').length,
    facts: cases.filter(({ reached }) => reached === 'facts').length,
    failed: cases.filter(({ differences }) => differences.length > 0).length,
    unusable: results.filter(({ ok }) => !ok).length,
  };
}
