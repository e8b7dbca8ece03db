/** Module bytes → a policy that may judge, or all the reasons why not. Nothing is replaced here: the caller swaps. */

import { legible } from '../decision/evidence.ts';
import { CUSTOM_DECIDE, CUSTOM_REPORT } from './ask-custom.ts';
import { digestOf, RULE_NAME } from './bundle.ts';
import { CORE_DIGEST } from './core.digest.ts';
import type { Engine } from './engine.ts';
import { ISSUE } from './issue.ts';
import { type Alarm, type CustomRule, DECIDE, EXPLAIN, type PolicyParts, policyOf, type RuleFile } from './judge.ts';
import { ALLOWED } from './opening.ts';
import type { Policy } from './policy.ts';
import { type OpenModule, openAnew, type Part } from './reopen.ts';
import { readChecks, readCoreVerdict, readCustomVerdict, readOpening } from './shape.ts';
import { readIssuanceVerdict } from './shape-issuance.ts';

export interface PolicySources {
  readonly core: {
    readonly wasm: Uint8Array<ArrayBuffer>;
    /** `policies/core.manifest.json`. Its digest pins nothing: the pin is in the code, out of a file's reach. */
    readonly manifest: { readonly rules: readonly RuleFile[] };
  };
  /** Accept a core of another digest than the pinned one; status then shows it as modified. */
  readonly allowModifiedCore: boolean;
  readonly custom: null | {
    readonly wasm: Uint8Array<ArrayBuffer>;
    readonly digest: string;
    /** Names as the bundle's manifest lists them, without `custom.`. */
    readonly rules: readonly CustomRule[];
  };
  readonly onAlarm: (alarm: Alarm) => void;
}

export type LoadedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Never throws for anything that stands in the sources.
 * @param openModule may hold what it opened before; every module is asked again here whatever it held
 */
export async function loadPolicy(sources: PolicySources, openModule: OpenModule = openAnew): Promise<LoadedPolicy> {
  const { core, allowModifiedCore, custom, onAlarm } = sources;
  const problems: string[] = [];
  const digest = digestOf(core.wasm);
  const modified = digest !== CORE_DIGEST;
  if (modified && !allowModifiedCore) {
    problems.push(
      `core.wasm has digest ${digest}, and this release pins ${CORE_DIGEST}. Restore the released core, or set allow_modified_core: true.`,
    );
    return { ok: false, problems };
  }

  const open = opener(openModule, problems);
  const engine = await open('core', core.wasm, digest, [DECIDE, EXPLAIN, ALLOWED, ISSUE]);
  if (engine !== null) problems.push(...tryCore(engine));
  const opened = custom && (await openCustom(custom, open, problems));
  if (engine === null || problems.length > 0) return { ok: false, problems };
  const { rules } = core.manifest;
  return { ok: true, policy: policyOf({ core: { engine, digest, modified, rules }, custom: opened, onAlarm }) };
}

/** @returns null only beside a problem */
async function openCustom(
  custom: NonNullable<PolicySources['custom']>,
  open: Open,
  problems: string[],
): Promise<PolicyParts['custom']> {
  const rules = [...custom.rules].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = rules.map(({ name }) => name);
  const digest = digestOf(custom.wasm);
  if (digest !== custom.digest) {
    problems.push(`The custom module has digest ${digest}, and its manifest says ${custom.digest}. Build it again.`);
  }
  problems.push(...checkNames(names));
  const those = (only: boolean) =>
    rules.filter(({ enforcement }) => (enforcement === 'report') === only).map(({ name }) => name);
  const reported = those(true);
  const entrypoints = reported.length === 0 ? [CUSTOM_DECIDE] : [CUSTOM_DECIDE, CUSTOM_REPORT];
  const engine = await open('custom', custom.wasm, digest, entrypoints);
  if (engine === null) return null;
  problems.push(...tryCustom(engine, CUSTOM_DECIDE, those(false)));
  if (reported.length === 0) return { engine, reporting: null, digest, rules };
  const reporting = await open('reporting', custom.wasm, digest, entrypoints);
  if (reporting === null) return null;
  problems.push(...tryCustom(reporting, CUSTOM_REPORT, reported));
  return { engine, reporting, digest, rules };
}

type Open = (
  part: Part,
  wasm: Uint8Array<ArrayBuffer>,
  digest: string,
  entrypoints: readonly string[],
) => Promise<Engine | null>;

