/** A new module runs first on a thread that can be ended: one that does not end is refused, and stalls nobody. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';
import { compile } from '../../src/policy/compile.ts';
import { ISSUE } from '../../src/policy/issue.ts';
import { createLoader } from '../../src/policy/load-tried.ts';
import { trialInputs, trialThreads, tryApart } from '../../src/policy/try-apart.ts';
import { NODE, PROJECT } from '../e2e/start.ts';
import { ISSUANCE, opaForTests } from './compiled.ts';
import { registryOf } from './registries.ts';

const threads = trialThreads();
afterAll(() => threads.close());
const NAME = 'The custom module';

/** Seconds since the epoch. */
const NOW = Date.UTC(2026, 10, 23, 12) / 1000;

async function moduleOf(body: string): Promise<Uint8Array<ArrayBuffer>> {
  const sources = new Map([['decide.rego', `package custom\n\n${body}\n`]]);
  const capabilities = await readFile(join(PROJECT, 'policies/capabilities.json'), 'utf8');
  const built = await compile(await opaForTests(), { sources, capabilities, entrypoints: ['custom/decide'] });
  if (!built.ok) throw new Error(built.output);
  return built.wasm;
}

/** 100^8 steps; over texts, because numbers would take memory until there is none. */
const endless = (condition: string) => `all := ${JSON.stringify(Array.from({ length: 100 }, (_, at) => `v${at}`))}

decide := count([1 |
	${condition}
	${[...'abcdefgh'].map((name) => `${name} := all[_]`).join('\n\t')}
	h == "x"
])`;

test('a module that ends is fine, whatever it answers', async () => {
  const inputs = await trialInputs(registryOf({ files: {} }), NOW);
  expect(inputs.length).toBeGreaterThan(1);
  for (const body of ['decide := 1', 'decide := 1 if input.nothing', 'decide := {"a": x | some x in [1, 2]}'])
    expect(await tryApart(threads, NAME, { wasm: await moduleOf(body), inputs })).toBeNull();
});

test('one that does not end is refused, and others get their turn meanwhile', async () => {
  const wasm = await moduleOf(endless('true'));
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const tried = await tryApart(threads, NAME, { wasm, inputs: [{}] }, 1000);
  clearInterval(ticking);
  expect(tried).toMatch(/^The custom module did not end within 1 s\. Look/);
  // None would be, had it run on this thread.
  expect(turns).toBeGreaterThan(0);
  // The next one gets another thread.
  expect(await tryApart(threads, NAME, { wasm: await moduleOf('decide := 1'), inputs: [{}] })).toBeNull();
});

test('one that ends for nothing, but not for a call, is refused', async () => {
  const wasm = await moduleOf(endless('input.call.method'));
  expect(await tryApart(threads, NAME, { wasm, inputs: [{}] })).toBeNull();
  const inputs = await trialInputs(registryOf({ files: {} }), NOW);
  expect(await tryApart(threads, NAME, { wasm, inputs }, 1000)).toContain('did not end');
});

test('what is no module is left to the loader', async () => {
  expect(await tryApart(threads, NAME, { wasm: new Uint8Array([1, 2, 3]), inputs: [{}] })).toBeNull();
});

/** Decides nothing, but is in the agreed form for an empty input. */
const CORE = (rule: string) => `package audgate.decision

explain := {"checks": []}

allowed := {"itself": decide, "opened": []}

default decide := {
	"allow": false,
	"denials": [{"code": "rule_not_satisfied", "rule": "none"}],
	"required_scopes": [],
	"advice": {"waivers": [], "would_deny": []},
}

decide := {"allow": true, "denials": [], "required_scopes": [], "advice": {"waivers": []}} if ${rule}
`;

async function coreOf(rule: string): Promise<Uint8Array<ArrayBuffer>> {
  const capabilities = await readFile(join(PROJECT, 'policies/capabilities.json'), 'utf8');
  const entrypoints = [...['decide', 'explain', 'allowed'].map((name) => `audgate/decision/${name}`), ISSUE];
  const sources = new Map([
    ['core.rego', CORE(rule)],
    ['issuance.rego', ISSUANCE],
  ]);
  const built = await compile(await opaForTests(), { sources, capabilities, entrypoints });
  if (!built.ok) throw new Error(built.output);
  return built.wasm;
}

