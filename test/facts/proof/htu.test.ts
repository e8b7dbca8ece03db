import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameUri } from '../../../src/facts/proof/htu.ts';

const FILES = 'https://files.example.com/team/mcp';

describe('one URI', () => {
  test.each<[string, string]>([
    [FILES, FILES],
    ['https://files.example.com/team/mcp?x=1', FILES],
    ['https://files.example.com/team/mcp#part', FILES],
    ['https://files.example.com/team/mcp', `${FILES}?tenant=a`],
    ['HTTPS://Files.Example.COM/team/mcp', FILES],
    ['https://files.example.com:443/team/mcp', FILES],
    ['https://files.example.com:/team/mcp', FILES],
    ['https://files.example.com/%74eam/%6d%63%70', FILES],
    ['https://files.example.com/team/./mcp', FILES],
    ['https://files.example.com/other/../team/mcp', FILES],
    ['https://files.example.com/%2e%2e/team/mcp', FILES],
    ['https://files.example.com', 'https://files.example.com/'],
    ['https://files.example.com/', 'https://files.example.com'],
    ['http://127.0.0.1:80/mcp', 'http://127.0.0.1/mcp'],
    ['http://[::1]:3000/mcp', 'http://[::1]:3000/mcp'],
    ['https://files.example.com/a%2fb', 'https://files.example.com/a%2Fb'],
    ['https://files.example.com/a|b', 'https://files.example.com/a|b'],
  ])('%s is %s', (htu, resource) => expect(isSameUri(htu, resource)).toBe(true));

  test.each<[string, string]>([
    ['', FILES],
    ['https://files.example.com/team/mcp/', FILES],
    ['https://files.example.com/team', FILES],
    ['https://files.example.com//team/mcp', FILES],
    ['https://files.example.com/team/MCP', FILES],
    ['https://files.example.com/team%2fmcp', FILES],
    ['https://files.example.com\\team\\mcp', FILES],
    ['https:/files.example.com/team/mcp', FILES],
    ['https:\\\\files.example.com/team/mcp', FILES],
    [' https://files.example.com/team/mcp', FILES],
    ['https://files.example.com/te\tam/mcp', FILES],
    ['https://files.example.com/team/mcp\n', FILES],
    ['https://user@files.example.com/team/mcp', FILES],
    ['https://files.example.com@evil.example/team/mcp', FILES],
    ['https://files%2eexample.com/team/mcp', FILES],
    ['https://files.example.com%00/team/mcp', FILES],
    ['https://ﬁles.example.com/team/mcp', FILES],
    ['https://files.example.com:80/team/mcp', FILES],
    ['http://files.example.com/team/mcp', FILES],
    ['http://files.example.com:443/team/mcp', FILES],
    ['http://0x7f.1/mcp', 'http://127.0.0.1/mcp'],
    ['http://2130706433/mcp', 'http://127.0.0.1/mcp'],
    ['http://localhost/mcp', 'http://127.0.0.1/mcp'],
    ['https://files.example.com/te%zzam', 'https://files.example.com/te%zzam/'],
  ])('%j is not %s', (htu, resource) => expect(isSameUri(htu, resource)).toBe(false));
});

test('whatever is taken for the resource leads to it, also for who parses it as browsers do', () => {
  const parts = fc.constantFrom(
    ...[
      'https://',
      'http://',
      'HTTPS://',
      'files.example.com',
      'Files.Example.com',
      'evil.example',
      '@',
      ':443',
      ':80',
    ],
    ...[
      '/',
      '/team',
      '/mcp',
      '/.',
      '/..',
      '/%2e',
      '/%2E%2e',
      '%2f',
      '%6d',
      'm',
      'cp',
      '\\',
      '?',
      '#',
      '\t',
      '%',
      'team',
    ],
  );
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(parts, { maxLength: 6 }).map((rest) => `https://files.example.com/team${rest.join('')}`),
      (htu) => {
        if (!isSameUri(htu, FILES)) return;
        taken += 1;
        const { origin, pathname } = new URL(htu);
        expect([origin, decodeURIComponent(pathname)]).toEqual(['https://files.example.com', '/team/mcp']);
      },
    ),
    { numRuns: 20_000, seed: 9449 },
  );
  expect(taken).toBeGreaterThan(50);
});
