/** A shadow's module is tried with calls of the registry in force before it judges anything, as the live one is. */
import { expect, onTestFinished, test } from 'vitest';
import { shadowReader } from '../../src/decide/read-shadow.ts';
import type { Shadow } from '../../src/decide/shadow.ts';
import { createTokenReader } from '../../src/facts/token/read.ts';
import { digestOf } from '../../src/policy/bundle.ts';
import { createLoader } from '../../src/policy/load-tried.ts';
import { trialThreads } from '../../src/policy/try-apart.ts';
import { readCore } from '../../src/sources.ts';
import { compiled } from '../policy/compiled.ts';
import { registryOf } from '../policy/registries.ts';

/** Milliseconds since the epoch. */
const NOW = Date.UTC(2026, 10, 23, 12);
/** 100^8 steps for a call, none for the empty input with which a module is opened. */
const ENDLESS = `package custom

all := ${JSON.stringify(Array.from({ length: 100 }, (_, at) => `v${at}`))}

late if {
	input.call.method
	${[...'abcdefgh'].map((name) => `${name} := all[_]`).join('\n\t')}
	h == "x"
}

decide := {"rules": ["one"], "satisfied": [], "denials": [{"rule": "one", "code": "late"} | late]}
`;

test('one that does not end for a call of some server is refused, and the former stays', async () => {
  const threads = trialThreads();
  onTestFinished(() => threads.close());
  const core = await readCore();
  let wasm = await compiled(ENDLESS.replace('input.call.method', 'input.nothing'), ['custom/decide']);
  const replaced: string[] = [];
  const shadow: Shadow = {
    offer() {},
    replace: (rules) => replaced.push(rules?.policy.custom?.digest ?? ''),
    current: () => null,
    close() {},
  };
  const read = shadowReader({
    shadow,
    source: async () => {
      const custom = { wasm, digest: digestOf(wasm), rules: [{ name: 'one', file: 'one.rego' }] };
      return { ok: true, sources: { core, allowModifiedCore: false, custom } };
    },
    load: createLoader(threads),
    apart: { tokens: createTokenReader({ lookup: () => ({ kind: 'unknown' }), cacheSize: 1 }), retain() {} },
    now: () => NOW,
    warn() {},
  });
  const registry = registryOf({ files: {} });
  expect(await read(registry)).toEqual([]);
  expect(replaced).toEqual([digestOf(wasm)]);
  wasm = await compiled(ENDLESS, ['custom/decide']);
  expect(await read(registry)).toEqual([
    { severity: 'error', message: expect.stringMatching(/^shadow: The custom module did not end within/) },
  ]);
  expect(replaced).toHaveLength(1);
});
