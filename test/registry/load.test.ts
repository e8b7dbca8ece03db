/** Files and folders of them: keys unique over all, every problem of every file at once. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkRegistry } from '../../src/registry/check.ts';
import { loadRegistry, loadRegistryText, loadRegistryValue } from '../../src/registry/load.ts';
import { showRegistry } from '../../src/registry/show.ts';
import { NOW, registryOf, registryText } from './example.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-registry-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (files: Record<string, string>) =>
  Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
const check = async () =>
  (await checkRegistry(folder, { now: NOW })).problems.map(
    ({ file, line, column, message }) => `${file.slice(folder.length + 1)}:${line}:${column} ${message}`,
  );

const ISSUER = 'issuers: { corp: { issuer: https://l.example, jwks_uri: https://l.example/k, algorithms: [ES256] } }\n';
const server = (key: string, resource = `https://${key}.example/mcp`) =>
  `servers:\n  ${key}: { resource: "${resource}", issuers: [corp], max_lifetime_seconds: 900 }\n`;

test('while a large registry is loaded, others get their turn after each record', async () => {
  const servers = Array.from({ length: 1000 }, (_, at) => server(`s${at}`).replace('servers:\n', ''));
  await write({ 'large.yaml': `${ISSUER}servers:\n${servers.join('')}`, 'small.yaml': ISSUER });
  const ended: string[] = [];
  const load = async (name: string) => {
    expect((await loadRegistry(join(folder, name), { now: NOW })).ok).toBe(true);
    ended.push(name);
  };
  await Promise.all([load('large.yaml'), load('small.yaml')]);
  expect(ended).toEqual(['small.yaml', 'large.yaml']);
});

describe('a directory', () => {
  test('is read whole: YAML and JSON, sorted, but neither hidden files nor folders nor others', async () => {
    await mkdir(join(folder, 'sub.yaml'));
    await write({
      'a.yaml': ISSUER,
      'b.yml': server('b'),
      'c.json': '{"servers":{"c":{"resource":"https://c.example/mcp","issuers":["corp"],"max_lifetime_seconds":60}}}',
      '.hidden.yaml': 'broken: [',
      'notes.txt': 'broken: [',
      'a.yaml.bak': 'broken: [',
    });
    const loaded = await loadRegistry(folder, { now: NOW });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect([...loaded.registry.servers.keys()]).toEqual(['b', 'c']);
    expect(loaded.registry.servers.get('b')?.source).toEqual({ file: join(folder, 'b.yml'), line: 2 });
    expect(loaded.registry.issuerByIss.get('https://l.example')?.key).toBe('corp');
    expect(loaded.registry.serverByResource.get('https://c.example/mcp')?.key).toBe('c');
  });

  test('says what is wrong in every file at once', async () => {
    await write({
      'a.yaml': ISSUER,
      'b.yaml': server('b', 'http://b.example/mcp'),
      'c.yaml': `${server('c')}extra: 1\n`,
      'd.yaml': server('d', 'https://c.example/mcp'),
    });
    expect(await check()).toEqual([
      'b.yaml:2:18 resource is http, which anyone on the way can read.',
      'c.yaml:3:1 There is no field "extra" here.',
      'd.yaml:2:18 "https://c.example/mcp" is an accepted audience of server "c".',
    ]);
  });

  test('a key that two files have is refused where it comes second', async () => {
    await write({
      'a.yaml': ISSUER,
      'b.yaml': server('b'),
      'c.yaml': server('b', 'https://c.example/mcp'),
      'd.yaml': ISSUER,
    });
    expect(await check()).toEqual([
      `c.yaml:2:3 The key "b" is taken: ${join(folder, 'b.yaml')}:2 has it already.`,
      `d.yaml:1:12 The key "corp" is taken: ${join(folder, 'a.yaml')}:1 has it already.`,
      'd.yaml:1:28 The issuers "corp" and "corp" have the same iss.',
    ]);
  });

  test('an issuer and a server may have one key', async () => {
    await write({ 'a.yaml': ISSUER, 'b.yaml': server('corp') });
    expect(await check()).toEqual([]);
  });

  test('a broken file does not make its issuers unknown to the others', async () => {
    await write({ 'a.yaml': `${ISSUER}]`, 'b.yaml': server('b') });
    expect((await check()).every((line) => line.startsWith('a.yaml:2:'))).toBe(true);
  });

  test('without files it is no registry', async () => {
    expect(await check()).toEqual([':1:1 The directory holds no *.yaml, *.yml or *.json file.']);
  });

  test('a file that is not UTF-8', async () => {
    await writeFile(join(folder, 'a.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    expect(await check()).toEqual(['a.yaml:1:1 The file is not UTF-8.']);
  });
});

test('a path that is not there is wrong usage', async () => {
  const report = await checkRegistry(join(folder, 'nowhere.yaml'), { now: NOW });
  expect(report.missing).toBe(true);
  expect(report.problems.map(({ message }) => message)).toEqual(['The registry cannot be read: ENOENT.']);
});

test('warnings do not stop a registry', async () => {
  await write({ 'a.yaml': `${ISSUER}${server('b', 'https://b.example')}` });
  const loaded = await loadRegistry(join(folder, 'a.yaml'), { now: NOW });
  expect(loaded.ok).toBe(true);
  expect(await checkRegistry(folder, { now: NOW })).toMatchObject({
    missing: false,
    problems: [{ severity: 'warning' }],
  });
});

test('milliseconds for now are a bug that shows', () => {
  expect(() => loadRegistryValue({}, { now: NOW * 1000, file: 'r' })).toThrow('seconds since the epoch');
});

test('a value stands for a file; nothing at all is not an empty registry', () => {
  expect(loadRegistryValue({}, { now: NOW, file: 'r' }).ok).toBe(true);
  expect(loadRegistryValue(undefined, { now: NOW, file: 'r' }).ok).toBe(false);
  const loaded = loadRegistryValue(
    { server: {} },
    { now: NOW, file: 'case.yaml', locate: () => ({ line: 7, column: 3 }) },
  );
  expect(loaded).toMatchObject({ ok: false, problems: [{ file: 'case.yaml', line: 7, column: 3, path: '/server' }] });
});

test('case files replace every key source, and may leave it out', () => {
  const text = registryText({ keys: 'profile: rfc9068' });
  const keys = { kind: 'jwks', keys: [{ kid: 'generated' }] } as const;
  const loaded = loadRegistryText(text, { now: NOW, file: 'r', replaceKeySource: () => keys });
  expect(loaded.ok && loaded.registry.issuers.get('corp')?.key_source).toBe(keys);
  expect(loadRegistryText(text, { now: NOW, file: 'r' }).ok).toBe(false);
});

test('registry show: every record with its defaults and its place', () => {
  const shown = showRegistry(registryOf(registryText({ issuer: 'token_types: [Application/AT+jwt, at+jwt]' })));
  expect(shown).toEqual({
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    exchanges: [],
    issuers: {
      corp: {
        key: 'corp',
        issuer: 'https://login.example.com',
        jwks_uri: 'https://login.example.com/jwks',
        allow_private_network: false,
        algorithms: ['ES256'],
        profile: 'rfc9068',
        token_types: ['at+jwt'],
        extra_audiences: [],
        clock_tolerance_seconds: 5,
        disabled: false,
        source: 'registry.yaml:2',
      },
    },
    servers: {
      files: {
        key: 'files',
        resource: 'https://files.example.com/mcp',
        audiences: [],
        issuers: ['corp'],
        max_lifetime_seconds: 900,
        advertised_scopes: [],
        sender_constraint: 'none',
        actors: 'none',
        authorization_details_types: [],
        call_from: 'body',
        scope_implies: {},
        methods: {},
        tools: {},
        prompts: {},
        resources: {},
        unlisted_tools: 'deny',
        labels: {},
        waivers: [],
        source: 'registry.yaml:8',
      },
    },
  });
});

test('an issuer sees its own audiences only', () => {
  const registry = registryOf(
    registryText({
      issuers: 'issuers: [corp, two]',
      server: 'audiences: [{ value: api://x, issuer: corp }, https://files.example.com/mcp/]',
    }).replace(
      'issuers:',
      'issuers:\n  two: { issuer: https://t.example, jwks_uri: https://t.example/k, algorithms: [ES256] }',
    ),
  );
  const files = registry.servers.get('files');
  const both = ['https://files.example.com/mcp', 'https://files.example.com/mcp/'];
  expect(files?.inputFor('corp').audiences).toEqual([...both, 'api://x']);
  expect(files?.inputFor('two').audiences).toEqual(both);
  expect(files?.inputFor('constructor').audiences).toEqual(both);
  expect(files?.resource_metadata).toBe('https://files.example.com/.well-known/oauth-protected-resource/mcp');
});

test('10,000 servers of 20 tools load, and each finds its own', () => {
  const tools = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`tool_${n}`, { scopes: [`s${n}`] }]));
  const servers = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, n) => [
      `s${n}`,
      { resource: `https://s${n}.example.com/mcp`, issuers: ['corp'], max_lifetime_seconds: 900, tools },
    ]),
  );
  const issuers = { corp: { issuer: 'https://l.example', jwks_uri: 'https://l.example/k', algorithms: ['ES256'] } };
  const loaded = loadRegistryValue({ issuers, servers }, { now: NOW, file: 'r' });
  if (!loaded.ok) throw new Error('refused');
  for (const n of [0, 4_999, 9_999]) {
    const found = loaded.registry.serverByResource.get(`https://s${n}.example.com/mcp`);
    expect(found?.key).toBe(`s${n}`);
    expect(found?.operation({ method: 'tools/call', tool: 'tool_19' })?.scopes).toEqual(['s19']);
    expect(loaded.registry.ownersOf(`https://s${n}.example.com/mcp`)).toEqual([{ kind: 'server', key: `s${n}` }]);
  }
});
