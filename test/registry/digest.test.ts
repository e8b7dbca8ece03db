/** One digest for one content, however it is written. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadRegistry } from '../../src/registry/load.ts';
import { NOW, registryOf } from './example.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audgate-digest-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the digest', () => {
  const CONTENT = {
    issuers: {
      corp: {
        issuer: 'https://l.example',
        jwks_uri: 'https://l.example/k',
        algorithms: ['ES256', 'RS256'],
        disabled: false,
      },
      two: { issuer: 'https://t.example', jwks_uri: 'https://t.example/k', algorithms: ['ES256'] },
    },
    servers: {
      a: {
        resource: 'https://a.example/mcp',
        issuers: ['corp', 'two'],
        max_lifetime_seconds: 900,
        labels: { x: { y: [1, 2], z: null } },
        tools: { read: { scopes: ['r'] }, write: { scopes: ['w'], labels: { risk: 'high' } } },
      },
      b: { resource: 'https://b.example/mcp', issuers: ['two'], max_lifetime_seconds: 60 },
    },
  };
  const digest = (text: string) => registryOf(text).digest;
  const DIGEST = digest(JSON.stringify(CONTENT));

  const shuffled = (value: unknown, seed: readonly number[]): unknown => {
    if (Array.isArray(value)) return value.map((item) => shuffled(item, seed));
    if (typeof value !== 'object' || value === null) return value;
    const ranked = Object.entries(value).map((entry, index) => ({ entry, rank: seed[(index * 7) % seed.length] ?? 0 }));
    ranked.sort((x, y) => x.rank - y.rank);
    return Object.fromEntries(ranked.map(({ entry: [name, member] }) => [name, shuffled(member, seed)]));
  };

  test('is the same whatever the order of members, the syntax, the comments', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 11, maxLength: 11 }), fc.boolean(), (seed, asYaml) => {
        const value = shuffled(CONTENT, seed);
        expect(digest(asYaml ? `# a comment\n${stringify(value)}` : JSON.stringify(value, null, 1))).toBe(DIGEST);
      }),
    );
  });

  test('is the same however the records are split over files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }), async (places) => {
        await rm(folder, { recursive: true });
        await mkdir(folder);
        const records = [
          ...Object.entries(CONTENT.issuers).map(([key, value]) => ({ field: 'issuers' as const, key, value })),
          ...Object.entries(CONTENT.servers).map(([key, value]) => ({ field: 'servers' as const, key, value })),
        ];
        const files: Record<string, { issuers: Record<string, unknown>; servers: Record<string, unknown> }> = {};
        for (const [index, { field, key, value }] of records.entries()) {
          const name = `${places[index]}.yaml`;
          const file = files[name] ?? { issuers: {}, servers: {} };
          files[name] = { ...file, [field]: { ...file[field], [key]: value } };
        }
        await Promise.all(
          Object.entries(files).map(([name, value]) => writeFile(join(folder, name), stringify(value))),
        );
        const loaded = await loadRegistry(folder, { now: NOW });
        expect(loaded.ok && loaded.registry.digest).toBe(DIGEST);
      }),
      { numRuns: 20 },
    );
  });

  test('is the same with defaults written out', () => {
    const [a, b] = [CONTENT.servers.a, { ...CONTENT.servers.b, audiences: [], unlisted_tools: 'deny', waivers: [] }];
    expect(digest(JSON.stringify({ ...CONTENT, servers: { a, b } }))).toBe(DIGEST);
  });

  test.each<[string, object]>([
    ['a limit', { max_lifetime_seconds: 61 }],
    ['a tool', { tools: { x: {} } }],
    ['a label', { labels: { x: 1 } }],
    ['an issuer', { issuers: ['two', 'corp'] }],
    ['unlisted tools', { unlisted_tools: { scopes: [] } }],
    ['actors', { actors: 'any' }],
  ])('is another with another %s', (_, change) => {
    const servers = { ...CONTENT.servers, b: { ...CONTENT.servers.b, ...change } };
    expect(digest(JSON.stringify({ ...CONTENT, servers }))).not.toBe(DIGEST);
  });
});
