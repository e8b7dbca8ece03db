/** Which registered server an unregistered resource comes near: for messages, never to decide. */
import { describe, expect, test } from 'vitest';
import { loadRegistryValue } from '../../src/registry/load.ts';
import { NOW } from './example.ts';

function registry(resources: Readonly<Record<string, string>>) {
  const issuers = { corp: { issuer: 'https://l.example', jwks_uri: 'https://l.example/k', algorithms: ['ES256'] } };
  const servers = Object.fromEntries(
    Object.entries(resources).map(([key, resource]) => [
      key,
      { resource, issuers: ['corp'], max_lifetime_seconds: 900 },
    ]),
  );
  const loaded = loadRegistryValue({ issuers, servers }, { now: NOW, file: 'r' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.registry;
}

const FILES = {
  files: 'https://files.example.com/mcp',
  deep: 'https://deep.example.com/a/b/c',
  tenant: 'https://tenant.example.com/mcp?tenant=a',
};

describe('the nearest server', () => {
  test.each([
    ['a trailing slash', 'https://files.example.com/mcp/', 'files'],
    ['other case, scheme and default port', 'HTTP://Files.example.com:80/MCP', 'files'],
    ['its parent', 'https://files.example.com', 'files'],
    ['its parent with a slash', 'https://files.example.com//', 'files'],
    ['a child', 'https://files.example.com/mcp/x', 'files'],
    ['a grandchild with a query', 'https://files.example.com/mcp/x/y?z=1', 'files'],
    ['a query', 'https://files.example.com/mcp?x=1', 'files'],
    ['a fragment', 'https://files.example.com/mcp#x', 'files'],
    ['a grandparent', 'https://deep.example.com', 'deep'],
    ['a parent', 'https://deep.example.com/a/b', 'deep'],
    ['a query left out', 'https://tenant.example.com/mcp', 'tenant'],
    ['a child where a query is registered', 'https://tenant.example.com/mcp/x', undefined],
    ['a sibling', 'https://files.example.com/mcp2', undefined],
    ['a cousin', 'https://deep.example.com/a/x', undefined],
    ['another scheme and more path', 'http://files.example.com/mcp/x', undefined],
    ['another host', 'https://files.example.org/mcp', undefined],
    ['a longer host', 'https://files.example.com.evil.example/mcp', undefined],
    ['an opaque text', 'files', undefined],
    ['nothing', '', undefined],
    ['a lone surrogate', '\ud800', undefined],
  ])('by %s', (_, asked, key) => {
    expect(registry(FILES).nearestServer(asked)?.key).toBe(key);
  });

  test('is the same one first, then the nearest above, then the first below', () => {
    const nested = registry({
      z: 'https://a.example',
      y: 'https://a.example/mcp',
      b: 'https://a.example/mcp/x/one',
      c: 'https://a.example/mcp/x/two',
    });
    expect(nested.nearestServer('https://a.example/mcp/')?.key).toBe('y');
    expect(nested.nearestServer('https://a.example/mcp/x')?.key).toBe('y');
    expect(nested.nearestServer('https://a.example/other')?.key).toBe('z');
    const siblings = registry({ c: 'https://a.example/two', b: 'https://a.example/one' });
    expect(siblings.nearestServer('https://a.example')?.key).toBe('b');
  });

  test('of a text longer than any resource is nobody, and looks nothing up', () => {
    const { nearestServer } = registry(FILES);
    const long = (length: number) => `${FILES.files}/`.padEnd(length, 'x');
    expect(nearestServer(long(2048))?.key).toBe('files');
    expect(nearestServer(long(2049))).toBeUndefined();
    expect(nearestServer(`${FILES.files}${'/'.repeat(200_000)}a`)).toBeUndefined();
    expect(nearestServer('/'.repeat(200_000))).toBeUndefined();
  });

  test('of a path deeper than any that is looked up is nobody above', () => {
    const { nearestServer } = registry(FILES);
    expect(nearestServer(`${FILES.files}${'/x'.repeat(30)}`)?.key).toBe('files');
    expect(nearestServer(`${FILES.files}${'/x'.repeat(900)}`)?.key).toBe('files');
  });
});
