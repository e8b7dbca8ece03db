/** No two servers share an audience, and none comes near another's. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadRegistryValue } from '../../../src/registry/load.ts';
import { normalised } from '../../../src/registry/uri.ts';
import { NOW, registryOf } from '../example.ts';

const ISSUERS = {
  corp: { issuer: 'https://login.example.com', jwks_uri: 'https://login.example.com/jwks', algorithms: ['ES256'] },
  other: { issuer: 'https://auth.example.net/', jwks_uri: 'https://auth.example.net/jwks', algorithms: ['ES256'] },
};
const server = (resource: string, more: object = {}) => ({
  resource,
  issuers: ['corp', 'other'],
  max_lifetime_seconds: 900,
  ...more,
});

function load(servers: Record<string, object>, issuers: object = ISSUERS) {
  return loadRegistryValue({ issuers, servers }, { now: NOW, file: 'registry.yaml' });
}

function problems(servers: Record<string, object>, issuers?: object) {
  const loaded = load(servers, issuers);
  return (loaded.ok ? loaded.warnings : loaded.problems).map(({ severity, path, message }) => ({
    severity,
    path,
    message,
  }));
}

const WAIVER = {
  what: 'audience',
  issuer: 'corp',
  client_id: 'c',
  operations: ['ping'],
  owner: 'o',
  reason: 'r',
  until: '2026-12-31T00:00:00Z',
};

describe('two servers', () => {
  test.each<[string, object, object, string]>([
    ['the same resource', server('https://a.example/mcp'), server('https://a.example/mcp'), '/servers/b/resource'],
    ['a trailing slash', server('https://a.example/mcp'), server('https://a.example/mcp/'), '/servers/b/resource'],
    ['an origin and its slash', server('https://a.example/'), server('https://a.example/%7E/..a'), ''],
    [
      'a spelling that is the other resource',
      server('https://a.example/mcp', { audiences: ['https://a.example/mcp/'] }),
      server('https://a.example/mcp/'),
      '/servers/b/resource',
    ],
    [
      'one opaque value, though of two issuers',
      server('https://a.example/mcp', { audiences: [{ value: 'api://x', issuer: 'corp' }] }),
      server('https://b.example/mcp', { audiences: [{ value: 'api://x', issuer: 'other' }] }),
      '/servers/b/audiences/0/value',
    ],
    [
      'opaque values that differ in a slash and the scheme’s case',
      server('https://a.example/mcp', { audiences: [{ value: 'api://x', issuer: 'corp' }] }),
      server('https://b.example/mcp', { audiences: [{ value: 'API://x/', issuer: 'corp' }] }),
      '/servers/b/audiences/0/value',
    ],
    ['paths that differ in case', server('https://a.example/mcp'), server('https://a.example/MCP'), ''],
    ['a parent', server('https://a.example/mcp'), server('https://a.example/mcp/v2'), ''],
    ['another port', server('https://a.example/mcp'), server('https://a.example:8443/mcp'), ''],
  ])('%s', (_, a, b, path) => {
    const found = problems({ a, b });
    expect(found.map((problem) => problem.path)).toEqual(path === '' ? [] : [path]);
    if (path !== '') expect(found[0]?.message).toContain('server "a"');
  });

  test('may waive the same audience', () => {
    const waivers = [{ ...WAIVER, audience: 'api://default' }];
    expect(
      problems({ a: server('https://a.example/mcp', { waivers }), b: server('https://b.example/mcp', { waivers }) }),
    ).toEqual([]);
  });
});

describe('an extra or waived audience that is someone’s own', () => {
  const b = server('https://b.example/mcp', { audiences: [{ value: 'api://b', issuer: 'other' }] });
  test.each([
    ['https://a.example/mcp', 'server "a"'],
    ['https://b.example/mcp', 'server "b"'],
    ['https://B.example:443/mcp/', 'comes near'],
    ['api://b', 'server "b"'],
    ['api://b/', 'comes near'],
    ['https://login.example.com', 'issuer "corp"'],
    ['https://login.example.com/', 'comes near'],
    ['https://auth.example.net', 'comes near'],
  ])('%s', (audience, says) => {
    const extra = { ...ISSUERS, corp: { ...ISSUERS.corp, extra_audiences: ['account', audience] } };
    expect(problems({ a: server('https://a.example/mcp'), b }, extra)).toEqual([
      { severity: 'error', path: '/issuers/corp/extra_audiences/1', message: expect.stringContaining(says) },
    ]);
    const a = server('https://a.example/mcp', { waivers: [{ ...WAIVER, audience }] });
    expect(problems({ a, b })).toEqual([
      { severity: 'error', path: '/servers/a/waivers/0/audience', message: expect.stringContaining(says) },
    ]);
  });
});

test('two issuers with one iss', () => {
  const twice = { ...ISSUERS, again: ISSUERS.corp };
  expect(problems({ a: server('https://a.example/mcp') }, twice)).toEqual([
    { severity: 'error', path: '/issuers/again/issuer', message: 'The issuers "corp" and "again" have the same iss.' },
  ]);
});

test('an audience of one issuer must be of one that the server accepts', () => {
  const a = server('https://a.example/mcp', { issuers: ['other'], audiences: [{ value: 'api://x', issuer: 'corp' }] });
  expect(problems({ a }).map(({ path }) => path)).toEqual(['/servers/a/audiences/0/issuer']);
});

test('a server that is its issuer is warned of', () => {
  const [found] = problems({ a: server('https://login.example.com') }).filter(({ message }) =>
    message.includes('corp'),
  );
  expect(found?.severity).toBe('warning');
});

test('whatever is registered, no two servers in force come near each other', () => {
  const uri = fc
    .tuple(
      fc.constantFrom('https://a.example', 'https://b.example', 'https://a.example:8443', 'http://127.0.0.1:3000'),
      fc.constantFrom('', '/', '/mcp', '/mcp/', '/MCP', '//', '/mcp?x', '/mcp/?x', '/mcp?x/'),
    )
    .map((parts) => parts.join(''));
  const opaque = fc.constantFrom('api://x', 'api://x/', 'API://x', 'x', 'x/', 'urn:x');
  const one = fc.record({
    resource: uri,
    spelling: fc.option(fc.constantFrom('/', ':443', 'upper'), { nil: undefined }),
    value: fc.option(opaque, { nil: undefined }),
    issuer: fc.constantFrom('corp', 'other'),
  });
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(one, { minLength: 2, maxLength: 3 }), (drawn) => {
      const servers = drawn.map(({ resource, spelling, value, issuer }, index) => {
        const spelt = spelling === 'upper' ? resource.replace('https', 'HTTPS') : `${resource}${spelling}`;
        const audiences = [
          ...(spelling === undefined ? [] : [spelt]),
          ...(value === undefined ? [] : [{ value, issuer }]),
        ];
        return [`s${index}`, server(resource, { audiences })] as const;
      });
      const loaded = load(Object.fromEntries(servers));
      if (!loaded.ok) return;
      accepted += 1;
      const owners = new Map<string, string>();
      for (const { key, resource, audiences } of loaded.registry.servers.values()) {
        for (const audience of [resource, ...audiences]) {
          const near = normalised(typeof audience === 'string' ? audience : audience.value);
          expect(owners.get(near) ?? key).toBe(key);
          owners.set(near, key);
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(accepted).toBeGreaterThan(10);
});

test('owners and near misses are found by what is registered', () => {
  const registry = registryOf(
    JSON.stringify({
      issuers: ISSUERS,
      servers: {
        a: server('https://a.example/mcp', { audiences: [{ value: 'api://a', issuer: 'corp' }] }),
        b: server('https://b.example/mcp', { audiences: ['https://b.example/mcp/'] }),
      },
    }),
  );
  expect(registry.ownersOf('https://a.example/mcp')).toEqual([{ kind: 'server', key: 'a' }]);
  expect(registry.ownersOf('api://a')).toEqual([{ kind: 'server', key: 'a' }]);
  expect(registry.ownersOf('https://b.example/mcp/')).toEqual([{ kind: 'server', key: 'b' }]);
  expect(registry.ownersOf('https://login.example.com')).toEqual([{ kind: 'issuer', key: 'corp' }]);
  for (const foreign of ['https://a.example/mcp/', 'constructor', '__proto__', '']) {
    expect(registry.ownersOf(foreign)).toEqual([]);
  }
  for (const near of [
    'https://a.example/mcp/',
    'HTTPS://A.example:443/MCP',
    'http://a.example/mcp',
    'https://a.example/./mcp',
  ]) {
    expect(registry.nearestServer(near)?.key).toBe('a');
  }
  for (const far of ['https://c.example/mcp', 'https://a.example.evil', '', 'a', 'constructor', '\ud800']) {
    expect(registry.nearestServer(far)).toBeUndefined();
  }
});
