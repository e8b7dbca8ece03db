/** `audgate/testing` in process: what a question means, and what is refused when the tester is opened. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildPolicies, openToolchain } from '../../src/policy/custom.ts';
import { createTestHolder } from '../../src/testing/holder.ts';
import { createTestIssuer } from '../../src/testing/issuer.ts';
import { matchers } from '../../src/testing/matchers.ts';
import { openTester } from '../../src/testing/tester.ts';
import { opaForTests } from '../policy/compiled.ts';
import { POLICIES } from './parts.ts';

const registry = {
  issuers: { corp: { issuer: 'https://login.example.com', algorithms: ['ES256'] } },
  servers: {
    files: {
      resource: 'https://files.example.com/mcp',
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      tools: { pay: { scopes: ['files:pay'], labels: { max_amount: 10 } } },
    },
  },
};
const RULES = join(POLICIES, 'recipes/argument_limit');
const paying = (amount: number) => ({
  server: 'files',
  token: { issuer: 'corp' },
  call: { method: 'tools/call', tool: 'pay', arguments: { amount } },
});

describe('a tester', () => {
  it('decides as the service does, keys that cannot be had too', async () => {
    const tester = await openTester({ registry, now: new Date('2026-11-23T12:00:00Z') });
    expect(await tester.decide(paying(1))).toMatchObject({ decision: 'allow', valid_until: '2026-11-23T12:05:00Z' });
    expect(await tester.decide({ ...paying(1), token: null })).toMatchObject({ decision: 'deny' });
    const keyless = await tester.decide({ ...paying(1), keys: 'unavailable' });
    expect(keyless).toMatchObject({ decision: 'indeterminate', reasons: [{ code: 'keys_unavailable' }] });
  });

  it('asks custom rules, from a folder or a bundle', async () => {
    const opa = await opaForTests();
    const folder = mkdtempSync(join(tmpdir(), 'audgate-tester-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const bundle = join(folder, 'rules.tar.gz');
    const built = await buildPolicies(await openToolchain(opa, POLICIES), RULES);
    if (!built.ok) throw new Error(JSON.stringify(built.problems));
    writeFileSync(bundle, built.bytes);
    for (const rules of [{ policies: RULES, opa: opa.path }, { bundle }]) {
      const tester = await openTester({ registry, ...rules });
      expect(matchers.toAllow(await tester.decide(paying(10))).pass).toBe(true);
      const denied = matchers.toDenyWith(await tester.decide(paying(11)), 'custom:argument_limit/amount_out_of_range');
      expect(denied.pass, denied.message()).toBe(true);
    }
  });

  it('proves as a client does: a bound token with its proof, and what is wrong with it', async () => {
    const tester = await openTester({ registry });
    const proved = { ...paying(1), proof: { dpop: {} } };
    expect(await tester.decide(proved)).toMatchObject({ decision: 'allow' });
    const late = { ...proved, proof: { dpop: { claims: { iat: '-61' } } } };
    expect(await tester.decide(late)).toMatchObject({ reasons: [{ code: 'proof_invalid' }] });
    const { token, dpop } = await tester.prove(proved);
    const again = { ...paying(1), token: { text: token }, scheme: 'DPoP', proof: { dpop: [...dpop] } };
    expect(await tester.decide(again)).toMatchObject({ decision: 'allow' });
    expect(await tester.decide({ ...again, http: { method: 'GET' } })).toMatchObject({ decision: 'deny' });
    expect((await tester.prove(paying(1))).dpop).toEqual([]);
  });

  it('takes tokens and proofs of a client that the test holds', async () => {
    const tester = await openTester({ registry });
    const holder = await createTestHolder();
    const token = await tester.mint({ ...paying(1), token: { issuer: 'corp', claims: { cnf: holder.cnf } } });
    const resource = registry.servers.files.resource;
    const asked = async (wanted: Parameters<typeof holder.prove>[0]) => {
      const dpop = [await holder.prove(wanted)];
      return tester.decide({ ...paying(1), token: { text: token }, scheme: 'DPoP', proof: { dpop } });
    };
    expect(await asked({ token, resource })).toMatchObject({ decision: 'allow' });
    expect(await asked({ token, resource, sign: 'broken' })).toMatchObject({ decision: 'deny' });
    expect(await asked({ token, resource, method: 'GET' })).toMatchObject({ decision: 'deny' });
    expect(await asked({ token: `${token}x`, resource })).toMatchObject({ decision: 'deny' });
  });

  it('mints the token of a question', async () => {
    const tester = await openTester({ registry });
    const text = await tester.mint(paying(1));
    expect(await tester.decide({ ...paying(1), token: { text } })).toMatchObject({ decision: 'allow' });
    await expect(tester.mint({ server: 'files', call: { method: 'ping' } })).rejects.toThrow('describe one');
  });

  it('says what is wrong', async () => {
    const broken = { ...registry, servers: { files: { ...registry.servers.files, max_lifetime_seconds: 9000 } } };
    await expect(openTester({ registry: broken })).rejects.toThrow('/servers/files/max_lifetime_seconds');
    await expect(openTester({ registry, policies: RULES, opa: '/nowhere/opa' })).rejects.toThrow(
      'audgate policy build',
    );
    await expect(openTester({ registry, policies: RULES, bundle: 'x' })).rejects.toThrow('not both');
    const tester = await openTester({ registry });
    await expect(tester.decide({ ...paying(1), token: { issuer: 'crop' } })).rejects.toThrow('"crop"');
  });
});

it('an issuer’s key in a registry makes its tokens good', async () => {
  const corp = await createTestIssuer('https://login.example.com', 'EdDSA');
  const text = await corp.mint({ audience: 'https://files.example.com/mcp', scopes: ['a'], claims: { sub: 'me' } });
  const claims = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ iss: corp.issuer, aud: 'https://files.example.com/mcp', scope: 'a', sub: 'me' });
  expect(corp.jwks.keys).toMatchObject([{ kty: 'OKP', kid: 'test' }]);
});

describe('matchers', () => {
  const denied = { decision: 'deny', reasons: [{ code: 'token_expired', message: 'It ended.' }] };

  it('tell an allow from all else', () => {
    expect(matchers.toAllow({ decision: 'allow', reasons: [] }).pass).toBe(true);
    expect(matchers.toAllow(denied).pass).toBe(false);
    expect(matchers.toAllow(denied).message()).toBe('expected an allow, got deny: token_expired (It ended.)');
    expect(matchers.toAllow(Promise.resolve(denied)).message()).toContain('was it awaited?');
  });

  it('want all codes, and codes that there are', () => {
    expect(matchers.toDenyWith(denied, 'token_expired').pass).toBe(true);
    expect(matchers.toDenyWith(denied).pass).toBe(true);
    expect(matchers.toDenyWith(denied, 'token_expired', 'audience_mismatch').pass).toBe(false);
    expect(matchers.toDenyWith({ ...denied, decision: 'indeterminate' }, 'token_expired').pass).toBe(false);
    expect(() => Reflect.apply(matchers.toDenyWith, null, [denied, 'token_expird'])).toThrow('token_expird');
  });
});