test('a modified core is tried like a custom module, also with what it must deny; the released one is not', async () => {
  const registry = registryOf({ files: {} });
  const asked: number[] = [];
  const load = createLoader({
    ...threads,
    run(errand, options) {
      asked.push((errand as { readonly inputs: readonly object[] }).inputs.length);
      return threads.run(errand, { ...options, limit: 1000 });
    },
  });
  const parts = { allowModifiedCore: true, custom: null, onAlarm: () => {} };
  const core = async (rule: string) => ({ wasm: await coreOf(rule), manifest: { rules: [] } });
  expect(await load({ ...parts, core: await core('input.call.method == "x"') }, registry, NOW * 1000)).toMatchObject({
    ok: true,
  });
  // Endless only for a token without audience, which no right call has.
  const slow = `count([1 |
	input.token.audiences == []
	all := ${JSON.stringify(Array.from({ length: 100 }, (_, at) => `v${at}`))}
	${[...'abcdefgh'].map((name) => `${name} := all[_]`).join('\n\t')}
	h == "x"
]) > 0`;
  expect(await load({ ...parts, core: await core(slow) }, registry, NOW * 1000)).toEqual({
    ok: false,
    problems: [expect.stringMatching(/^core\.wasm did not end/)],
  });
  expect(asked).toHaveLength(2);
  expect(asked[0]).toBeGreaterThan((await trialInputs(registry, NOW)).length);
  const file = (name: string) => readFile(join(PROJECT, 'policies', name));
  const released = { wasm: new Uint8Array(await file('core.wasm')), manifest: { rules: [] } };
  expect(await load({ ...parts, core: released }, registry, NOW * 1000)).toMatchObject({ ok: true });
  // Not allowed at all: refused by its digest alone.
  const refused = await load({ ...parts, allowModifiedCore: false, core: await core(slow) }, registry, NOW * 1000);
  expect(refused).toMatchObject({ ok: false, problems: [expect.stringContaining('allow_modified_core')] });
  expect(asked).toHaveLength(2);
});

test('what is unchanged is not opened again, and a module of the same names is', async () => {
  const file = (name: string) => readFile(join(PROJECT, 'policies', name));
  const core = { wasm: new Uint8Array(await file('core.wasm')), manifest: { rules: [] } };
  const rules = [{ name: 'one', file: 'one.rego' }];
  const custom = async (code: string) => {
    const wasm = await moduleOf(
      `decide := {"rules": ["one"], "satisfied": [], "denials": [{"rule": "one", "code": "${code}"}]}`,
    );
    return { wasm, digest: digestOf(wasm), rules };
  };
  const load = createLoader(threads);
  const codes: string[] = [];
  for (const code of ['a', 'a', 'b', 'a']) {
    const sources = { core, allowModifiedCore: false, custom: await custom(code), onAlarm: () => {} };
    const loaded = await load(sources, null, NOW * 1000);
    if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
    const [input] = (await trialInputs(registryOf({ files: {} }), NOW)).slice(1);
    const judged = loaded.policy.judge(input as never, { claims: {} });
    codes.push(judged.kind === 'deny' ? judged.custom.map((denial) => denial.code).join() : judged.kind);
  }
  expect(codes).toEqual(['a', 'a', 'b', 'a']);
});

test('where no thread may be started, custom rules and a modified core are refused, and the released core is not', async () => {
  const program = `
    import { readFile } from 'node:fs/promises';
    import { digestOf } from './src/policy/bundle.ts';
    import { createLoader } from './src/policy/load-tried.ts';
    import { trialThreads } from './src/policy/try-apart.ts';
    const wasm = new Uint8Array(await readFile('policies/core.wasm'));
    const manifest = { rules: [] };
    // A custom section changes the bytes and nothing else.
    const modified = new Uint8Array([...wasm, 0, 2, 1, 0x78]);
    const custom = { wasm: modified, digest: digestOf(modified), rules: [{ name: 'one', file: 'one.rego' }] };
    const parts = { allowModifiedCore: true, custom: null, onAlarm: () => {} };
    const load = createLoader(trialThreads());
    const said = [];
    for (const one of [{ core: { wasm, manifest } }, { core: { wasm: modified, manifest } }, { core: { wasm, manifest }, custom }]) {
      const { ok, problems = [] } = await load({ ...parts, ...one }, null, 0);
      said.push([ok, ...problems]);
    }
    console.log(JSON.stringify(said));`;
  const args = ['--permission', '--allow-fs-read=*', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(NODE, args, { cwd: PROJECT });
  const told = (what: string) => [
    false,
    expect.stringMatching(new RegExp(`^${what} cannot be tried .*--allow-worker`)),
  ];
  expect(JSON.parse(stdout)).toEqual([[true], told('core.wasm'), told('The custom module')]);
});
