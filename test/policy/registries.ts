/** Registries of these tests, loaded by the real loader. */

import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { NOW } from './questions.ts';

const CORP = { issuer: 'https://login.example.com', jwks_uri: 'https://login.example.com/jwks', algorithms: ['ES256'] };
const PARTNER = {
  issuer: 'https://partner.example.com',
  jwks_uri: 'https://partner.example.com/jwks',
  algorithms: ['RS256'],
  extra_audiences: ['account'],
  clock_tolerance_seconds: 60,
};

/** @param servers records without what every one of them has */
export function registryOf(servers: Readonly<Record<string, object>>): Registry {
  const records = Object.entries(servers).map(([key, record]) => [
    key,
    { resource: `https://${key}.example.com/mcp`, issuers: ['corp'], max_lifetime_seconds: 900, ...record },
  ]);
  const value = { issuers: { corp: CORP, partner: PARTNER }, servers: Object.fromEntries(records) };
  const loaded = loadRegistryValue(value, { file: 'registry.yaml', now: NOW });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.registry;
}

const until = new Date((NOW + 86_400) * 1000).toISOString().replace('.000', '');
const waiver = { issuer: 'corp', operations: ['tools/call read_file'], owner: 'team-files', reason: 'a move', until };

/** One server of each kind that the activation check treats apart. */
export const VARIED: Readonly<Record<string, object>> = {
  blind: { call_from: 'none', tools: { a: { scopes: ['s:a'] } }, prompts: { b: { scopes: ['s:b'] } } },
  based: { call_from: 'none', base_scopes: ['s:base'], tools: { a: { scopes: ['s:a'] } } },
  freely: { call_from: 'none', base_scopes: [], tools: { a: { scopes: ['s:a'] } } },
  headed: { call_from: 'headers', methods: { 'tasks/get': { scopes: ['s:task'] }, 'http/get': {} } },
  files: {
    audiences: [{ value: 'api://files', issuer: 'corp' }],
    issuers: ['corp', 'partner'],
    tools: { read_file: { scopes: ['files:read'] }, constructor: { scopes: [] } },
    scope_implies: { 'files:admin': ['files:read'] },
    waivers: [
      { what: 'audience', client_id: 'audgate-probe', audience: 'api://default', ...waiver },
      { what: 'lifetime', client_id: 'client-1', max_lifetime_seconds: 86_400, ...waiver },
    ],
  },
  billing: { tools: { pay: { scopes: ['billing:pay', 'billing:read'] } }, actors: ['agent-1'] },
  origin: { resource: 'https://origin.example.com', prompts: { hello: { scopes: ['origin:read'] } } },
  nested: {
    resource: 'https://files.example.com/mcp/deep',
    resources: { 'file:///docs/*': { scopes: ['docs:read'] } },
  },
  listing: { methods: { 'resources/list': { scopes: ['listing:read'] } } },
  unlisted: { unlisted_tools: { scopes: ['unlisted:use'] } },
  open: { tools: { any: { scopes: [] } } },
  bare: { max_lifetime_seconds: 1 },
  bound: { sender_constraint: 'dpop', tools: { read: { scopes: ['bound:read'] } } },
  certified: { sender_constraint: 'mtls' },
};
