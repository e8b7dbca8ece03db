/**
 * Runs a case file: each case through the decider in process and through the real app over HTTP, and those that reach
 * the policy also through `opa eval` on the Rego sources, where there is an OPA. All must agree with each other, and with what is expected.
 */
import type { ReloadProblem } from '../decide/decider.ts';
import type { Decision } from '../decision/decision.ts';
import type { Toolchain } from '../policy/custom.ts';
import type { Sources as Rego } from '../policy/sources.ts';
import type { SourcedPolicy } from '../service.ts';
import { customInput, disagreements, type Judged } from './agree.ts';
import { type Bench, openBench } from './bench.ts';
import { type Offers, offersOf, type Seen, seenIn } from './coverage.ts';
import type { CustomRules } from './custom.ts';
import { differ, differences } from './expect.ts';
import { type OpenedCases, type OpenParts, openCases, type UnopenedCases } from './open.ts';
import { proofsOf } from './proofs.ts';
import { questionOf } from './question.ts';
import type { Registered } from './register.ts';
import { evaluateRego } from './rego.ts';
import { revocationsOf } from './revoked.ts';
import type { Case } from './schema.ts';

export interface RunParts extends OpenParts {
  /** The core module as `serve` takes it. */
  readonly core: Extract<SourcedPolicy, { ok: true }>['sources']['core'];
  /** Its Rego. */
  readonly coreSources: Rego;
  readonly newId: () => string;
  readonly fetch: typeof globalThis.fetch;
  /** Which cases run, by their names. Default: all. */
  readonly wanted?: (name: string) => boolean;
}

export interface CaseResult {
  readonly name: string;
  /** 1-based, in its file. */
  readonly line: number;
  /** Where the work ended: `policy` cases ran through `opa eval`, WebAssembly and HTTP; `facts` through decide and HTTP. */
  readonly reached: 'policy' | 'facts';
  /** One sentence a difference; empty: the case passed. */
  readonly differences: readonly string[];
  /** For coverage; absent where the case could not be asked. */
  readonly seen?: Seen;
}

export type FileResult =
  | ({ readonly ok: true; readonly file: string; readonly cases: readonly CaseResult[] } & Offers)
  /** The file, its registry or its rules cannot be used. */
  | UnopenedCases;

/** @param path a case file. Never throws for what stands in it. */
export async function runCaseFile(path: string, parts: RunParts): Promise<FileResult> {
  const opened = await openCases(path, parts);
  return opened.ok ? runCases(opened, parts) : opened;
}

async function runCases(opened: OpenedCases, parts: RunParts): Promise<FileResult> {
  const { path, file, lines, registered, rules, now } = opened;
  const failed = (problems: readonly ReloadProblem[]): FileResult => ({ ok: false, file: path, problems });
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
    if (!withKeys.ok) return failed(withKeys.problems);
    const wanted = file.cases.flatMap((one, at) =>
      parts.wanted?.(one.name) === false ? [] : [{ one, line: lines[at] ?? 1 }],
    );
    const withoutKeys = wanted.some(({ one }) => one.keys === 'unavailable') ? await open('keyless') : withKeys;
    if (!withoutKeys.ok) return failed(withoutKeys.problems);

    const ran: Ran[] = [];
    for (const { one, line } of wanted) {
      const { bench } = one.keys === 'unavailable' ? withoutKeys : withKeys;
      const about = { keys: registered.keys, now: now / 1000, newId: parts.newId };
      ran.push({ name: one.name, line, ...(await runCase(one, bench, about)) });
    }
    const byOpa = parts.tools === null ? [] : await askOpa(ran, rules, parts, parts.tools.opa);
    return {
      ok: true,
      file: path,
      ...offersOf(opened, withKeys.bench),
      cases: ran.map(({ name, line, judged, seen, differences }, at) => ({
        name,
        line,
        reached: judged === null ? 'facts' : 'policy',
        differences: [...differences, ...(byOpa[at] ?? [])],
        ...(seen && { seen }),
      })),
    };
  } finally {
    await Promise.all(benches.map((bench) => bench.close()));
  }
}

interface Asked {
  readonly judged: Judged | null;
  readonly seen: Seen | null;
  readonly differences: readonly string[];
}

interface Ran extends Asked {
  readonly name: string;
  readonly line: number;
}

interface CaseParts {
  readonly keys: Registered['keys'];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly newId: () => string;
}

async function runCase(one: Case, bench: Bench, parts: CaseParts): Promise<Asked> {
  const question = await questionOf(one, { ...parts, registry: bench.registry });
  if (typeof question === 'string') return { judged: null, seen: null, differences: [question] };
  bench.revoke(revocationsOf(one.revoked, parts.now * 1000));
  bench.prove(proofsOf(one.proof));
  const decided = await bench.decide(question.ask);
  const { decision, judged } = decided;
  const { status, answer } = await bench.post(question.body);
  const overHttp = [
    differ('HTTP status', decision.decision === 'indeterminate' ? 503 : 200, status),
    differ('answer over HTTP', comparable(decision), comparable(answer)),
  ].filter((difference) => difference !== null);
  return { judged, seen: seenIn(decided), differences: [...differences(one.expect, decision), ...overHttp] };
}

/** An answer but for its id, which is another each time. */
function comparable(answer: Decision | unknown): unknown {
  if (typeof answer !== 'object' || answer === null) return answer;
  return { ...answer, decision_id: null };
}

/** What `opa eval` finds otherwise, a list for each case: all cases of a file in one process. */
async function askOpa(
  ran: readonly Ran[],
  rules: CustomRules | null,
  parts: RunParts,
  opa: Toolchain['opa'],
): Promise<string[][]> {
  const judged = ran.flatMap((one) => (one.judged === null ? [] : [one.judged]));
  const asked = judged.filter(({ custom }) => custom !== null);
  const core = await evaluateRego(opa, {
    sources: parts.coreSources,
    entrypoint: 'audgate/decision/decide',
    inputs: judged.map(({ input }) => input),
  });
  const custom =
    rules?.sources == null
      ? []
      : await evaluateRego(opa, {
          sources: rules.sources,
          entrypoint: 'custom/decide',
          inputs: asked.map(customInput),
        });
  const missing = { kind: 'undefined' } as const;
  return ran.map(({ judged: one }) => {
    // Without the sources of its rules nobody but the module can say what they would.
    if (one === null || (one.custom !== null && rules?.sources === null)) return [];
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
