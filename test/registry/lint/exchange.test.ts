/** Exchanges: who may turn a token for one server into a token for another. Each names what is there, once. */
import { describe, expect, test } from 'vitest';
import { checkApart } from '../../../src/registry/check-apart.ts';
import { loadRegistryFiles } from '../../../src/registry/load.ts';
import { showRegistry } from '../../../src/registry/show.ts';
import { NOW, problemsIn, registryOf, told } from '../example.ts';

const RIGHT = { from: 'hub', to: 'files', client: 'gateway', scopes: ['files:read'] };
const text = (...exchanges: readonly unknown[]) => `issuers:
  corp: { issuer: "https://login.example.com", jwks_uri: "https://login.example.com/jwks", algorithms: [ES256] }
  partner: { issuer: "https://login.partner.example", jwks_uri: "https://login.partner.example/jwks", algorithms: [ES256] }
servers:
  hub: { resource: "https://hub.example.com/mcp", issuers: [corp], max_lifetime_seconds: 900 }
  files:
    resource: https://files.example.com/mcp
    issuers: [corp]
    max_lifetime_seconds: 900
    tools: { read_file: { scopes: ["files:read"] } }
    scope_implies: { "files:admin": ["files:read"] }
  both: { resource: "https://both.example.com/mcp", issuers: [corp, partner], max_lifetime_seconds: 900 }
exchanges:
${exchanges.map((one) => `  - ${JSON.stringify(one)}`).join('\n')}
`;

test('right ones', () => {
  const right = [RIGHT, { ...RIGHT, client: 'other', issuer: 'corp' }, { ...RIGHT, from: 'both', scopes: [] }];
  expect(problemsIn(text(...right))).toEqual([]);
});

describe('one that is refused', () => {
  test.each<[string, unknown, string, string]>([
    ['an unknown server', { ...RIGHT, from: 'hubb' }, '/from', 'the nearest is "hub"'],
    ['an unknown target', { ...RIGHT, to: 'nowhere-at-all' }, '/to', 'There is no server'],
    ['itself', { ...RIGHT, from: 'files' }, '/to', 'from a server to itself'],
    ['an unknown issuer', { ...RIGHT, issuer: 'crop' }, '/issuer', 'the nearest is "corp"'],
    ['an issuer that the server does not list', { ...RIGHT, issuer: 'partner' }, '/issuer', 'does not accept tokens'],
    ['no issuer where there are several', { ...RIGHT, to: 'both', scopes: [] }, '/issuer', 'issuer is missing'],
    ['no client', { ...RIGHT, client: undefined }, '/client', 'client is missing'],
    ['a client that is none', { ...RIGHT, client: 'a\nb' }, '/client', 'client'],
    ['no scopes', { ...RIGHT, scopes: undefined }, '/scopes', 'scopes is missing'],
    ['a scope that is none', { ...RIGHT, scopes: ['a b'] }, '/scopes/0', 'scopes'],
    ['an unknown member', { ...RIGHT, scope: ['files:read'] }, '/scope', 'scopes'],
    ['a wildcard', { ...RIGHT, from: '*' }, '/from', 'from'],
  ])('%s', (_, exchange, path, message) => {
    const problems = problemsIn(text(RIGHT, exchange));
    const found = problems.find((problem) => problem.path === `/exchanges/1${path}`);
    expect(found).toMatchObject({ severity: 'error', line: 15 });
    expect(`${found?.message} ${found?.remedy}`).toContain(message);
  });

  test('twice the same parties, also where one leaves the issuer out', () => {
    const [problem, ...more] = problemsIn(text(RIGHT, { ...RIGHT, issuer: 'corp', scopes: [] }));
    expect(more).toEqual([]);
    expect(problem && told(problem)).toBe('error /exchanges/1 15:5');
    expect(problem?.message).toContain('14');
  });

  test('no list', () => {
    expect(problemsIn(text().replace('exchanges:\n', 'exchanges: {}\n')).map(({ path }) => path)).toEqual([
      '/exchanges',
    ]);
  });
});

test('a scope that the server does not know is a warning, with the nearest', () => {
  const [problem, ...more] = problemsIn(text({ ...RIGHT, scopes: ['files:admin', 'files:raed'] }));
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ severity: 'warning', path: '/exchanges/0/scopes/1', line: 14 });
  expect(problem?.remedy).toContain('files:read');
});

test('a scope of a server behind a hub is one that the hub knows', () => {
  const hub = text({ from: 'both', to: 'hub', client: 'gateway', scopes: ['files:read', 'files:admin'] }).replace(
    'resource: "https://hub.example.com/mcp",',
    'resource: "https://hub.example.com/mcp", hub: { backends: { files_: files } },',
  );
  expect(problemsIn(hub)).toEqual([]);
});

test('is shown, is part of the digest, and has no order', () => {
  const other = { ...RIGHT, client: 'other', scopes: ['files:admin', 'files:read'] };
  const [none, one, two, turned] = [
    registryOf(text().replace('exchanges:\n', '')),
    registryOf(text(RIGHT)),
    registryOf(text(RIGHT, other)),
    registryOf(text({ ...other, scopes: ['files:read', 'files:admin'] }, { ...RIGHT, issuer: 'corp' })),
  ];
  expect(new Set([none, one, two].map(({ digest }) => digest)).size).toBe(3);
  expect(turned.digest).toBe(two.digest);
  expect(showRegistry(one).exchanges).toEqual([{ ...RIGHT, issuer: 'corp', source: expect.stringMatching(/:14$/) }]);
  expect(one.exchangesOf('hub', 'files', 'gateway')).toHaveLength(1);
  expect(one.exchangesOf('hub', 'files', 'gateway ')).toEqual([]);
  expect(one.exchangesOf('files', 'hub', 'gateway')).toEqual([]);
});

test('what a thread of its own reads is the same', async () => {
  const texts = [
    { file: 'a.yaml', text: text(RIGHT) },
    { file: 'b.yaml', text: `exchanges: [${JSON.stringify({ ...RIGHT, client: 'other', scopes: ['files:raed'] })}]\n` },
  ];
  const checked = await checkApart(texts, { now: NOW, keySources: true }, []);
  expect(checked).toMatchObject({
    ok: true,
    exchanges: [{ value: RIGHT }, { value: { client: 'other' } }],
    warnings: [{ file: 'b.yaml', line: 1, path: '/exchanges/0/scopes/0' }],
  });
  if (checked?.ok !== true) throw new Error('it must be sound');
  const inTurn = loadRegistryFiles(
    texts.map(({ file, text: content }) => ({ file, content: new TextEncoder().encode(content) })),
    { now: NOW },
  );
  const loaded = await inTurn;
  expect(loaded.ok && loaded.registry.digest).toBe(checked.digest);
  expect(
    checked.exchanges.map(({ place }) => [place.origin.file, place.origin.locate(place.path, 'value').line]),
  ).toEqual([
    ['a.yaml', 14],
    ['b.yaml', 1],
  ]);
});
