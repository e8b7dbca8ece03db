/** A user's custom rules with one condition left out at a time, asked by their own Rego tests and by the cases that name them. */
import { resolve, sep } from 'node:path';
import { aggregatorOf } from '../../policy/aggregate.ts';
import { CUSTOM_DECIDE, CUSTOM_REPORT } from '../../policy/ask-custom.ts';
import { digestOf } from '../../policy/bundle.ts';
import { compile } from '../../policy/compile.ts';
import type { Condition } from '../../policy/conditions.ts';
import type { Toolchain } from '../../policy/custom.ts';
import { loadPolicy } from '../../policy/load.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Sources } from '../../policy/sources.ts';
import type { SourcedPolicy } from '../../service.ts';
import { byEnforcement } from '../custom.ts';
import { type FrozenCases, noticing, registriesOf } from './frozen.ts';
import { mutateRego } from './mutate-rego.ts';
import { oneLine, type RegoMutant } from './rego-mutants.ts';
import type { Score } from './score.ts';
import { yamlOf } from './suggestion.ts';

type Core = Extract<SourcedPolicy, { ok: true }>['sources']['core'];

export interface RulesParts {
  readonly tools: Toolchain;
  readonly core: Core;
  /** Absolute or relative; its Rego is changed, nowhere but in memory. */
  readonly folder: string;
  /** Of that folder. */
  readonly sources: Sources;
  /** Names of the custom rules in it. */
  readonly rules: readonly string[];
  readonly files: readonly FrozenCases[];
  readonly newId: () => string;
  readonly onProgress: (done: number, all: number) => void;
}

export function mutateRules(parts: RulesParts): Promise<Score> {
  const { tools, sources, rules, files, onProgress } = parts;
  const helpers = [...tools.testing].map(([file, text]): [string, string] => [`audgate-testing/${file}`, text]);
  return mutateRego({
    opa: tools.opa,
    capabilities: tools.capabilities,
    sources,
    beside: new Map([...helpers, ['audgate-generated.rego', aggregatorOf(rules)]]),
    cases: (changed, condition) => askCases(parts, changed, condition),
    suggest: (condition, mutant) => suggest(condition, mutant, parts, filesOf(condition, parts, files)),
    onProgress,
  });
}

/** Files whose custom rules are among others those of the condition's file. */
const filesOf = ({ file }: Condition, { folder }: RulesParts, files: readonly FrozenCases[]) =>
  files.filter(({ opened: { policies } }) => policies !== null && resolve(folder, file).startsWith(policies + sep));

async function askCases(
  parts: RulesParts,
  changed: Sources,
  condition: Condition,
): Promise<string | null | 'unusable'> {
  const policies = new Map<string, Policy | 'unusable' | 'refused'>();
  for (const frozen of filesOf(condition, parts, parts.files)) {
    const { policies: root, rules } = frozen.opened;
    if (root === null || rules === null) continue;
    const policy = policies.get(root) ?? (await rebuilt(root, rules.module, changed, parts));
    policies.set(root, policy);
    if (policy === 'unusable') return policy;
    // Rules that do not answer as they must are never put in force.
    if (policy === 'refused') return 'loading';
    const by = await noticing(frozen, registriesOf(frozen.opened), policy, parts.newId);
    if (by !== null) return by;
  }
  return null;
}

async function rebuilt(
  root: string,
  { rules }: NonNullable<FrozenCases['opened']['rules']>['module'],
  changed: Sources,
  { tools, core, folder }: RulesParts,
): Promise<Policy | 'unusable' | 'refused'> {
  const below = [...changed].flatMap(([file, text]): [string, string][] => {
    const path = resolve(folder, file);
    return path.startsWith(root + sep) ? [[path.slice(root.length + 1).replaceAll(sep, '/'), text]] : [];
  });
  const { denying, reporting } = byEnforcement(rules);
  const generated = aggregatorOf(denying, reporting);
  const compiled = await compile(tools.opa, {
    sources: new Map([...below, ['audgate-generated.rego', generated]]),
    capabilities: tools.capabilities,
    entrypoints: [CUSTOM_DECIDE, ...(reporting.length > 0 ? [CUSTOM_REPORT] : [])],
  });
  if (!compiled.ok) return 'unusable';
  const { wasm } = compiled;
  const custom = { wasm, digest: digestOf(wasm), rules };
  const loaded = await loadPolicy({ core, allowModifiedCore: false, custom, onAlarm: () => {} });
  return loaded.ok ? loaded.policy : 'refused';
}

/** An allowed case, to be changed until only this condition decides. */
function suggest(
  { file, text }: Condition,
  { what, wider }: RegoMutant,
  { sources }: RulesParts,
  files: readonly FrozenCases[],
): string {
  const [, rule = 'RULE'] = /^package custom\.(\w+)/m.exec(sources.get(file) ?? '') ?? [];
  const allowed = files
    .flatMap(({ opened }) => opened.file.cases)
    .find(({ expect, keys }) => expect.decision === 'allow' && keys === undefined);
  const start = allowed ?? {
    server: 'SERVER',
    token: { issuer: 'ISSUER' },
    call: { method: 'tools/call', tool: 'TOOL', arguments: {} },
  };
  const condition = oneLine(text);
  if (what.startsWith('without '))
    return yamlOf(
      {
        ...start,
        name: `${rule}: refused unless ${condition}`,
        expect: { decision: 'deny', reasons: [`custom:${rule}/code`], status: 403 },
      },
      `Change it until ${condition} does not hold, and everything else does.`,
    );
  const note = wider
    ? `Change it until ${condition} just does not hold, and write down what is decided.`
    : `Change it until ${condition} just holds, and so that it decides; write down what is decided.`;
  return yamlOf({ ...start, name: `${rule}: ${condition}`, expect: allowed?.expect ?? ALLOWED }, note);
}

const ALLOWED = { decision: 'allow' as const, reasons: [], status: 200 };
