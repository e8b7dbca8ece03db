/** The matrix of a registry: empty off its diagonal, but for what somebody listed; and what is not empty is found. */
import { describe, expect, it } from 'vitest';
import { DECIDE } from '../../src/policy/judge.ts';
import { matrixOf } from '../../src/reach/matrix.ts';
import { alsoAccepting, END, NOW, registryOf, snapshotOf, waiver } from './registries.ts';

const THREE = { billing: {}, files: { issuers: ['corp', 'partner'] }, mail: { sender_constraint: 'dpop' } };
const matrix = (...[registry, changed]: Parameters<typeof snapshotOf>) =>
  matrixOf(snapshotOf(registry, changed), { now: NOW });
/** A core that allows everything that the released one would. */
const ALL = { allow: true, denials: [], required_scopes: [], advice: { waivers: [], would_deny: [] } };

describe('the matrix of a registry that the loader took', () => {
  it('is empty off its diagonal', async () => {
    const rows: number[] = [];
    const found = await matrixOf(snapshotOf(registryOf(THREE)), { now: NOW, onRow: (row) => rows.push(row) });
    expect(found).toMatchObject({
      at: '2026-11-23T12:00:00Z',
      servers: ['billing', 'files', 'mail'],
      ...{ open: [], waived: [], ways: [], blind: [], unserved: [], unknown: 0, left_out: 0, custom: 'none' },
    });
    expect(rows).toEqual([1, 2, 3]);
  });

  it('tells of one audience that two servers waive, by whom and until when', async () => {
    const waivers = [waiver({ what: 'audience', audience: 'api://default' })];
    const found = await matrix(registryOf({ billing: { waivers }, files: { waivers }, mail: {} }));
    const cell = { kind: 'waived', token: { issuer: 'corp', client_id: 'desktop', audiences: ['api://default'] } };
    const by = { operations: ['tools/call read'], waivers: [{ what: 'audience', owner: 'team-move', until: END }] };
    expect(found.open).toEqual([]);
    expect(found.waived).toMatchObject([
      { from: 'billing', to: 'files', ...cell, ...by },
      { from: 'files', to: 'billing', ...cell, ...by },
    ]);
    expect(found.waived[0]?.remedy).toContain('team-move');
  });

  it('tells of a waiver that only observes, also for a tool that nobody lists', async () => {
    const billing = { waivers: [waiver({ what: 'audience', audience: 'api://default' })] };
    const codes = ['audience_mismatch', 'tool_unknown', 'scope_insufficient'];
    const files = { waivers: [waiver({ what: 'observe', operations: ['tools/call gone'], codes })] };
    const found = await matrix(registryOf({ billing, files }));
    expect(found.waived).toMatchObject([{ from: 'billing', to: 'files', operations: ['tools/call gone'] }]);
  });

  it('is empty again once a waiver has ended', async () => {
    const waivers = [waiver({ what: 'audience', audience: 'api://default' })];
    const registry = registryOf({ billing: { waivers }, files: { waivers } });
    const found = await matrixOf(snapshotOf(registry), { now: Date.parse(END) / 1000 });
    expect([found.open, found.waived]).toEqual([[], []]);
  });

  it('has no token that only a waiver made right, once that has ended', async () => {
    const what = { what: 'audience', audience: 'api://default' };
    const billing = { waivers: [waiver({ ...what, until: '2026-11-22T00:00:00Z' })] };
    const found = await matrix(registryOf({ billing, files: { waivers: [waiver(what)] } }));
    expect(found.waived.map(({ from, to }) => `${from} ${to}`)).toEqual([]);
  });

  it('says which servers no token can be made for', async () => {
    const corp = {
      issuer: 'https://login.example.com',
      jwks_uri: 'https://login.example.com/jwks',
      algorithms: ['ES256'],
    };
    const registry = registryOf({ files: {} }, { issuers: { corp: { ...corp, disabled: true } } });
    expect(await matrix(registry)).toMatchObject({ unserved: ['files'], blind: [] });
  });
});

describe('an open cell is found', () => {
  const FILES = 'https://files.example.com/mcp';

  it('where a registry made by hand lets a server accept its neighbour’s audience', async () => {
    const found = await matrix(alsoAccepting(registryOf(THREE), 'billing', FILES));
    const token = { issuer: 'corp', client_id: null, audiences: [FILES] };
    expect(found.open).toContainEqual(
      expect.objectContaining({ from: 'files', to: 'billing', kind: 'open', token, operations: ['*'], waivers: [] }),
    );
    expect(found.open[0]?.remedy).toMatch(/accept "https:\/\/files\.example\.com\/mcp".*registry\.yaml/);
  });

  it('where a modified core opens everything, and only the floor holds', async () => {
    const found = await matrix(registryOf(THREE), (core) => ({
      ...core,
      evaluate: (entrypoint, input) =>
        entrypoint === DECIDE ? { kind: 'value', value: ALL } : core.evaluate(entrypoint, input),
    }));
    // Every issuer of each, at each other.
    expect(new Set(found.open.map(({ from, to, kind }) => `${from} ${to} ${kind}`)).size).toBe(6);
    expect(found.open[0]).toMatchObject({ kind: 'held', remedy: expect.stringContaining('core is broken') });
  });

  it('also where a large registry would leave cells out, because nobody knows what a modified core looks at', async () => {
    const modified = snapshotOf(registryOf(THREE), (core) => core);
    expect(await matrixOf(modified, { now: NOW, cells: 'possible' })).toMatchObject({ left_out: 0 });
    const released = snapshotOf(registryOf(THREE));
    expect(await matrixOf(released, { now: NOW, cells: 'possible' })).not.toMatchObject({ left_out: 0 });
  });
});

it('says nothing of a server whose own right token it refuses', async () => {
  const found = await matrix(registryOf(THREE), (core) => ({
    ...core,
    evaluate: (entrypoint, input) =>
      entrypoint === DECIDE
        ? { kind: 'value', value: { ...ALL, allow: false, denials: [{ code: 'audience_mismatch' }] } }
        : core.evaluate(entrypoint, input),
  }));
  expect(new Set(found.blind.map(({ server }) => server))).toEqual(new Set(['billing', 'files', 'mail']));
});

it('is not whole where no instance of the core is to be had', async () => {
  const found = await matrix(registryOf(THREE), (core) => ({
    ...core,
    evaluate: () => ({ kind: 'unavailable', detail: 'none' }),
  }));
  expect(found.unknown).toBeGreaterThan(0);
});
