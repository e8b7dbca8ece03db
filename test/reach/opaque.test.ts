/** An opaque token is shown to nobody but the one who can have issued it. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Parts } from '../../src/decide/decide.ts';
import { NO_PROOFS } from '../../src/facts/proof/proofs.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { createTokenReader } from '../../src/facts/token/read.ts';
import { reachToken } from '../../src/reach/reach-token.ts';
import { NOW, registryOf, snapshotOf } from './registries.ts';

const asked = (host: string) => ({
  issuer: `https://${host}.example.com`,
  introspection: { endpoint: `https://${host}.example.com/introspect` },
  algorithms: ['ES256'],
});
const issuers = { corp: asked('login'), partner: asked('partner') };

/** @returns the answer, and to whom the token was shown */
async function reachOf(servers: Readonly<Record<string, object>>, may: '*' | readonly string[] = '*') {
  const shown: string[] = [];
  const introspector = {
    ask: (_: string, { key }: { readonly key: string }) => {
      shown.push(key);
      return { kind: 'unavailable', reason: { code: 'introspection_unavailable', message: 'down' } } as const;
    },
  };
  const parts: Parts = {
    tokens: createTokenReader({ lookup: () => ({ kind: 'unavailable', detail: '' }), cacheSize: 1, introspector }),
    proofs: NO_PROOFS,
    revocations: NO_REVOCATIONS,
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
    now: () => NOW * 1000,
    ticks: () => 0n,
    newId: randomUUID,
  };
  const at = snapshotOf(registryOf(servers, { issuers }));
  return { reach: await reachToken({ token: 'opaque-1' }, { name: 'local', servers: may }, at, parts, NOW), shown };
}

it('is shown to its issuer, where no other could be meant', async () => {
  const { reach, shown } = await reachOf({ files: {}, billing: {} });
  expect(shown).toEqual(['corp', 'corp']);
  expect(reach).toMatchObject({
    servers: [],
    token: null,
    unknown: [{ codes: ['introspection_unavailable'], count: 2 }],
  });
});

it('is shown to nobody where servers ask several issuers', async () => {
  const servers = { files: {}, billing: { issuers: ['partner'] } };
  const { reach, shown } = await reachOf(servers);
  expect(shown).toEqual([]);
  expect(reach.unknown).toMatchObject([{ count: 2, servers: ['billing', 'files'] }]);
  expect(reach.unknown[0]?.reasons[0]?.message).toContain('ask again with the claims');
  // Of those that the caller may see only one asks anybody.
  expect((await reachOf(servers, ['files'])).shown).toEqual(['corp']);
});
