/** Exchanges and hubs: no open cells, but how a token of one server leads to another one for the next. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Parts } from '../../src/decide/decide.ts';
import { NO_PROOFS } from '../../src/facts/proof/proofs.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { matrixOf } from '../../src/reach/matrix.ts';
import { reachToken } from '../../src/reach/reach-token.ts';
import { waysFrom } from '../../src/reach/ways.ts';
import { NOW, registryOf, snapshotOf, waiver } from './registries.ts';

const edge = (from: string, to: string, more: object = {}) => {
  return { from, to, client: 'gateway', scopes: ['read'], ...(to === 'mail' && { issuer: 'corp' }), ...more };
};
const SERVERS = {
  billing: {},
  files: {},
  gate: { hub: { backends: { f_: 'files' } } },
  mail: { issuers: ['corp', 'partner'] },
};
const EXCHANGES = [edge('files', 'billing'), edge('billing', 'mail', { client: 'batch', issuer: 'partner' })];

const parts: Parts = {
  tokens: { read: () => ({ kind: 'refused', reason: { code: 'token_malformed', message: '' } }) },
  proofs: NO_PROOFS,
  revocations: NO_REVOCATIONS,
  recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
  now: () => NOW * 1000,
  ticks: () => 0n,
  newId: randomUUID,
};
const reachOf = (aud: string, servers: '*' | readonly string[] = '*') => {
  const claims = {
    iss: 'https://login.example.com',
    sub: 'u',
    client_id: 'c',
    jti: 'j',
    iat: NOW,
    exp: NOW + 60,
    aud,
    scope: 'read',
  };
  const at = snapshotOf(registryOf(SERVERS, { exchanges: EXCHANGES }));
  return reachToken({ claims }, { name: 'local', servers }, at, parts, NOW);
};
const FILES = 'https://files.example.com/mcp';

it('the matrix shows them as ways, and stays empty', async () => {
  const found = await matrixOf(snapshotOf(registryOf(SERVERS, { exchanges: EXCHANGES })), { now: NOW });
  expect([found.open, found.waived, found.blind]).toEqual([[], [], []]);
  expect(found.ways).toEqual([
    { kind: 'exchange', from: 'billing', to: 'mail', client_id: 'batch', scopes: ['read'], issuer: 'partner' },
    { kind: 'exchange', from: 'files', to: 'billing', client_id: 'gateway', scopes: ['read'], issuer: 'corp' },
    { kind: 'hub', from: 'gate', to: 'files', prefix: 'f_' },
  ]);
});

it('a token leads through one after the other, and no further than it reaches', async () => {
  const { servers, ways } = await reachOf(FILES);
  expect(servers.map(({ server }) => server)).toEqual(['files']);
  expect(ways.map(({ from, to, hops }) => [from, to, hops])).toEqual([
    ['files', 'billing', 1],
    ['billing', 'mail', 2],
  ]);
  const ofMail = await reachOf('https://mail.example.com/mcp');
  expect(ofMail.ways).toEqual([]);
});

it('a token of a hub opens the hub’s names for what is behind it, and leads there by the hub alone', async () => {
  const { servers, ways } = await reachOf('https://gate.example.com/mcp');
  expect(servers.map(({ server }) => server)).toEqual(['gate']);
  expect(servers[0]?.operations.map(({ name }) => name)).toContain('f_read');
  expect(ways[0]).toMatchObject({ kind: 'hub', from: 'gate', to: 'files', hops: 1 });
});

it('one who may not see where a way leads is not told of it', async () => {
  const { ways, leaked } = await reachOf(FILES, ['files']);
  expect(ways).toEqual([]);
  expect(JSON.stringify(leaked)).not.toContain('billing');
});

it('what was made of a leaked token by exchange is withdrawn too, and looked for', async () => {
  const { leaked } = await reachOf(FILES);
  expect(leaked?.revoke.map(({ by, client_id, sub }) => [by, client_id, sub])).toEqual([
    ['jti', undefined, undefined],
    ['issued_before', 'c', 'u'],
    ['issued_before', 'gateway', 'u'],
  ]);
  // Another issuer knows its own subjects.
  expect(leaked?.beyond.join('\n')).toMatch(/"batch".*issuer "partner" for "mail"/);
  expect(leaked?.look_at.servers).toEqual(['billing', 'files', 'mail']);
});

it('ways in a circle end', () => {
  const way = (from: string, to: string) => ({ kind: 'hub', from, to, prefix: '' }) as const;
  expect(waysFrom([way('a', 'b'), way('b', 'a'), way('b', 'b')], ['a']).map(({ hops }) => hops)).toEqual([1, 2, 2]);
});

it.each([
  ['open', {}],
  ['open to its holder', { cnf: { jkt: 'x'.repeat(43) } }],
  ['open by a waiver', { aud: 'api://default', client_id: 'desktop' }],
])('while nobody knows what is revoked, nothing is known to be %s', async (_, more) => {
  const claims = {
    iss: 'https://login.example.com',
    sub: 'u',
    client_id: 'c',
    jti: 'j',
    iat: NOW,
    exp: NOW + 60,
    aud: FILES,
    scope: 'read',
  };
  const waivers = [waiver({ what: 'audience', audience: 'api://default' })];
  const at = snapshotOf(registryOf({ files: { waivers } }));
  const caller = { name: 'local', servers: '*' } as const;
  const lost: Parts = {
    ...parts,
    revocations: { ...NO_REVOCATIONS, judge: () => ({ kind: 'unavailable', detail: '' }) },
  };
  expect((await reachToken({ claims: { ...claims, ...more } }, caller, at, parts, NOW)).servers).toHaveLength(1);
  const reach = await reachToken({ claims: { ...claims, ...more } }, caller, at, lost, NOW);
  expect([reach.servers, reach.unknown[0]?.codes]).toEqual([[], ['revocation_unavailable']]);
});
