/** A case file's custom rules: compiled for the decider, and their sources for `opa eval`. */
import { readFile } from 'node:fs/promises';
import { aggregatorOf } from '../policy/aggregate.ts';
import { openBundle, type PackedRules, type ReadBundle, readBundle } from '../policy/bundle.ts';
import type { SigningKey } from '../policy/bundle-signature.ts';
import { buildPolicies, type Toolchain } from '../policy/custom.ts';
import type { RegoProblem } from '../policy/problem.ts';
import { isTest, readFolder, type Sources, without } from '../policy/sources.ts';
import type { SourcedPolicy } from '../service.ts';

export interface CustomRules {
  readonly module: NonNullable<Extract<SourcedPolicy, { ok: true }>['sources']['custom']>;
  /** Sorted names of those that deny. */
  readonly rules: readonly string[];
  /** Rego, with the generated package that asks each rule. Null: only the module is at hand. */
  readonly sources: Sources | null;
}

export type CompiledRules = CustomRules & { readonly sources: Sources };

export interface Unusable {
  readonly problems: readonly { readonly severity: 'error'; readonly message: string }[];
}

export async function readCustomRules(tools: Toolchain, folder: string): Promise<CompiledRules | Unusable> {
  const built = await buildPolicies(tools, folder);
  if (!built.ok) return unusable(...built.problems.map((problem) => inOneLine(folder, problem)));
  const read = packedRules(readBundle(built.bytes));
  if ('problems' in read) return unusable(...read.problems);
  const { wasm, digest, rules } = read;
  const { denying, reporting } = byEnforcement(rules);
  const { rego } = await readFolder(folder);
  const sources = new Map([...without(rego, isTest), ['generated.rego', aggregatorOf(denying, reporting)]]);
  const module = { wasm, digest, rules: rules.map((rule) => ({ ...rule, file: `${folder}/${rule.file}` })) };
  return { module, rules: denying, sources };
}

/**
 * @param path a bundle that `policy build` wrote
 * @param key that it must be signed with; null: its signature is not looked at
 */
export async function readBuiltRules(path: string, key: SigningKey | null = null): Promise<CustomRules | Unusable> {
  const bytes = await readFile(path);
  const read = packedRules(key === null ? readBundle(bytes) : await openBundle(bytes, key));
  if ('problems' in read) return unusable(...read.problems.map((problem) => `${path}: ${problem}`));
  const { wasm, digest, rules } = read;
  const module = { wasm, digest, rules: rules.map((rule) => ({ ...rule, file: `${path}:${rule.file}` })) };
  return { module, rules: byEnforcement(rules).denying, sources: null };
}

function packedRules(read: ReadBundle): PackedRules | { readonly problems: readonly string[] } {
  if (!read.ok) return read;
  return read.bundle.custom ?? { problems: ['the bundle holds a registry alone, and no rules to test'] };
}

export function byEnforcement(rules: CustomRules['module']['rules']) {
  const [denying, reporting] = (['deny', 'report'] as const).map((which) =>
    rules.filter(({ enforcement = 'deny' }) => enforcement === which).map(({ name }) => name),
  );
  return { denying: denying ?? [], reporting: reporting ?? [] };
}

export const unusable = (...messages: readonly string[]): Unusable => ({
  problems: messages.map((message) => ({ severity: 'error', message })),
});

function inOneLine(folder: string, { file, line, column, message, remedy }: RegoProblem): string {
  return `${folder}/${file}:${line}:${column}: ${message} ${remedy}`;
}
