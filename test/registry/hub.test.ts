/** Hubs: whose a prefixed name is, what is refused at load, and what of it goes on to policy. */
import { describe, expect, test } from 'vitest';
import { listedOperations } from '../../src/registry/listed.ts';
import type { ServerRecord } from '../../src/registry/registry.ts';
import { problemsIn, registryOf } from './example.ts';

const BASE = {
  issuers: ['corp'],
  max_lifetime_seconds: 900,
};
const WAIVER = {
  ...{ issuer: 'corp', client_id: 'desktop', operations: ['tools/list'], owner: 'team', reason: 'not yet' },
  until: '2026-12-01T00:00:00Z',
};

interface Bent {
  readonly hub?: object;
  readonly files?: object;
  readonly billing?: object;
}

/** JSON is YAML. */
function registryText({ hub, files, billing }: Bent = {}): string {
  return JSON.stringify({
    issuers: {
      corp: { issuer: 'https://login.example.com', jwks_uri: 'https://login.example.com/jwks', algorithms: ['ES256'] },
    },
    servers: {
      hub: {
        ...BASE,
        resource: 'https://hub.example.com/mcp',
        audiences: [{ value: 'api://hub', issuer: 'corp' }],
        hub: { backends: { files_: 'files', billing_: 'billing' } },
        ...hub,
      },
      files: {
        ...BASE,
        resource: 'https://files.example.com/mcp',
        tools: { read_file: { scopes: ['files:read'] } },
        prompts: { summary: {} },
        ...files,
      },
      billing: {
        ...BASE,
        resource: 'https://billing.example.com/mcp',
        unlisted_tools: { scopes: ['billing:any'] },
        ...billing,
      },
    },
  });
}

function serverOf(key: string, bent: Bent = {}): ServerRecord {
  const server = registryOf(registryText(bent)).servers.get(key);
  if (server === undefined) throw new Error(key);
  return server;
}

const problems = (bent: Bent) =>
  problemsIn(registryText(bent)).map(({ severity, path, message }) => `${severity} ${path}: ${message}`);

