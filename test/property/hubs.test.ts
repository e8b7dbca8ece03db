/** No token that a hub accepts opens a server behind it, and no token of such a server opens the hub. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buildInput } from '../../src/policy/input.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { readCore } from '../../src/sources.ts';
import { registryOf } from '../registry/example.ts';

const NOW = Date.UTC(2026, 10, 23, 12) / 1000;
const WAIVER = { issuer: 'corp', owner: 'team', reason: 'not yet', until: '2026-12-01T00:00:00Z' };
const OPERATIONS = { hub: ['tools/call files_read', 'tools/list'], behind: ['tools/call read', 'tools/list'] };
const waivers = (client_id: string, operations: readonly string[]) => [
  { ...WAIVER, what: 'audience', client_id, audience: `api://${client_id}`, operations },
  { ...WAIVER, what: 'observe', client_id, codes: ['audience_mismatch', 'audience_not_exclusive'], operations },
];
const server = (key: string, more: object = {}) => ({
  ...{ resource: `https://${key}.example.com/mcp`, issuers: ['corp'], max_lifetime_seconds: 900 },
  audiences: [`https://${key}.example.com/mcp/`, { value: `api://${key}`, issuer: 'corp' }],
  ...more,
});
const KEYS = ['hub', 'files', 'billing'] as const;
const REGISTRY = registryOf(
  JSON.stringify({
    issuers: {
      corp: {
        ...{ issuer: 'https://login.example.com', jwks_uri: 'https://login.example.com/jwks', algorithms: ['ES256'] },
        extra_audiences: ['account'],
      },
    },
    servers: {
      hub: server('hub', {
        hub: { backends: { files_: 'files', billing_: 'billing' } },
        waivers: waivers('of-hub', OPERATIONS.hub),
      }),
      files: server('files', { tools: { read: {} }, waivers: waivers('of-files', OPERATIONS.behind) }),
      billing: server('billing', { unlisted_tools: { scopes: [] }, waivers: waivers('of-billing', OPERATIONS.behind) }),
    },
  }),
);

const audience = fc.constantFrom(
  ...KEYS.flatMap((key) => [`https://${key}.example.com/mcp`, `https://${key}.example.com/mcp/`, `api://${key}`]),
  ...['account', 'api://of-hub', 'api://of-files', 'https://hub.example.com', 'https://HUB.example.com/mcp', ''],
);
const client = fc.constantFrom('client-1', 'of-hub', 'of-files', 'of-billing');

it('a token opens the hub, or a server behind it, or none', async () => {
  const loaded = await loadPolicy({
    core: await readCore(),
    allowModifiedCore: false,
    custom: null,
    onAlarm: () => {},
  });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  const issuer = REGISTRY.issuers.get('corp');
  if (issuer === undefined) throw new Error('no issuer');
  const opened = new Set<string>();
  fc.assert(
    fc.property(
      fc.uniqueArray(audience, { minLength: 1, maxLength: 3 }),
      client,
      fc.boolean(),
      (audiences, client_id, list) => {
        const open = KEYS.filter((key) => {
          const record = REGISTRY.servers.get(key);
          if (record === undefined) throw new Error(key);
          const tool = key === 'hub' ? 'files_read' : 'read';
          const token = {
            ...{
              type: 'at+jwt',
              algorithm: 'ES256',
              key_id: 'k',
              issuer: issuer.issuer,
              audiences,
              scopes: [],
              claims: {},
            },
            ...{ subject: 'user-1', client_id, token_id: 't', issued_at: NOW, expires_at: NOW + 300 },
          };
          const call = list ? { method: 'tools/list' } : { method: 'tools/call', tool };
          const context = { caller: 'local' };
          const input = buildInput({ call, token, server: record, issuer, registry: REGISTRY, now: NOW, context });
          return loaded.policy.judge(input, null).kind === 'allow';
        });
        expect(
          open.includes('hub') && open.length > 1,
          `${audiences.join(' ')} as ${client_id} opens ${open.join(' ')}`,
        ).toBe(false);
        for (const key of open) opened.add(key);
      },
    ),
    { numRuns: 200 },
  );
  // Each of them is opened by some: the property is not empty.
  expect([...opened].sort()).toEqual([...KEYS].sort());
});
