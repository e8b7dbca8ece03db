/** A new module runs first on a thread that can be ended: one that does not end is refused, and stalls nobody. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compile } from '../../src/policy/compile.ts';
import { trialInputs, tryApart } from '../../src/policy/try-apart.ts';
import { PROJECT } from '../e2e/start.ts';
import { opaForTests } from './compiled.ts';
import { registryOf } from './registries.ts';

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
    expect(await tryApart({ wasm: await moduleOf(body), inputs })).toEqual({ ok: true });
});

test('one that does not end is refused, and others get their turn meanwhile', async () => {
  const wasm = await moduleOf(endless('true'));
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  const tried = await tryApart({ wasm, inputs: [{}] }, 1000);
  clearInterval(ticking);
  expect(tried).toEqual({ ok: false, problem: expect.stringContaining('did not end within 1 s') });
  expect(turns).toBeGreaterThan(5);
});

test('one that ends for nothing, but not for a call, is refused', async () => {
  const wasm = await moduleOf(endless('input.call.method'));
  expect(await tryApart({ wasm, inputs: [{}] })).toEqual({ ok: true });
  const inputs = await trialInputs(registryOf({ files: {} }), NOW);
  expect(await tryApart({ wasm, inputs }, 1000)).toMatchObject({ ok: false });
});

test('what is no module is left to the loader', async () => {
  expect(await tryApart({ wasm: new Uint8Array([1, 2, 3]), inputs: [{}] })).toEqual({ ok: true });
});
