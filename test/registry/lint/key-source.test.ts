/** Issuers that say themselves where their keys are, or that are asked about their tokens. */
import { describe, expect, test } from 'vitest';
import { loadRegistryValue } from '../../../src/registry/load.ts';
import { showRegistry } from '../../../src/registry/show.ts';

const ISS = 'https://login.example.com';
const ENDPOINT = `${ISS}/introspect`;

const SERVER = { resource: 'https://files.example.com/mcp', issuers: ['corp'], max_lifetime_seconds: 900 };

function load(issuer: object, more: { readonly issuers?: object; readonly server?: object } = {}) {
  const value = {
    issuers: { corp: { issuer: ISS, algorithms: ['ES256'], ...issuer }, ...more.issuers },
    servers: { files: { ...SERVER, ...more.server } },
  };
  return loadRegistryValue(value, { now: Date.parse('2026-11-23T12:00:00Z') / 1000, file: 'registry.yaml' });
}

function told(...asked: Parameters<typeof load>): string[] {
  const loaded = load(...asked);
  const problems = loaded.ok ? loaded.warnings : loaded.problems;
  return problems.map(({ severity, path, message }) => `${severity} ${path} ${message}`);
}

function recordOf(...asked: Parameters<typeof load>) {
  const loaded = load(...asked);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const record = loaded.registry.issuers.get('corp');
  if (record === undefined) throw new Error('no issuer');
  return { record, registry: loaded.registry, warnings: loaded.warnings };
}

describe('discovery', () => {
  test('is a key source', () => {
    const { record, warnings } = recordOf({ discovery: true });
    expect(record.key_source).toEqual({ kind: 'discovery', issuer: ISS, allow_private_network: false });
    expect(warnings).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['false', { discovery: false }, 'discovery is false'],
    ['a URL', { discovery: `${ISS}/.well-known/openid-configuration` }, 'discovery is'],
    ['beside a key set', { discovery: true, jwks_uri: `${ISS}/jwks` }, 'several key sources: jwks_uri, discovery'],
    ['of an issuer that is no URL', { discovery: true, issuer: 'accounts.example.com' }, 'no absolute URL'],
    ['of an http issuer', { discovery: true, issuer: 'http://login.example.com' }, 'is not https'],
    ['of an issuer with a query', { discovery: true, issuer: `${ISS}?tenant=1` }, 'has a query'],
    ['of an issuer with a fragment', { discovery: true, issuer: `${ISS}#a` }, 'has a fragment'],
    ['of an issuer on a private address', { discovery: true, issuer: 'https://10.1.2.3' }, 'private address 10.1.2.3'],
  ])('is refused: %s', (_, issuer, says) => {
    const problems = told(issuer);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error /);
    expect(problems[0]).toContain(says);
  });

  test('of an issuer on this machine, or on a private address that is allowed, is none of that', () => {
    expect(told({ discovery: true, issuer: 'http://127.0.0.1:4000' })).toEqual([]);
    expect(told({ discovery: true, issuer: 'https://10.1.2.3', allow_private_network: true })).toEqual([]);
  });
});