describe('a hub', () => {
  test('hands each call on by the backend’s own name', () => {
    const hub = serverOf('hub');
    const hop = (call: Parameters<ServerRecord['hop']>[0]) => {
      const found = hub.hop(call);
      return found && [found.backend.key, found.kind, found.name];
    };
    expect(hop({ method: 'tools/call', tool: 'files_read_file' })).toEqual(['files', 'tool', 'read_file']);
    expect(hop({ method: 'tools/call', tool: 'billing_files_x' })).toEqual(['billing', 'tool', 'files_x']);
    expect(hop({ method: 'prompts/get', prompt: 'files_summary' })).toEqual(['files', 'prompt', 'summary']);
    expect(hop({ method: 'tools/call', tool: 'files_' })).toBeUndefined();
    expect(hop({ method: 'tools/call', tool: 'status' })).toBeUndefined();
    expect(hop({ method: 'resources/read', uri: 'files_read_file' })).toBeUndefined();
    expect(hop({ method: 'tools/list' })).toBeUndefined();
  });

  test('lists what stands behind it by its own names', () => {
    const found = listedOperations(serverOf('hub'));
    expect(found.filter(({ kind }) => kind !== 'method').map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...['tool files_read_file', 'unlisted billing_*', 'prompt files_summary'],
    ]);
  });

  test('is known to the servers behind it, with what it accepts in tokens of the issuer', () => {
    const audiences = ['https://hub.example.com/mcp', 'api://hub'];
    expect(serverOf('files').hubsFor('corp')).toEqual([{ key: 'hub', audiences }]);
    expect(serverOf('files').hubsFor('other')).toEqual([{ key: 'hub', audiences: audiences.slice(0, 1) }]);
    expect(serverOf('hub').hubsFor('corp')).toEqual([]);
  });

  test('whose calls nobody reads needs all scopes behind it, and is warned of', () => {
    const bent = { hub: { call_from: 'none' } };
    const scopes = serverOf('hub', bent).operation({ method: '*' })?.scopes;
    expect(scopes).toEqual(['files:read', 'billing:any']);
    expect(problems(bent)).toEqual([expect.stringContaining('warning /servers/hub/call_from')]);
  });

  test('is in the digest', () => {
    const without = registryOf(registryText({ hub: { hub: { backends: { files_: 'files' } } } }));
    expect(registryOf(registryText()).digest).not.toBe(without.digest);
  });

  test.each<[string, Bent, string, string]>([
    [
      'an unknown backend',
      { hub: { hub: { backends: { f_: 'fils' } } } },
      '/hub/backends/f_',
      'the nearest is "files"',
    ],
    ['itself', { hub: { hub: { backends: { f_: 'hub' } } } }, '/hub/backends/f_', 'behind itself'],
    ['no backend', { hub: { hub: { backends: {} } } }, '/hub/backends', 'backends'],
    ['an empty prefix', { hub: { hub: { backends: { '': 'files' } } } }, '/hub/backends/', ''],
    [
      'a prefix that begins another',
      { hub: { hub: { backends: { f: 'files', fi: 'billing' } } } },
      '/hub/backends/f',
      'begins another',
    ],
    ['a tool of its own below a prefix', { hub: { tools: { files_x: {} } } }, '/tools/files_x', 'never the hub'],
    [
      'a prompt of its own below a prefix',
      { hub: { prompts: { billing_x: {} } } },
      '/prompts/billing_x',
      'never the hub',
    ],
  ])('is refused with %s', (_, bent, path, says) => {
    expect(problems(bent)).toEqual([expect.stringContaining(`error /servers/hub${path}`)]);
    expect(problems(bent)[0]).toContain(says);
  });

  test('is refused behind a hub', () => {
    const [found, ...others] = problems({ files: { hub: { backends: { b_: 'billing' } } } });
    expect(others).toEqual([]);
    expect(found).toContain('error /servers/hub/hub/backends/files_: "files" is a hub itself');
  });

  const audience = (value: string) => ({ what: 'audience', audience: value, ...WAIVER });
  const observe = { what: 'observe', codes: ['audience_mismatch'], ...WAIVER };
  test.each([
    ['the same audience', audience('api://default'), audience('api://default')],
    ['one audience, and any observed', audience('api://default'), observe],
    ['any observed, and one audience', observe, audience('api://default')],
    ['any observed at both', observe, observe],
  ])('and a backend may not waive %s for one client', (_, atHub, atBackend) => {
    const found = problems({ hub: { waivers: [atHub] }, files: { waivers: [atBackend] } });
    expect(found.filter((one) => one.startsWith('error'))).toEqual([
      expect.stringContaining('error /servers/files/waivers/0: The hub "hub" in front of this server has a waiver'),
    ]);
  });

  test.each([
    ['other audiences', audience('api://default'), audience('api://old')],
    ['other clients', audience('api://default'), { ...audience('api://default'), client_id: 'nightly' }],
    ['what has ended', audience('api://default'), { ...audience('api://default'), until: '2026-11-01T00:00:00Z' }],
    ['another code', audience('api://default'), { ...observe, codes: ['audience_not_exclusive'] }],
  ])('and a backend may waive %s', (_, atHub, atBackend) => {
    const found = problems({ hub: { waivers: [atHub] }, files: { waivers: [atBackend] } });
    expect(found.filter((one) => one.startsWith('error'))).toEqual([]);
  });

  test.each([
    ['a tool', 'tools/call files_lost', ['tool_unknown'], 'Observe "tools/call lost" at files'],
    [
      'a prompt',
      'prompts/get billing_lost',
      ['scope_insufficient', 'prompt_unknown'],
      'Observe "prompts/get lost" at billing',
    ],
  ])('may not observe that %s behind it is unknown', (_, operation, codes, remedy) => {
    const waiver = { ...observe, operations: [operation], codes };
    const all = problemsIn(registryText({ hub: { waivers: [waiver] } }));
    const [found, ...others] = all.filter(({ severity }) => severity === 'error');
    expect(others).toEqual([]);
    expect(found?.path).toBe('/servers/hub/waivers/0/operations/0');
    expect(found?.remedy).toContain(remedy);
  });

  test.each([
    ['its own unknown tools', 'tools/call lost', ['tool_unknown']],
    ['what a scope lacks behind it', 'tools/call files_read_file', ['scope_insufficient']],
  ])('may observe %s', (_, operation, codes) => {
    const found = problems({ hub: { waivers: [{ ...observe, operations: [operation], codes }] } });
    expect(found.filter((one) => one.startsWith('error'))).toEqual([]);
  });
});
