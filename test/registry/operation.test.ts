/** Which calls a server opens, and what they need. Nothing is open by default. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallFacts } from '../../src/decision/facts.ts';
import { matchesExactOnly } from '../../src/registry/operation.ts';
import { serverOf } from './example.ts';

const SERVER = serverOf({
  server: `
scope_implies: { files:admin: [files:write], files:write: [files:read, files:list], root: [files:admin] }
methods:
  resources/list: { scopes: [files:list] }
  notifications/cancelled: { scopes: [files:read] }
  tools/call: { scopes: [tools:use], labels: { tier: method, kind: call } }
  vendor/stats: { scopes: [stats:read], labels: { risk: low } }
tools:
  read_file: { scopes: [files:read, tools:use], labels: { risk: low, tier: tool } }
  open: {}
prompts:
  greet: { scopes: [files:read] }
resources:
  "file:///docs/*": { scopes: [docs] }
  "file:///docs/private/*": { scopes: [private] }
  "file:///docs/private/a..b": { scopes: [exact] }
  "file:///docs/../etc/motd": { scopes: [motd] }
  "memo:*": { scopes: [memo] }`,
});
const needs = (call: CallFacts, server = SERVER) => server.operation(call)?.scopes;

describe('the default table', () => {
  test.each([
    'initialize',
    'ping',
    'server/discover',
    'logging/setLevel',
    'notifications/initialized',
    'notifications/x/y',
    'tools/list',
    'prompts/list',
    'resources/templates/list',
  ])('%s needs a valid token only', (method) => {
    expect(SERVER.operation({ method })).toEqual({ name: method, scopes: [], implied_by: {}, labels: {} });
  });

  test.each([
    'notifications',
    'notifications/',
    'Ping',
    'tools/list ',
    'tools/call',
    'prompts/get',
    'resources/read',
    'completion/complete',
    'tasks/get',
    'tasks/list',
    'http/get',
    'http/delete',
    'rpc/response',
    'roots/list',
    'sampling/createMessage',
    'elicitation/create',
    'vendor/other',
    'constructor',
    '__proto__',
    'toString',
    '',
  ])('%j is not open', (method) => {
    expect(SERVER.operation({ method })).toBeUndefined();
  });
});

describe('methods of the registry', () => {
  test('add their scopes to the table', () => {
    expect(needs({ method: 'resources/list' })).toEqual(['files:list']);
  });
  test('add their scopes under notifications/*, by exact name', () => {
    expect(needs({ method: 'notifications/cancelled' })).toEqual(['files:read']);
    expect(needs({ method: 'notifications/cancelled2' })).toEqual([]);
  });
  test('open new methods', () => {
    expect(SERVER.operation({ method: 'vendor/stats' })).toEqual({
      name: 'vendor/stats',
      scopes: ['stats:read'],
      implied_by: { 'stats:read': [] },
      labels: { risk: 'low' },
    });
  });
  test('stand before the target’s own, without repeats, and never open an unlisted target', () => {
    expect(SERVER.operation({ method: 'tools/call', tool: 'read_file' })).toEqual({
      name: 'tools/call read_file',
      scopes: ['tools:use', 'files:read'],
      implied_by: { 'tools:use': [], 'files:read': ['files:admin', 'files:write', 'root'] },
      labels: { tier: 'tool', kind: 'call', risk: 'low' },
    });
    expect(needs({ method: 'tools/call', tool: 'open' })).toEqual(['tools:use']);
    expect(needs({ method: 'tools/call', tool: 'write_file' })).toBeUndefined();
  });
});

describe('targets', () => {
  test.each<[CallFacts]>([
    [{ method: 'tools/call', tool: 'constructor' }],
    [{ method: 'tools/call', tool: '__proto__' }],
    [{ method: 'tools/call', tool: 'toString' }],
    [{ method: 'tools/call', tool: 'Read_file' }],
    [{ method: 'tools/call', tool: 'read_file ' }],
    [{ method: 'tools/call', tool: '' }],
    [{ method: 'tools/call', prompt: 'greet' }],
    [{ method: 'tools/call', tool: 'read_file', uri: 'file:///docs/a' }],
    [{ method: 'tools/call', tool: 'read_file', task: '1' }],
    [{ method: 'ping', tool: 'read_file' }],
    [{ method: 'ping', task: '1' }],
    [{ method: 'prompts/get', prompt: 'hasOwnProperty' }],
    [{ method: 'prompts/get', tool: 'greet' }],
    [{ method: 'resources/read', uri: 'file:///other' }],
    [{ method: 'resources/read', uri: 'constructor' }],
  ])('%o is not open', (call) => {
    expect(SERVER.operation(call)).toBeUndefined();
  });

  test('unlisted tools open only where the registry says so, with its scopes', () => {
    const open = serverOf({ server: 'unlisted_tools: { scopes: [any] }\ntools: { a: { scopes: [b] } }' });
    expect(open.operation({ method: 'tools/call', tool: 'a' })?.scopes).toEqual(['b']);
    expect(open.operation({ method: 'tools/call', tool: 'constructor' })).toEqual({
      name: 'tools/call constructor',
      scopes: ['any'],
      implied_by: { any: [] },
      labels: {},
    });
    expect(open.operation({ method: 'prompts/get', prompt: 'a' })).toBeUndefined();
  });
});

describe('resources', () => {
  test.each([
    ['file:///docs/a', ['docs']],
    ['file:///docs/', ['docs']],
    ['file:///docs', undefined],
    ['file:///docs/private/a', ['private']],
    ['file:///docs/private/a..b', ['exact']],
    ['file:///docs/private/a..c', ['private']],
    ['file:///docs/../etc/motd', ['motd']],
    ['file:///docs/../etc/passwd', undefined],
    ['file:///docs/a/..', undefined],
    ['file:///docs/..?x', undefined],
    ['file:///docs/..#x', undefined],
    ['file:///docs/./a', undefined],
    ['file:///docs//a', undefined],
    ['file:///docs/a\\b', undefined],
    ['file:///docs/%2e%2E/a', undefined],
    ['file:///docs/a%2Fb', undefined],
    ['file:///docs/a%5cb', undefined],
    ['file:///docs/a\u0000', undefined],
    ['file:///docs/a\u007f', undefined],
    ['file:///docs/a%20b', ['docs']],
    ['FILE:///docs/a', undefined],
    ['memo:1', ['memo']],
    ['memo://a/b', ['memo']],
    ['memo://a//b', undefined],
    ['memo:../b', undefined],
  ])('%j', (uri, scopes) => {
    for (const method of ['resources/read', 'resources/subscribe', 'resources/unsubscribe']) {
      expect(needs({ method, uri })).toEqual(scopes);
      if (scopes !== undefined) expect(SERVER.operation({ method, uri })?.name).toBe(`${method} ${uri}`);
    }
  });

  // Servers parse a URI before they look it up: without spaces at its end, with percent-encoding in it.
  test.each([
    ['file:///docs/.. ', undefined],
    ['file:///docs/private/..  ', undefined],
    ['file:///docs/private/a..b ', undefined],
    ['file:///docs/a ', ['docs']],
    ['file:///docs/été', undefined],
    ['file:///docs/étés', ['docs']],
    ['file:///docs/my plan', ['docs']],
    ['file:///docs/{path}', ['docs']],
  ])('%j is not open by a prefix when it is another entry once parsed', (uri, scopes) => {
    const server = serverOf({
      server: `
resources:
  "file:///docs/*": { scopes: [docs] }
  "file:///docs/private/*": { scopes: [private] }
  "file:///docs/private/a..b": { scopes: [exact] }
  "file:///docs/%C3%A9t%C3%A9": { scopes: [exact] }`,
    });
    for (const method of ['resources/read', 'completion/complete'])
      expect(needs({ method, uri }, server)).toEqual(scopes);
    expect(needs({ method: 'subscriptions/listen', uris: [uri] }, server)).toEqual(scopes);
  });

  test('a URI that a prefix matches resolves to no other path', () => {
    const piece = fc.constantFrom('a', '.', '..', '/', '//', '%2e', '%2F', '?', '#', '..a', '%', 'b');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const uri = `https://h.example/docs/${pieces.join('')}`;
        if (matchesExactOnly(uri)) return;
        expect(new URL(uri).pathname.startsWith('/docs/')).toBe(true);
        expect(new URL(uri).pathname).toBe(/^[^?#]*/.exec(uri.slice('https://h.example'.length))?.[0]);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a scope is implied exactly by those from which scope_implies leads to it', () => {
  const scopes = ['a', 'b', 'c', 'd', 'e', 'f'];
  // Edges to later scopes only: no circles.
  const graph = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
  fc.assert(
    fc.property(graph, (edges) => {
      const implies: Record<string, string[]> = {};
      for (const [from, to] of edges) {
        if (from < to) implies[scopes[from] ?? ''] = [...(implies[scopes[from] ?? ''] ?? []), scopes[to] ?? ''];
      }
      const leads = (from: string, to: string): boolean =>
        (implies[from] ?? []).some((next) => next === to || leads(next, to));
      const server = serverOf({
        server: `scope_implies: ${JSON.stringify(implies)}\ntools: { t: { scopes: [f, c] } }`,
      });
      const found = server.operation({ method: 'tools/call', tool: 't' })?.implied_by;
      for (const needed of ['f', 'c']) {
        expect(found?.[needed]).toEqual(scopes.filter((scope) => leads(scope, needed)));
      }
    }),
  );
});
