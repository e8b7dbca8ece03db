/**
 * What cases cover: which rules a case satisfied and denied, and which tools, prompts and resources of each server have a
 * case that is allowed and one that is denied. What no case denies may be open to everyone, and nobody would notice.
 */

import type { Decision } from '../decision/decision.ts';
import type { CallFacts } from '../decision/facts.ts';
import { listedOperations } from '../registry/listed.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import type { Decided } from './bench.ts';
import type { OpenedCases } from './open.ts';
import type { FileResult } from './run.ts';

/** What one case was about. */
export interface Seen {
  /** Registry key; null: a server that is not registered. */
  readonly server: string | null;
  /** As `Offers` names it; null: another method, or what is not registered. */
  readonly operation: string | null;
  readonly decision: Decision['decision'];
  readonly satisfied: readonly string[];
  readonly denied: readonly string[];
}

export interface Offers {
  /** Where the registry stands: its path, or the case file's. */
  readonly registry: string;
  /** Tools, prompts and resources of each server, as `tools/call NAME`. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
  /** Every rule, core first. */
  readonly rules: readonly string[];
}

interface Judging {
  readonly registry: Registry;
  /** Names of all rules, core first. */
  readonly rules: readonly string[];
}

/** Methods whose target is of one kind; the first one names it. */
const KINDS = { tool: 'tools/call', prompt: 'prompts/get', resource: 'resources/read' } as const;

export function offersOf({ path, registry: at }: OpenedCases, { registry, rules }: Judging): Offers {
  const servers = [...registry.servers.values()].map((server): [string, readonly string[]] => [
    server.key,
    listedOperations(server).flatMap(({ kind, name }) =>
      kind === 'method' || kind === 'unlisted' ? [] : [`${KINDS[kind]} ${name}`],
    ),
  ]);
  return { registry: at ?? path, servers: Object.fromEntries(servers), rules };
}

export function seenIn({ decision, evaluation, checks }: Decided): Seen {
  const { server, call } = evaluation;
  const named = (outcomes: readonly string[]) =>
    checks.filter(({ outcome }) => outcomes.includes(outcome)).map(({ rule }) => rule);
  return {
    server: server?.key ?? null,
    operation: server === null || call === null ? null : operationOf(call, server),
    decision: decision.decision,
    satisfied: named(['satisfied']),
    denied: named(['denied', 'not_satisfied']),
  };
}

function operationOf(call: CallFacts, server: ServerRecord): string | null {
  const { tool, prompt, uri } = call;
  if (tool !== undefined) return `${KINDS.tool} ${tool}`;
  if (prompt !== undefined) return `${KINDS.prompt} ${prompt}`;
  if (uri === undefined || server.operation(call) === undefined) return null;
  const entries = listedOperations(server).filter(({ kind }) => kind === 'resource');
  const entry =
    entries.find(({ name }) => name === uri) ??
    entries
      .filter(({ name }) => name.endsWith('*') && uri.startsWith(name.slice(0, -1)))
      .sort((a, b) => b.name.length - a.name.length)[0];
  return entry === undefined ? null : `${KINDS.resource} ${entry.name}`;
}

export interface RuleCoverage {
  readonly rule: string;
  /** Cases that it let pass. */
  readonly satisfied: number;
  readonly denied: number;
}

export interface OperationCoverage {
  readonly registry: string;
  readonly server: string;
  readonly operation: string;
  /** Cases by what was decided. */
  readonly allow: number;
  readonly deny: number;
}

export interface Coverage {
  readonly rules: readonly RuleCoverage[];
  readonly operations: readonly OperationCoverage[];
}

/** Registries that several files share are counted once. */
export function coverageOf(results: readonly FileResult[]): Coverage {
  const rules = new Map<string, RuleCoverage>();
  const operations = new Map<string, OperationCoverage>();
  for (const result of results) {
    if (!result.ok) continue;
    const { registry, servers, cases } = result;
    for (const rule of result.rules) if (!rules.has(rule)) rules.set(rule, { rule, satisfied: 0, denied: 0 });
    const keyOf = (server: string | null, operation: string | null) => JSON.stringify([registry, server, operation]);
    for (const [server, names] of Object.entries(servers)) {
      for (const operation of names) {
        const key = keyOf(server, operation);
        if (!operations.has(key)) operations.set(key, { registry, server, operation, allow: 0, deny: 0 });
      }
    }
    for (const { seen } of cases) {
      if (seen === undefined) continue;
      for (const rule of seen.satisfied) count(rules, rule, (of) => ({ ...of, satisfied: of.satisfied + 1 }));
      for (const rule of seen.denied) count(rules, rule, (of) => ({ ...of, denied: of.denied + 1 }));
      const { decision } = seen;
      if (decision === 'indeterminate') continue;
      count(operations, keyOf(seen.server, seen.operation), (of) => ({ ...of, [decision]: of[decision] + 1 }));
    }
  }
  return { rules: [...rules.values()], operations: [...operations.values()] };
}

function count<T>(counts: Map<string, T>, key: string, more: (of: T) => T): void {
  const before = counts.get(key);
  if (before !== undefined) counts.set(key, more(before));
}

/** What must have a case and has none: custom rules and what servers offer. The core's rules have audgate's own cases. */
export function gapsOf({ rules, operations }: Coverage): readonly string[] {
  return [
    ...rules
      .filter(({ rule }) => rule.startsWith('custom.'))
      .flatMap(({ rule, satisfied, denied }) => [
        ...(satisfied === 0 ? [`${rule} is satisfied by no case`] : []),
        ...(denied === 0 ? [`${rule} is denied by no case`] : []),
      ]),
    ...operations.flatMap(({ server, operation, allow, deny }) => [
      ...(allow === 0 ? [`${server}: ${operation} has no case that is allowed`] : []),
      ...(deny === 0 ? [`${server}: ${operation} has no case that is denied`] : []),
    ]),
  ];
}
