/** Custom rules can only add denials: with more of them, never more is allowed. */
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Ask } from '../../src/decide/ask.ts';
import { aggregatorOf } from '../../src/policy/aggregate.ts';
import { digestOf } from '../../src/policy/bundle.ts';
import { compile } from '../../src/policy/compile.ts';
import { openToolchain } from '../../src/policy/custom.ts';
import { readFolder } from '../../src/policy/sources.ts';
import type { CustomRules } from '../../src/testing/custom.ts';
import { signText } from '../../src/testing/mint.ts';
import { opaForTests } from '../policy/compiled.ts';
import { POLICIES } from '../testing/parts.ts';
import { FILES, HEADER, openWorld, RIGHT, type World } from './world.ts';

const RULES = ['amount_limit', 'quiet_hours', 'tenant'] as const;
const FOLDER = join(import.meta.dirname, '..', 'cases', 'rules');
/** All sets of rules, by bits; the empty set is core alone. */
const SETS = Array.from({ length: 1 << RULES.length }, (_, bits) => RULES.filter((_rule, at) => (bits >> at) & 1));

async function compileSet(rules: readonly string[]): Promise<CustomRules['module'] | null> {
  if (rules.length === 0) return null;
  const { opa, capabilities } = await openToolchain(await opaForTests(), POLICIES);
  const { rego } = await readFolder(FOLDER);
  const some = [...rego].filter(([file]) => rules.some((rule) => file.startsWith(`${rule}/`)));
  const sources = new Map([...some, ['generated.rego', aggregatorOf(rules)]]);
  const built = await compile(opa, { sources, capabilities, entrypoints: ['custom/decide'] });
  if (!built.ok) throw new Error(built.output);
  return { wasm: built.wasm, digest: digestOf(built.wasm), rules: rules.map((name) => ({ name, file: name })) };
}

const claims = fc.record(
  {
    aud: fc.constantFrom(FILES, FILES, FILES, 'https://billing.example.com/mcp'),
    scope: fc.constantFrom('files:read files:pay', 'files:read', ''),
    tenant: fc.constantFrom('acme', 'acme', 'umbrella', 7, null),
  },
  { requiredKeys: ['aud', 'scope'], noNullPrototype: true },
);
const args = fc.record(
  { amount: fc.constantFrom(1, 999, 1000, 1001, '1', null) },
  { requiredKeys: [], noNullPrototype: true },
);
const tool = fc.constantFrom('read_file', 'pay', 'close_account', 'unlisted');
const context = fc.record(
  { client_ip: fc.constantFrom('192.0.2.1', '203.0.113.7'), extra: fc.constantFrom({ asleep: true }, {}) },
  { requiredKeys: [], noNullPrototype: true },
);

describe('more custom rules', () => {
  let modules: (CustomRules['module'] | null)[];
  beforeAll(async () => {
    modules = [];
    for (const rules of SETS) modules.push(await compileSet(rules));
  });

  it('never allow more, and take no reason away', async () => {
    const worlds: World[] = [];
    for (const module of modules) worlds.push(await openWorld(module));
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(claims, args, tool, context, async (overlay, given, name, told) => {
        const reasons: string[][] = [];
        for (const { bench, key } of worlds) {
          const token = await signText(key('corp'), JSON.stringify(HEADER), JSON.stringify({ ...RIGHT, ...overlay }));
          const source = { kind: 'call', method: 'tools/call', tool: name, arguments: given } as const;
          const ask: Ask = { server: FILES, token, source, context: told };
          const { decision } = await bench.decide(ask);
          expect(decision.decision).toBe(decision.reasons.length === 0 ? 'allow' : 'deny');
          reasons.push(decision.reasons.map(({ code, rule }) => (rule === undefined ? code : `${code} ${rule}`)));
        }
        for (const [fewer, of] of reasons.entries()) {
          seen.add(of.join());
          for (const [more, also] of reasons.entries()) {
            if ((fewer & more) === fewer) expect(also).toEqual(expect.arrayContaining(of));
          }
        }
      }),
      { numRuns: 300 },
    );
    // Not all was refused, nor all allowed.
    expect(seen).toContain('');
    expect(seen.size).toBeGreaterThan(10);
  });
});
