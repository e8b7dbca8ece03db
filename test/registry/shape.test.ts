/** Whatever stands where, every problem says what it is about and what to write instead. */
import { describe, expect, test } from 'vitest';
import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Problem } from '../../src/registry/registry.ts';
import { NOW } from './example.ts';

const waiver = {
  ...{ issuer: 'corp', client_id: 'client-1', operations: ['ping'], owner: 'ops', reason: 'a test' },
  until: '2026-12-01T00:00:00Z',
};
/** Every field of the schema once. */
const WHOLE = {
  $schema: 'registry.schema.json',
  issuers: {
    corp: {
      issuer: 'https://login.example.com',
      jwks: { keys: [{ kid: 'k1', kty: 'EC' }] },
      algorithms: ['ES256'],
      profile: 'rfc9068',
      token_types: ['at+jwt'],
      extra_audiences: ['account'],
      clock_tolerance_seconds: 5,
      allow_private_network: false,
      disabled: false,
    },
    other: { issuer: 'https://b.example', jwks_uri: 'https://b.example/jwks', algorithms: ['ES256'] },
  },
  servers: {
    files: {
      resource: 'https://files.example.com/mcp',
      audiences: ['https://files.example.com/mcp/', { value: 'api://x', issuer: 'corp' }],
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      advertised_scopes: ['a'],
      sender_constraint: 'none',
      actors: ['agent'],
      authorization_details_types: ['payment'],
      call_from: 'body',
      scope_implies: { a: ['b'] },
      methods: { ping: { scopes: ['a'], labels: { risk: 'low' } } },
      tools: { read: { scopes: ['a'], authentication: { acr_values: ['mfa'], max_age_seconds: 300 } } },
      prompts: { sum: { scopes: ['a'] } },
      resources: { 'file:///*': { scopes: ['a'] } },
      unlisted_tools: { scopes: ['a'], authentication: { max_age_seconds: 60 } },
      labels: { tenant: 'acme' },
      waivers: [
        { what: 'audience', ...waiver, audience: 'api://default' },
        { what: 'lifetime', ...waiver, max_lifetime_seconds: 3600 },
      ],
    },
  },
};

type Path = readonly (string | number)[];

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [
    path,
    ...steps.flatMap((step) => pathsIn(Object.getOwnPropertyDescriptor(value, step)?.value, [...path, step])),
  ];
}

function problemsWith(path: Path, odd: unknown): readonly Problem[] {
  const root = { whole: structuredClone(WHOLE) };
  let parent: object = root;
  const steps: Path = ['whole', ...path];
  for (const step of steps.slice(0, -1)) parent = Object.getOwnPropertyDescriptor(parent, step)?.value;
  Reflect.set(parent, steps.at(-1) ?? '', odd);
  const loaded = loadRegistryValue(root.whole, { now: NOW, file: 'registry.yaml' });
  return loaded.ok ? loaded.warnings : loaded.problems;
}

describe('a problem is never vague', () => {
  test.each(
    [null, 7, -1.5, 'a b\n', '', true, [], {}, [[]], [{}], [7], [null], { a: 1 }, { '': 1 }, { 'a b\n': {} }].map(
      (odd) => [odd],
    ),
  )('with %j in every place in turn', (odd) => {
    for (const path of pathsIn(WHOLE)) {
      for (const { message, remedy } of problemsWith(path, odd)) {
        expect(`${path.join('.')}: ${message} ${remedy}`).not.toMatch(/what the schema|undefined|\[object/);
        expect(remedy).toMatch(/\S\.?$/);
      }
    }
  });

  test.each<[Path, unknown, string, string]>([
    [[], 7, 'the file is a number where a mapping is expected.', 'Write a mapping with issuers and servers.'],
    [['issuers', 'corp'], [], 'corp is a list where a mapping is expected.', 'Write a mapping with issuer, '],
    [['servers', 'files'], 1, 'files is a number where a mapping is expected.', 'Write a mapping with resource, '],
    [['servers', 'files', 'waivers', 0], [], 'waivers[0] is a list, which is not a waiver', 'Write a waiver'],
    [
      ['issuers', 'corp', 'jwks', 'keys'],
      [],
      'keys is [], which is not a list of one or more public keys',
      'Write a list',
    ],
  ])('%j = %j', (path, odd, message, remedy) => {
    const [first] = problemsWith(path, odd).filter((problem) => problem.message.startsWith(message));
    expect(first?.message).toContain(message);
    expect(first?.remedy).toContain(remedy);
  });
});
