/** Which tokens are sent where: guards, keys that nobody publishes, metadata that differ, several servers at once. */
import { readFile, writeFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createIssuerFetch } from '../../src/network/issuer-fetch.ts';
import { probeServers } from '../../src/probe/run.ts';
import { CANARY } from '../../src/probe/tokens.ts';
import { loadRegistry } from '../../src/registry/load.ts';
import { openGuard, protect } from '../../src/server.ts';
import { createTools, listen } from '../e2e/oidc/mcp-server.ts';
import { scratch } from '../e2e/start.ts';
import {
  createKeys,
  differing,
  type Files,
  ISS,
  type Keys,
  metadataOf,
  probe,
  startHttp,
  startSdkServer,
  verdicts,
  writeFiles,
} from './world.ts';

const REFUSED = {
  absent: 'refused',
  unsigned: 'refused',
  stranger_key: 'refused',
  foreign_audience: 'refused',
  parent_audience: 'refused',
  two_audiences: 'refused',
  expired: 'refused',
};
const UNSIGNED = {
  ...REFUSED,
  foreign_audience: 'not_sent',
  parent_audience: 'not_sent',
  two_audiences: 'not_sent',
  expired: 'not_sent',
};

const edit = async (file: string, change: (registry: never) => unknown) =>
  writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')) as never)));
const why = (report: Awaited<ReturnType<typeof probe>>['report'], kind: string) =>
  report?.servers[0]?.attempts.find((one) => one.kind === kind)?.found;

/** With audgate's guard in front of the official SDK's server. */
async function startGuarded(keys: Keys, more: object = {}): Promise<Files & { readonly resource: string }> {
  const { origin, use } = await listen();
  const resource = `${origin}/mcp`;
  const files = await writeFiles(keys, { files: resource, other: 'https://other.example.com/mcp' }, more);
  const guard = await openGuard({ registry: files.registry, server: { key: 'files' } });
  guards.push(guard);
  use(protect(guard, createTools('files').handler.fetch));
  return { ...files, resource };
}
const guards: { close(): unknown }[] = [];
afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close();
});

test.each(['none', 'dpop', 'any'])(
  'audgate’s guard refuses everything, with sender_constraint %s',
  async (constraint) => {
    const files = await startGuarded(await createKeys(), {
      sender_constraint: constraint,
      advertised_scopes: ['files:read'],
      tools: { read_file: { scopes: ['files:read'] } },
    });
    const { code, report, stdout } = await probe(files, '--server', 'files');
    expect(verdicts(report)).toEqual(REFUSED);
    expect(differing(report), stdout).toEqual([]);
    expect(code).toBe(0);
  },
);

test('a key that the issuer does not publish signs nothing, because a refusal would say nothing', async () => {
  const keys = await createKeys();
  const { resource } = await startSdkServer(keys, { audience: false });
  const files = await writeFiles(keys, { files: resource });
  await writeFile(files.key, JSON.stringify((await createKeys()).privateJwk));
  const { code, report } = await probe(files);
  expect(verdicts(report)).toEqual(UNSIGNED);
  expect(why(report, 'expired')).toBe('issuer "corp" does not publish the key under its kid');
  expect(code).toBe(3);
  expect((await probe(files, '--require-all')).code).toBe(1);
});

