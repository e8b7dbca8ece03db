/** Reach says no other thing than decisions would, and what a large registry leaves out of its matrix is shut. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matrixOf } from '../../src/reach/matrix.ts';
import { BILLING, EVERYONE, openDesk } from '../decide/desk.ts';
import { alsoAccepting, NOW, registryOf, snapshotOf, waiver } from '../reach/registries.ts';
import { FILES } from './world.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const resourceOf = (key: string) => `https://${key}.example.com/mcp`;

const client = fc.constantFrom('desktop', 'nightly');
const issuer = fc.constantFrom('corp', 'partner');
const written = fc.oneof(
  fc
    .record({ issuer, client_id: client, audience: fc.constantFrom('api://default', 'api://old') })
    .map((rest) => waiver({ what: 'audience', ...rest })),
  fc
    .record({
      issuer,
      client_id: client,
      operations: fc.constantFrom(['tools/call read'], ['tools/call gone'], ['tools/list']),
    })
    .map(({ operations, ...rest }) => {
      const unknown = operations[0] === 'tools/call gone' ? ['tool_unknown'] : [];
      return waiver({ what: 'observe', codes: ['audience_mismatch', ...unknown], operations, ...rest });
    }),
  fc.record({ client_id: client }).map((rest) => waiver({ what: 'lifetime', max_lifetime_seconds: 7200, ...rest })),
);
const server = fc.record({
  issuers: fc.constantFrom(['corp'], ['corp', 'partner']),
  slash: fc.boolean(),
  opaque: fc.boolean(),
  sender_constraint: fc.constantFrom('none', 'dpop', 'any'),
  waivers: fc.uniqueArray(written, { maxLength: 3, selector: (one) => JSON.stringify(one) }),
});
/** What a registry made by hand lets a server accept besides. */
const slip = fc.option(
  fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...KEYS.map(resourceOf), 'account', 'api://default')),
  { nil: undefined },
);

it('what is left out of the matrix is shut', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.tuple(server, server, server, server, server), slip, async (records, slipped) => {
      const servers = records.map(({ slash, opaque, waivers, issuers, ...rest }, at) => {
        const key = KEYS[at] ?? '';
        const audiences = [
          ...(slash ? [`${resourceOf(key)}/`] : []),
          ...(opaque ? [{ value: `api://${key}`, issuer: 'corp' }] : []),
        ];
        const known = waivers.filter((one) => issuers.some((key) => key === one.issuer));
        return [key, { ...rest, issuers, audiences, waivers: known }] as const;
      });
      const loaded = registryOf(Object.fromEntries(servers));
      const registry = slipped === undefined ? loaded : alsoAccepting(loaded, ...slipped);
      const every = await matrixOf(snapshotOf(registry), { now: NOW, cells: 'every' });
      const possible = await matrixOf(snapshotOf(registry), { now: NOW, cells: 'possible' });
      const cells = (one: typeof every) => [...one.open, ...one.waived].map((cell) => JSON.stringify(cell)).sort();
      expect(cells(possible)).toEqual(cells(every));
      expect(possible).toMatchObject({ blind: every.blind, unserved: every.unserved });
      expect(every.left_out).toBe(0);
      for (const { kind } of [...every.open, ...every.waived]) seen.add(kind);
      if (possible.left_out > 0) seen.add('left out');
      // No file can say what a slip says, so that without one nothing is open.
      if (slipped === undefined) expect(every.open).toEqual([]);
    }),
    { numRuns: 100 },
  );
  expect([...seen].sort()).toEqual(['left out', 'open', 'waived']);
});

const claims = fc.record(
  {
    aud: fc.constantFrom(FILES, BILLING, 'api://default', 'account', [FILES, 'account'], [FILES, BILLING]),
    client_id: fc.constantFrom('client-1', 'desktop', 'nightly', 'late'),
    exp: fc.constantFrom(NOW + 300, NOW + 7200, NOW + 1),
    scope: fc.constantFrom('files:read', 'files:write files:own', '', 'files:read files:write'),
    cnf: fc.constantFrom({ jkt: 'x'.repeat(43) }, { 'x5t#S256': 'x'.repeat(43) }, { kid: 'k' }),
    acr: fc.constantFrom('mfa', 'pwd'),
    act: fc.constant({ sub: 'agent-7' }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

it('of a token says of each server the same as a list of what is allowed there', async () => {
  const tools = {
    read_file: { scopes: ['files:read'] },
    write_file: { scopes: ['files:write', 'files:own'] },
    pay: { authentication: { acr_values: ['mfa'] } },
  };
  const desk = await openDesk({ files: { tools, unlisted_tools: { scopes: ['files:own'] } } });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(claims, async (held) => {
      const token = await desk.token({ claims: held });
      const reach = await desk.service.reach({ token }, undefined, EVERYONE);
      for (const { key, resource } of desk.service.current().registry.servers.values()) {
        const list = await desk.service.allowed({ server: resource, token }, EVERYONE);
        const found = reach.servers.find(({ server }) => server === key)?.operations ?? [];
        const names = (kind: string) =>
          found.flatMap((one) => (one.kind === kind && one.needs.length === 0 ? [one.name] : []));
        expect(['tool', 'prompt', 'resource', 'method'].map(names)).toEqual([
          ...[list.tools, list.prompts, list.resources, list.methods],
        ]);
        expect(names('unlisted').length > 0).toBe(list.unlisted_tools);
        seen.add(`${list.decision} ${found.some(({ needs }) => needs.length > 0)}`);
      }
    }),
    // One of each kind at least, so that none is seen by chance alone.
    { numRuns: 150, examples: [[{}], [{ acr: 'mfa' }], [{ cnf: { jkt: 'x'.repeat(43) } }], [{ aud: BILLING }]] },
  );
  expect([...seen].sort()).toEqual(['allow false', 'allow true', 'deny false', 'deny true']);
});
