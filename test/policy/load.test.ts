import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import { CORE_DIGEST } from '../../src/policy/core.digest.ts';
import { loadPolicy, type PolicySources } from '../../src/policy/load.ts';
import { compiled } from './compiled.ts';

const CUSTOM = `package custom

decide := {"rules": ["limit", "office"], "satisfied": [], "denials": []}
`;
const CORE_ENTRYPOINTS = [
  'audgate/decision/decide',
  'audgate/decision/explain',
  'audgate/decision/allowed',
  'audgate/issuance/decide',
];
const LISTS = 'explain := {"checks": []}\n\nallowed := {"itself": decide, "opened": []}\n';

const without = (entrypoint: string) => CORE_ENTRYPOINTS.filter((one) => one !== entrypoint);

let released: PolicySources['core'];
let custom: Uint8Array<ArrayBuffer>;

const rulesNamed = (...names: readonly string[]) => names.map((name) => ({ name, file: `${name}.rego` }));
const load = (change: Partial<PolicySources>) =>
  loadPolicy({ core: released, allowModifiedCore: false, custom: null, onAlarm: () => {}, ...change });
const loadCustom = (change: Partial<NonNullable<PolicySources['custom']>>) => {
  const wasm = change.wasm ?? custom;
  return load({ custom: { wasm, digest: digestOf(wasm), rules: rulesNamed('limit', 'office'), ...change } });
};

beforeAll(async () => {
  const file = (name: string) => readFile(new URL(`../../policies/${name}`, import.meta.url));
  released = {
    wasm: new Uint8Array(await file('core.wasm')),
    manifest: JSON.parse((await file('core.manifest.json')).toString()),
  };
  custom = await compiled(CUSTOM, ['custom/decide']);
});

describe('the core', () => {
  it('that was released is taken, with its rules', async () => {
    const loaded = await load({});
    expect(loaded).toMatchObject({
      ok: true,
      policy: { core: { digest: CORE_DIGEST, modified: false }, custom: null },
    });
    expect(loaded.ok && loaded.policy.rules.map(({ name }) => name).sort()).toEqual([
      'audience',
      'authentication',
      'authorization_details',
      'delegation',
      'issuer',
      'lifetime',
      'operation',
      'passthrough',
      'scope',
      'sender_constraint',
    ]);
  });

  it('of another digest is refused, and taken as modified only when that was asked for', async () => {
    // A custom section (id 0) changes the bytes and nothing else.
    const wasm = new Uint8Array([...released.wasm, 0, 2, 1, 0x78]);
    const core = { ...released, wasm };
    expect(await load({ core })).toEqual({ ok: false, problems: [expect.stringContaining('allow_modified_core')] });
    expect(await load({ core, allowModifiedCore: true })).toMatchObject({
      ok: true,
      policy: { core: { digest: digestOf(wasm), modified: true } },
    });
  });

  it.each([
    [
      'allows an empty input',
      'decide := {"allow": true, "denials": [], "required_scopes": [], "advice": {"waivers": []}}',
    ],
    [
      'denies it without reason',
      'decide := {"allow": false, "denials": [], "required_scopes": [], "advice": {"waivers": []}}',
    ],
    ['says nothing about it', 'decide := input.nowhere'],
    ['answers oddly', 'decide := {"allow": false}'],
  ])('that %s is refused, modified or not', async (_, decide) => {
    const wasm = await compiled(`package audgate.decision\n\n${decide}\n\n${LISTS}`, CORE_ENTRYPOINTS);
    const loaded = await load({ core: { ...released, wasm }, allowModifiedCore: true });
    expect(loaded).toEqual({ ok: false, problems: [expect.stringContaining('core.wasm')] });
  });

  it.each([
    ['decision/explain', without('audgate/decision/explain')],
    ['decision/allowed', without('audgate/decision/allowed')],
    ['issuance/decide', without('audgate/issuance/decide')],
  ])('without %s is refused', async (missing, entrypoints) => {
    const wasm = await compiled(`package audgate.decision\n\ndecide := {"allow": false}\n\n${LISTS}`, entrypoints);
    const loaded = await load({ core: { ...released, wasm }, allowModifiedCore: true });
    expect(loaded).toMatchObject({
      ok: false,
      problems: [expect.stringContaining(`entrypoint audgate/${missing}`)],
    });
  });

  it.each([
    ['opens what nobody listed', '{"itself": decide, "opened": [{"at": 0, "waivers": []}]}'],
    ['lists in another form', '{"itself": decide, "opened": {}}'],
    ['lists and says nothing of the token', '{"opened": []}'],
  ])('that %s is refused', async (_, allowed) => {
    const denies =
      '{"allow": false, "denials": [{"code": "policy_error"}], "required_scopes": [], "advice": {"waivers": []}}';
    const rego = `package audgate.decision\n\ndecide := ${denies}\n\nexplain := {"checks": []}\n\nallowed := ${allowed}\n`;
    const wasm = await compiled(rego, CORE_ENTRYPOINTS);
    const loaded = await load({ core: { ...released, wasm }, allowModifiedCore: true });
    expect(loaded).toEqual({ ok: false, problems: [expect.stringContaining('audgate/decision/allowed')] });
  });
});

describe('a custom module', () => {
  it('is taken when it answers exactly its rules', async () => {
    const loaded = await loadCustom({ rules: rulesNamed('office', 'limit') });
    expect(loaded).toMatchObject({
      ok: true,
      policy: { custom: { digest: digestOf(custom), rules: ['limit', 'office'] } },
    });
    expect(loaded.ok && loaded.policy.rules.slice(-2)).toEqual([
      { name: 'custom.limit', file: 'limit.rego' },
      { name: 'custom.office', file: 'office.rego' },
    ]);
  });

  it.each([
    ['a rule too few', rulesNamed('limit'), ['runs the rule office']],
    ['a rule too many', rulesNamed('limit', 'office', 'z'), ['does not run the rule z']],
    ['another rule', rulesNamed('limit', 'officer'), ['does not run the rule officer', 'runs the rule office,']],
  ])('whose manifest names %s is refused', async (_, rules, told) => {
    expect(await loadCustom({ rules })).toEqual({
      ok: false,
      problems: told.map((text) => expect.stringContaining(text)),
    });
  });

  it.each([
    ['decide', rulesNamed('decide')],
    ['Limit', rulesNamed('Limit')],
    ['twice', rulesNamed('limit', 'limit')],
    ['no rule', []],
  ])('whose manifest is wrong (%s) is refused', async (_, rules) => {
    const loaded = await loadCustom({ rules });
    expect(loaded.ok ? [] : loaded.problems[0]).toMatch(/misnamed|twice|no rule/);
  });

  it('of another digest than its manifest’s is refused', async () => {
    expect(await loadCustom({ digest: digestOf(new Uint8Array()) })).toMatchObject({ ok: false });
  });

  it('without custom/decide is refused', async () => {
    const wasm = await compiled('package custom\n\nlimit := 1\n', ['custom/limit']);
    expect(await loadCustom({ wasm })).toEqual({ ok: false, problems: [expect.stringContaining('custom/decide')] });
  });

  it('that is no module is refused beside what is wrong with the core', async () => {
    const core = { ...released, wasm: new Uint8Array([1]) };
    const loaded = await load({
      core,
      allowModifiedCore: true,
      custom: { wasm: new Uint8Array([2]), digest: digestOf(new Uint8Array([2])), rules: rulesNamed('limit') },
    });
    expect(loaded).toEqual({
      ok: false,
      problems: [expect.stringContaining('core.wasm'), expect.stringContaining('custom module')],
    });
  });
});