test('keys are those that the issuer publishes now, at its address or by discovery', async () => {
  const keys = await createKeys();
  const origin = await startHttp((request, response) => {
    const body = request.url === '/jwks' ? { keys: [keys.publicJwk] } : { issuer: origin, jwks_uri: `${origin}/jwks` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  const { resource } = await startSdkServer(keys, { audience: false });
  for (const source of [{ jwks_uri: `${origin}/jwks` }, { discovery: true, issuer: origin }]) {
    const files = await writeFiles(keys, { files: resource });
    await edit(files.registry, (registry: { issuers: object }) => ({
      ...registry,
      issuers: { corp: { issuer: ISS, algorithms: ['ES256'], ...source } },
    }));
    const { report } = await probe(files);
    expect(verdicts(report).parent_audience).toBe('issuer' in source ? 'refused' : 'accepted');
  }
});

test('a server of another issuer is shown what nobody’s key signs', async () => {
  const keys = await createKeys();
  const { resource } = await startSdkServer(keys, { audience: true });
  const files = await writeFiles(keys, { files: resource });
  await edit(files.registry, (registry: { issuers: { corp: object } }) => ({
    issuers: { ...registry.issuers, partner: { ...registry.issuers.corp, issuer: 'https://partner.example.com' } },
    servers: { files: { resource, issuers: ['partner'], max_lifetime_seconds: 300 } },
  }));
  const { report } = await probe(files, '--issuer-key', 'corp');
  expect(verdicts(report)).toEqual(UNSIGNED);
  expect(why(report, 'foreign_audience')).toMatch(/does not list issuer "corp"/);
});

test('a parent that is somebody’s audience is not tried, and what has no parent lacks nothing', async () => {
  const keys = await createKeys();
  const { origin, use } = await listen();
  use(() => new Response(null, { status: 401 }));
  const files = await writeFiles(keys, { files: `${origin}/a/mcp`, whole: `${origin}/a`, host: `${origin}/` });
  const { report } = await probe(files, '--server', 'files', '--require-all');
  expect(verdicts(report).parent_audience).toBe('not_sent');
  expect(why(report, 'parent_audience')).toMatch(/no parent URL that is nobody’s audience/);
  expect(report?.servers[0]?.attempts.find(({ kind }) => kind === 'parent_audience')?.could).toBe(false);
});

const RIGHT = { authorization_servers: [ISS], scopes_supported: [], bearer_methods_supported: ['header'] };

test.each<[string, object, readonly string[]]>([
  ['a resource with a slash', { resource: '{}/' }, ['metadata-resource']],
  ['no resource', { resource: undefined }, ['metadata-resource']],
  ['a list for a resource', { resource: ['{}'] }, ['metadata-resource']],
  [
    'a stranger among the servers',
    { authorization_servers: [ISS, 'https://evil.example'] },
    ['metadata-authorization-servers'],
  ],
  ['no server', { authorization_servers: undefined }, ['metadata-authorization-servers']],
  ['other scopes', { scopes_supported: ['admin'] }, ['metadata-scopes']],
  ['tokens in URLs', { bearer_methods_supported: ['header', 'query'] }, ['metadata-bearer-methods']],
  ['no word of methods', { bearer_methods_supported: undefined }, []],
  ['proofs that nobody registered', { dpop_bound_access_tokens_required: true }, ['metadata-sender-constraint']],
])('metadata with %s', async (_, change, expected) => {
  const keys = await createKeys();
  const { origin, use } = await listen();
  const resource = `${origin}/mcp`;
  const text = JSON.stringify({ resource, ...RIGHT, ...change }).replaceAll('{}', resource);
  const challenge = `Bearer error="invalid_token", resource_metadata="${metadataOf(resource)}"`;
  use((request) =>
    request.method === 'GET'
      ? new Response(text, { headers: { 'content-type': 'application/json; charset=utf-8' } })
      : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
  );
  const { code, report } = await probe(await writeFiles(keys, { files: resource }));
  expect(differing(report)).toEqual(expected);
  expect(code).toBe(expected.length === 0 ? 0 : 1);
});

test('metadata that are missing are a finding, and those that cannot be read now are none', async () => {
  const keys = await createKeys();
  const { origin, use } = await listen();
  const resource = `${origin}/mcp`;
  const files = await writeFiles(keys, { files: resource });
  const challenge = `Bearer error="invalid_token", resource_metadata="${metadataOf(resource)}"`;
  const answers = (status: number, body: string, type = 'application/json') =>
    use((request) =>
      request.method === 'GET'
        ? new Response(body, { status, headers: { 'content-type': type } })
        : new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
    );
  for (const [status, body, type, code] of [
    [404, '', undefined, 1],
    [200, '<html>', 'text/html', 1],
    [200, '{"resource":1,"resource":2}', undefined, 1],
    [302, '', undefined, 1],
    [503, '', undefined, 3],
    [200, `{"a":"${'x'.repeat(100_000)}"}`, undefined, 3],
  ] as const) {
    answers(status, body, type);
    const ran = await probe(files);
    expect([status, ran.code, differing(ran.report)]).toEqual([status, code, ['metadata-missing']]);
  }
});

test('servers are probed at once and told in the order of their keys', async () => {
  const keys = await createKeys();
  const started = await Promise.all(Array.from({ length: 5 }, (_, at) => startSdkServer(keys, { audience: at !== 3 })));
  const files = await writeFiles(keys, Object.fromEntries(started.map(({ resource }, at) => [`s${at}`, resource])));
  const { code, report, stderr } = await probe(files, '--concurrency', '2');
  expect(report?.servers.map(({ server }) => server)).toEqual(['s0', 's1', 's2', 's3', 's4']);
  expect(report?.counts).toEqual({ refused: 32, accepted: 3, differs: 0, unclear: 0, not_sent: 0 });
  expect(stderr).toContain('audgate: 5 of 5: ');
  expect(code).toBe(1);
});

test('what is wrong with the options is told at once, and nothing is sent', async () => {
  const keys = await createKeys();
  const files = await writeFiles(keys, { files: 'http://127.0.0.1:9/mcp' });
  await writeFile(files.key, JSON.stringify(keys.publicJwk));
  const ran = await probe(files, '--server', 'flies', '--canary', 'http://127.0.0.1:9/mcp/', '--concurrency', '0');
  expect([ran.code, ran.stdout]).toEqual([2, '']);
  expect(ran.stderr.trimEnd().split('\n')).toEqual([
    expect.stringContaining('--server flies: the registry has no such key: write files'),
    expect.stringContaining('in another spelling; give an audience that is nobody’s'),
    expect.stringContaining('holds a public key: it must be one private JWK'),
    expect.stringContaining('--concurrency 0: a whole number from 1 to 64 was expected'),
  ]);
  expect(ran.stderr).not.toContain(JSON.stringify(keys.publicJwk).slice(10, 40));
  const absent = await probe({ ...files, key: join(await scratch(), 'none') });
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('--key') });
});

test('a name that stands for a private network is asked only where that is meant', async () => {
  const keys = await createKeys();
  const files = await writeFiles(keys, { files: 'https://files.example.com/mcp' });
  const loaded = await loadRegistry(files.registry, { now: Math.floor(Date.now() / 1000) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { registry } = loaded;
  const lookup: LookupFunction = (_name, _options, done) => done(null, [{ address: '10.0.0.1', family: 4 }]);
  const guarded = createIssuerFetch({ lookup });
  const said: boolean[] = [];
  const probing = (allow_private_network: boolean) =>
    probeServers({
      ...{ registry, servers: [...registry.servers.values()], key: null, canary: CANARY, allow_private_network },
      ...{ concurrency: 1, timeout_ms: 30_000, now: Date.now, newId: () => crypto.randomUUID() },
      stop: new AbortController().signal,
      fetchIssuer(may) {
        said.push(may.allow_private_network);
        // Nobody is to be asked there in a test.
        return guarded({ allow_private_network: false });
      },
      progress: () => {},
    });
  const [refused] = await probing(false);
  expect(refused?.attempts[0]?.found).toBe(
    'the request was not sent: its name resolves to an address that is not public (--allow-private-network, if that is meant)',
  );
  await probing(true);
  expect(said).toEqual([false, true]);
});
