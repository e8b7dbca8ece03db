/** The one reason that no case file can bring about: no policy instance is to be had. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import { decide } from '../../src/decide/decide.ts';
import { createKeys } from '../../src/facts/keys/look-up.ts';
import { NO_PROOFS } from '../../src/facts/proof/proofs.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { createTokenReader } from '../../src/facts/token/read.ts';
import { openEngine } from '../../src/policy/engine.ts';
import { DECIDE, policyOf } from '../../src/policy/judge.ts';
import { mint } from '../../src/testing/mint.ts';
import { FILES, NOW, openWorld } from '../property/world.ts';
import { POLICIES } from '../testing/parts.ts';

const opa: typeof import('@open-policy-agent/opa-wasm') = createRequire(import.meta.url)('@open-policy-agent/opa-wasm');

/** The real core, whose only instance has died and of which no other can be made. */
async function exhausted() {
  let left = 1;
  const opened = await openEngine(new Uint8Array(readFileSync(join(POLICIES, 'core.wasm'))), (module) => {
    if (left-- > 0) return opa.loadPolicySync(module, { initial: 5, maximum: 1024 });
    throw new RangeError('no memory');
  });
  if (!opened.ok) throw new Error(opened.problem);
  // An entrypoint that does not exist throws, as a broken instance does; an engine never uses such an instance again.
  expect(opened.engine.evaluate('nowhere', {}).kind).toBe('failed');
  expect(opened.engine.evaluate(DECIDE, {}).kind).toBe('unavailable');
  return policyOf({
    core: { engine: opened.engine, digest: 'sha256:0', modified: false, rules: [] },
    custom: null,
    onAlarm: () => {},
  });
}

describe('policy_unavailable', () => {
  it.each([
    { token: 'right', claims: {}, reasons: ['policy_unavailable'], decision: 'indeterminate' },
    {
      token: 'foreign',
      claims: { aud: 'https://billing.example.com/mcp' },
      reasons: ['policy_unavailable'],
      decision: 'indeterminate',
    },
    { token: 'ill-formed', claims: { sub: null }, reasons: ['claims_invalid'], decision: 'deny' },
  ])(
    'a $token token is answered $decision when no instance is to be had',
    async ({ claims, reasons, decision: outcome }) => {
      const { bench, key } = await openWorld();
      const keys = createKeys({
        fetch: () => fetch,
        now: () => NOW * 1000,
        settings: defaultConfig().keys,
        onEvent: () => {},
      });
      keys.retain(bench.registry.issuers.values());
      const parts = {
        tokens: createTokenReader({ lookup: keys.lookup, cacheSize: 1 }),
        proofs: NO_PROOFS,
        revocations: NO_REVOCATIONS,
        recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
        now: () => NOW * 1000,
        ticks: () => 0n,
        newId: randomUUID,
      };
      const snapshot = { registry: bench.registry, policy: await exhausted(), revision: 'sha256:0', loaded_at: 0 };
      const right = {
        issuer: 'https://login.example.com',
        type: 'at+jwt',
        audience: FILES,
        scopes: ['files:read'],
        token_id: '1',
        now: NOW,
      };
      const token = await mint(key('corp'), right, { claims });
      const source = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;
      const caller = { name: 'local', servers: '*' } as const;
      const { decision } = await decide(
        { server: FILES, token, source },
        caller,
        snapshot,
        parts,
        'audgate/decide',
        NOW,
      );
      keys.close();
      expect(decision.reasons.map(({ code }) => code)).toEqual(reasons);
      expect(decision.decision).toBe(outcome);
    },
  );
});
