/** A proof whose iat lies ahead is answered when that has come: its token must be good at that time too. */
import { expect, it } from 'vitest';
import { evaluate } from '../../src/decide/evaluate.ts';
import type { Readers } from '../../src/decide/readers.ts';
import type { TokenFacts } from '../../src/decision/facts.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { FILES, NOW } from '../property/world.ts';
import { EVERYONE, openDesk, READ_FILE } from './desk.ts';

it.each([
  { ahead: 4, ends: 1, token: 'ends before it', expected: ['deny', 'token_expired'], used: 0 },
  { ahead: 4, ends: 9, token: 'is good then', expected: ['allow'], used: 1 },
  { ahead: 0, ends: 1, token: 'is good now', expected: ['allow'], used: 1 },
])('a proof $ahead s ahead, whose token $token: $expected', async ({ ahead, ends, expected, used }) => {
  const at = (await openDesk()).service.current();
  const issuer = at.registry.issuers.get('corp');
  if (issuer === undefined) throw new Error('the desk has this issuer');
  // exp is compared with the issuer's tolerance.
  const end = NOW + ends - issuer.clock_tolerance_seconds;
  const token: TokenFacts = {
    ...{ type: 'at+jwt', algorithm: 'ES256', key_id: 'key-1', issuer: issuer.issuer },
    ...{ audiences: [FILES], scopes: ['files:read'], subject: 'user-1', client_id: 'desktop', token_id: 'token-1' },
    ...{ issued_at: NOW - 100, expires_at: end, confirmation: { jkt: 'a' }, claims: {} },
  };
  const iat = NOW + ahead;
  const once = { server: 'files', jkt: 'a', jti: 'b', issued_at: iat, until: iat + 66 };
  let uses = 0;
  const readers: Readers = {
    tokens: { read: () => ({ kind: 'verified', token, issuer }) },
    proofs: {
      read: () => ({ facts: { dpop: { jkt: 'a', algorithm: 'ES256', issued_at: iat } }, reasons: [], once }),
      use() {
        uses += 1;
        return { kind: 'fresh' };
      },
      status: () => null,
    },
    revocations: NO_REVOCATIONS,
  };
  const ask = { server: FILES, token: 'text', scheme: 'DPoP', method: 'POST', source: READ_FILE };
  const { outcome, reasons } = await evaluate(ask, EVERYONE, NOW, at, readers);
  expect([outcome, ...reasons.map(({ code }) => code)]).toEqual(expected);
  expect(uses, 'a proof of a token that is refused stays unused').toBe(used);
});