/** Opens a module and demands its entrypoints; what is wrong goes to `problems`. */
function opener(openModule: OpenModule, problems: string[]): Open {
  return async (part, wasm, digest, entrypoints) => {
    const what = part === 'core' ? 'core.wasm' : 'The custom module';
    const opened = await openModule(part, wasm, digest);
    if (!opened.ok) {
      problems.push(`${what} cannot be used: ${opened.problem}. Build it again with the pinned OPA.`);
      return null;
    }
    const missing = entrypoints.filter((name) => !opened.engine.entrypoints.includes(name));
    if (missing.length === 0) return opened.engine;
    problems.push(
      `${what} lacks the entrypoint ${missing.join(' and ')}; it has ${opened.engine.entrypoints.join(', ') || 'none'}. Build it again with audgate policy build.`,
    );
    return null;
  };
}

/** A core that allows an empty input, or cannot say why it does not, allows anything. */
function tryCore(engine: Engine): readonly string[] {
  const answer = engine.evaluate(DECIDE, {});
  const verdict = answer.kind === 'value' ? readCoreVerdict(answer.value) : null;
  const explained = engine.evaluate(EXPLAIN, {});
  const checks = explained.kind === 'value' ? readChecks(explained.value) : null;
  const problems: string[] = [];
  if (verdict === null) {
    problems.push(`core.wasm does not answer ${DECIDE} in the agreed form${whyNot(answer)}.`);
  } else if (verdict.allow || verdict.denials.length === 0) {
    problems.push('core.wasm must deny an empty input with a reason, and does not.');
  }
  const listed = engine.evaluate(ALLOWED, {});
  // Nothing was asked about, so that any place in the answer is one too many.
  const opening = listed.kind === 'value' ? readOpening(listed.value, 0) : null;
  // Its list rests on its decision, of which that was said.
  if (opening === null && verdict !== null)
    problems.push(`core.wasm does not answer ${ALLOWED} in the agreed form${whyNot(listed)}.`);
  const issued = engine.evaluate(ISSUE, {});
  const issuance = issued.kind === 'value' ? readIssuanceVerdict(issued.value) : null;
  if (issuance === null) problems.push(`core.wasm does not answer ${ISSUE} in the agreed form${whyNot(issued)}.`);
  else if (issuance.allow || issuance.denials.length === 0)
    problems.push('core.wasm must deny an empty request for issuance with a reason, and does not.');
  if (checks === null) problems.push(`core.wasm does not answer ${EXPLAIN} in the agreed form${whyNot(explained)}.`);
  return problems;
}

/** What the rules judge does not matter here, only that all of them, and no others, ran. */
function tryCustom(engine: Engine, entrypoint: string, rules: readonly string[]): readonly string[] {
  const answer = engine.evaluate(entrypoint, {});
  const verdict = answer.kind === 'value' ? readCustomVerdict(answer.value, rules) : null;
  if (verdict !== null) return [];
  const ran = answer.kind === 'value' ? ranRules(answer.value) : null;
  const lacking = rules.filter((name) => ran?.includes(name) === false);
  const others = ran?.filter((name) => !rules.includes(name)) ?? [];
  if (lacking.length > 0 || others.length > 0) {
    return [
      ...lacking.map((name) => `The custom module does not run the rule ${name}, which its manifest lists.`),
      ...others.map((name) => `The custom module runs the rule ${legible(name)}, which its manifest does not list.`),
    ].map((problem) => `${problem} Build it again with audgate policy build.`);
  }
  return [
    `The custom module does not answer ${entrypoint} with exactly the rules of its manifest (${rules.join(', ')})${whyNot(answer)}. Build it again with audgate policy build.`,
  ];
}

/** @returns null when it does not even say so */
function ranRules(value: unknown): readonly string[] | null {
  const rules = typeof value === 'object' && value !== null && 'rules' in value ? value.rules : null;
  return Array.isArray(rules) && rules.every((name) => typeof name === 'string') ? rules : null;
}

const whyNot = (answer: ReturnType<Engine['evaluate']>) => (answer.kind === 'value' ? '' : `: ${answer.detail}`);

function checkNames(names: readonly string[]): readonly string[] {
  const problems = names
    .filter((name) => !RULE_NAME.test(name))
    .map((name) => `The custom rule ${JSON.stringify(name)} is misnamed: use ^[a-z][a-z0-9_]*$, and not decide.`);
  if (names.length === 0) problems.push('The custom module’s manifest names no rule. Leave the module out instead.');
  if (new Set(names).size < names.length) problems.push('The custom module’s manifest names a rule twice.');
  return problems;
}
