/** What the runner signs is what jose accepts; what it spoils, jose refuses. */
import { compactVerify, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Algorithm } from '../../src/registry/registry.ts';
import { createIssuerKey, createIssuerKeys, mint, signText, type TokenSpec } from '../../src/testing/mint.ts';

const NOW = 1_795_435_200;
const RIGHT = {
  issuer: 'https://login.example.com',
  type: 'at+jwt',
  audience: 'https://files.example.com/mcp',
  scopes: ['files:read', 'files:write'],
  token_id: 'token-1',
  now: NOW,
};
const ALGORITHMS: readonly Algorithm[] = [
  ...(['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512'] as const),
  ...(['PS256', 'PS384', 'PS512', 'EdDSA', 'Ed25519'] as const),
];
const currentDate = new Date(NOW * 1000);

describe.each(ALGORITHMS)('%s', (algorithm) => {
  it('signs what jose verifies, and spoils what it refuses', async () => {
    const key = await createIssuerKey('corp', algorithm);
    expect(Object.keys(key.jwk)).not.toContain('d');
    const jwk = await importJWK({ ...key.jwk, kty: String(key.jwk.kty) });
    const { payload, protectedHeader } = await jwtVerify(await mint(key, RIGHT), jwk, { currentDate });
    expect(protectedHeader).toEqual({ alg: algorithm, kid: 'corp', typ: 'at+jwt' });
    expect(payload).toEqual({
      iss: 'https://login.example.com',
      aud: 'https://files.example.com/mcp',
      sub: 'user-1',
      client_id: 'client-1',
      jti: 'token-1',
      iat: NOW,
      exp: NOW + 300,
      scope: 'files:read files:write',
    });
    for (const sign of ['foreign_key', 'broken', 'none'] as const) {
      await expect(jwtVerify(await mint(key, RIGHT, { sign }), jwk, { currentDate })).rejects.toThrow();
    }
  });
});

describe('a minted token', () => {
  const claimsOf = async (spec: TokenSpec): Promise<Record<string, unknown>> => {
    const token = await mint(await createIssuerKey('corp', 'ES256'), RIGHT, spec);
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  };

  it('holds what is laid over it, and lacks what null removes', async () => {
    const claims = await claimsOf({ claims: { aud: ['a', 'b'], sub: null, extra: { deep: null } } });
    expect(claims).toMatchObject({ aud: ['a', 'b'], extra: { deep: null } });
    expect(claims).not.toHaveProperty('sub');
  });

  it('counts signed texts from now, in times only', async () => {
    const claims = await claimsOf({ claims: { exp: '+10', iat: '-10', nbf: '+0', sub: '+10', scope: '-1' } });
    expect(claims).toMatchObject({ exp: NOW + 10, iat: NOW - 10, nbf: NOW, sub: '+10', scope: '-1' });
  });

  it('leaves other texts in times as they are', async () => {
    expect(await claimsOf({ claims: { exp: 'soon', iat: '10', nbf: '+1.5' } })).toMatchObject({
      exp: 'soon',
      iat: '10',
      nbf: '+1.5',
    });
  });

  it('is unsigned in name and in fact', async () => {
    const token = await mint(await createIssuerKey('corp', 'ES256'), RIGHT, { sign: 'none' });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'none', kid: 'corp', typ: 'at+jwt' });
    expect(token).toMatch(/\.$/);
  });

  it('under an HMAC is keyed with what everybody knows', async () => {
    const key = await createIssuerKey('corp', 'RS256');
    const token = await mint(key, RIGHT, { header: { alg: 'HS256' } });
    const { protectedHeader } = await compactVerify(token, new TextEncoder().encode(JSON.stringify(key.jwk)));
    expect(protectedHeader.alg).toBe('HS256');
  });

  it('may be of any text', async () => {
    const token = await signText(await createIssuerKey('corp', 'ES256'), '{"alg":1,"alg":2}', 'no JSON');
    expect(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).toBe('{"alg":1,"alg":2}');
  });

  it('is of its issuer’s own key', async () => {
    const keys = await createIssuerKeys({ corp: 'ES256', partner: 'ES256' });
    const [corp, partner] = [keys.get('corp'), keys.get('partner')];
    if (corp === undefined || partner === undefined) throw new Error('two keys were asked for');
    const other = await importJWK({ ...partner.jwk, kty: String(partner.jwk.kty) });
    await expect(jwtVerify(await mint(corp, RIGHT), other, { currentDate })).rejects.toThrow('signature');
  });
});
