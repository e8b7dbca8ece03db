/** A use of a proof may take its time (a shared store, a client whose clock is ahead): what is revoked meanwhile opens nothing. */
import { expect, it } from 'vitest';
import { evaluate } from '../../src/decide/evaluate.ts';
import type { Readers } from '../../src/decide/readers.ts';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { FILES, NOW } from '../property/world.ts';
import { EVERYONE, openDesk, READ_FILE } from './desk.ts';

it('a token that is revoked while its proof is marked as used is refused', async () => {
  const at = (await openDesk()).service.current();
  const issuer = at.registry.issuers.get('corp');
  if (issuer === undefined) throw new Error('the desk has this issuer');
  const token: TokenFacts = {
    ...{ type: 'at+jwt', algorithm: 'ES256', key_id: 'key-1', issuer: issuer.issuer },
    ...{ audiences: [FILES], scopes: ['files:read'], subject: 'user-1', client_id: 'desktop', token_id: 'token-1' },
    ...{ issued_at: NOW - 10, expires_at: NOW + 290, confirmation: { jkt: 'a' }, claims: {} },
  };
  const once = { server: 'files', jkt: 'a', jti: 'b', issued_at: NOW, until: NOW + 66 };
  const decided = async (meanwhile: () => void, revocations: Readers['revocations']) => {
    const readers: Readers = {
      tokens: { read: () => ({ kind: 'verified', token, issuer }) },
      proofs: {
        read: () => ({ facts: { dpop: { jkt: 'a', algorithm: 'ES256', issued_at: NOW } }, reasons: [], once }),
        async use() {
          meanwhile();
          return { kind: 'fresh' };
        },
        status: () => null,
      },
      revocations,
    };
    const ask = { server: FILES, token: 'text', scheme: 'DPoP', method: 'POST', source: READ_FILE };
    const { outcome, reasons } = await evaluate(ask, EVERYONE, NOW, at, readers);
    return [outcome, ...reasons.map(({ code }) => code)];
  };

  let answer: ReturnType<Readers['revocations']['judge']> = { kind: 'clear' };
  const revocations: Readers['revocations'] = { judge: () => answer, status: () => null };
  expect(await decided(() => {}, revocations)).toEqual(['allow']);
  const revoke = () => {
    answer = { kind: 'revoked', by: 'jti' };
  };
  expect(await decided(revoke, revocations)).toEqual(['deny', 'token_revoked']);
  answer = { kind: 'clear' };
  const lose = () => {
    answer = { kind: 'unavailable', detail: 'the list is gone' };
  };
  expect(await decided(lose, revocations)).toEqual(['indeterminate', 'revocation_unavailable']);
});
