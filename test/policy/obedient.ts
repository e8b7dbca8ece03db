/** Real modules all through: one that answers whatever the question’s `extra` tells it to stands for a broken one. */
import { readFile } from 'node:fs/promises';
import { beforeEach } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import type { Alarm } from '../../src/policy/judge.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { compiled } from './compiled.ts';
import { question } from './questions.ts';

const CORE = `package audgate.decision

default decide := {
	"allow": false,
	"denials": [{"code": "rule_not_satisfied", "rule": "audience"}],
	"required_scopes": [],
	"advice": {"waivers": []},
}

decide := input.context.extra.core

decide := 1 if input.context.extra.conflict

default explain := {"checks": []}

explain := input.context.extra.explain

default allowed := {
	"itself": {"allow": false, "denials": [{"code": "policy_error"}], "required_scopes": [], "advice": {"waivers": []}},
	"opened": [],
}

allowed := input.context.extra.allowed
`;
const CORE_ENTRYPOINTS = [
  'audgate/decision/decide',
  'audgate/decision/explain',
  'audgate/decision/allowed',
  'audgate/issuance/decide',
];

const CUSTOM = `package custom

default decide := {"rules": ["limit", "office"], "satisfied": ["limit", "office"], "denials": []}

decide := input.context.extra.custom

decide := {
	"rules": ["limit", "office"],
	"satisfied": ["limit", "office"],
	"denials": [{"rule": "limit", "code": "seen", "actual": [input.call.arguments.amount, input.token.claims.tenant]}],
}

decide := 1 if input.context.extra.conflict_in_custom
`;

export const allowing = { allow: true, denials: [], required_scopes: ['files:read'], advice: { waivers: [] } };
export const denying = {
  allow: false,
  denials: [{ code: 'scope_insufficient', expected: ['files:read'], actual: [] }],
  required_scopes: ['files:read'],
  advice: { waivers: [] },
};
export const RULES = ['limit', 'office'];
export const content = { rules: RULES, satisfied: RULES, denials: [] };
export const NO_FACTS = { claims: {} };
export const POLICY_ERROR = { code: 'policy_error' };

export const core = await compiled(CORE, CORE_ENTRYPOINTS);
export const custom = await compiled(CUSTOM, ['custom/decide']);
export const released = new Uint8Array(await readFile(new URL('../../policies/core.wasm', import.meta.url)));
/** Of the test that runs. */
export const alarms: Alarm[] = [];
beforeEach(() => {
  alarms.length = 0;
});

export const load = async (
  coreWasm: Uint8Array<ArrayBuffer>,
  customWasm: Uint8Array<ArrayBuffer> | null,
): Promise<Policy> => {
  const loaded = await loadPolicy({
    core: { wasm: coreWasm, manifest: { rules: [{ name: 'audience', file: 'audience.rego' }] } },
    allowModifiedCore: coreWasm === core,
    custom: customWasm && {
      wasm: customWasm,
      digest: digestOf(customWasm),
      rules: RULES.map((name) => ({ name, file: `${name}.rego` })),
    },
    onAlarm: (alarm) => alarms.push(alarm),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.policy;
};

/** What the modules are told to answer; `custom: undefined` runs none. */
export const ask = async (extra: { core?: unknown; custom?: unknown; [other: string]: unknown }, change = {}) => {
  const policy = await load(core, custom);
  return policy.judge(question({ ...change, context: { extra } }), 'custom' in extra ? NO_FACTS : null);
};