describe('introspection', () => {
  test('is a key source, whose tokens are of no type that is written', () => {
    const signed = { jwks_uri: `${ISS}/jwks` };
    const { record, registry, warnings } = recordOf({ introspection: { endpoint: ENDPOINT, signed } });
    expect(record.key_source).toEqual({
      kind: 'introspection',
      endpoint: ENDPOINT,
      signed,
      allow_private_network: false,
    });
    expect(record.token_types).toEqual(['introspection']);
    expect(warnings).toEqual([]);
    expect(showRegistry(registry)).toMatchObject({
      issuers: { corp: { introspection: { endpoint: ENDPOINT, signed }, allow_private_network: false } },
    });
    expect(recordOf({ introspection: { endpoint: ENDPOINT } }).record.key_source).toMatchObject({ signed: null });
  });

  test.each<[string, object, string]>([
    ['no endpoint', { introspection: {} }, 'endpoint is missing'],
    ['true', { introspection: true }, 'a boolean where a mapping'],
    [
      'a secret in the registry',
      { introspection: { endpoint: ENDPOINT, client_secret: 's' } },
      'no field "client_secret"',
    ],
    ['http', { introspection: { endpoint: 'http://login.example.com/introspect' } }, 'is not https'],
    ['ftp', { introspection: { endpoint: 'ftp://login.example.com/introspect' } }, 'must be https'],
    ['a relative endpoint', { introspection: { endpoint: '/introspect' } }, 'no absolute URL'],
    ['a private endpoint', { introspection: { endpoint: 'https://192.168.0.1/i' } }, 'private address 192.168.0.1'],
    ['a link-local endpoint', { introspection: { endpoint: 'https://169.254.169.254/i' } }, 'private address'],
    [
      'keys of answers by http',
      { introspection: { endpoint: ENDPOINT, signed: { jwks_uri: 'http://login.example.com/jwks' } } },
      'introspection.signed.jwks_uri is not https',
    ],
    ['signed without keys', { introspection: { endpoint: ENDPOINT, signed: {} } }, 'jwks_uri is missing'],
    ['signed: true', { introspection: { endpoint: ENDPOINT, signed: true } }, 'a boolean where a mapping'],
    ['a key set beside it', { introspection: { endpoint: ENDPOINT }, jwks_uri: `${ISS}/jwks` }, 'several key sources'],
    ['discovery beside it', { introspection: { endpoint: ENDPOINT }, discovery: true }, 'several key sources'],
    [
      'types of JWTs',
      { introspection: { endpoint: ENDPOINT }, token_types: ['at+jwt'] },
      'token_types says what a JWT',
    ],
    ['a profile of JWTs', { introspection: { endpoint: ENDPOINT }, profile: 'keycloak' }, 'profile says what a JWT'],
  ])('is refused with %s', (_, issuer, says) => {
    const problems = told(issuer);
    expect(problems.filter((problem) => problem.startsWith('error'))).toHaveLength(1);
    expect(problems.join('\n')).toContain(says);
  });

  test('never shows what stands as user and password in an endpoint', () => {
    const problems = told({ introspection: { endpoint: 'https://files:hunter2@login.example.com/introspect' } });
    expect(problems.join()).toContain('has a user name or password');
    const loaded = load({ introspection: { endpoint: 'https://files:hunter2@login.example.com/introspect' } });
    expect(JSON.stringify(loaded)).not.toContain('hunter2');
  });

  test('of an issuer of a known make needs no profile: what its answers hold, RFC 7662 says', () => {
    const issuer = 'https://login.microsoftonline.com/3fa85f64-5717-4562-b3fc-2c963f66afa6/v2.0';
    expect(told({ issuer, introspection: { endpoint: `${issuer}/v1/introspect` } })).toEqual([]);
    expect(told({ issuer, jwks_uri: `${issuer}/v1/keys` }).join()).toContain('This is the iss of');
  });

  test('of two issuers at one server is refused: an opaque token does not say whose it is', () => {
    const other = { issuer: 'https://other.example.com', algorithms: ['ES256'], introspection: { endpoint: ENDPOINT } };
    const more = { issuers: { other }, server: { issuers: ['corp', 'other'] } };
    expect(told({ introspection: { endpoint: ENDPOINT } }, more)).toEqual([
      'error /servers/files/issuers The server lists several issuers with introspection: "corp", "other".',
    ]);
    expect(told({ introspection: { endpoint: ENDPOINT } }, { issuers: { other } })).toEqual([]);
    expect(told({ jwks_uri: `${ISS}/jwks` }, more)).toEqual([]);
  });

  test('counts in the digest, each part of it', () => {
    const digests = [
      { discovery: true },
      { jwks_uri: `${ISS}/jwks` },
      { introspection: { endpoint: ENDPOINT } },
      { introspection: { endpoint: `${ENDPOINT}2` } },
      { introspection: { endpoint: ENDPOINT, signed: { jwks_uri: `${ISS}/jwks` } } },
    ].map((issuer) => recordOf(issuer).registry.digest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
