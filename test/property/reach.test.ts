/** Cells that a large registry leaves out of its matrix are shut: every cell judged finds the same, whatever the registry. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matrixOf } from '../../src/reach/matrix.ts';
import { alsoAccepting, NOW, registryOf, snapshotOf, waiver } from '../reach/registries.ts';

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
