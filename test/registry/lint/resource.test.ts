/** Which identifiers a server may have, and what is said of those that it may not. */
import { describe, expect, test } from 'vitest';
import { problemsIn, refused, registryText } from '../example.ts';

test('the example is right', () => {
  expect(problemsIn(registryText())).toEqual([]);
});

describe('a resource is the exact, canonical URI of one server', () => {
  test.each([
    ['files.example.com/mcp', 'no absolute http(s) URI'],
    ['urn:mcp:files', 'no absolute http(s) URI'],
    ['wss://files.example.com/mcp', 'no absolute http(s) URI'],
    ['https:///mcp', 'no absolute http(s) URI'],
    ['"https://files.example.com/mcp#"', 'fragment'],
    ['"https://files.example.com/mcp#x"', 'fragment'],
    ['https://me@files.example.com/mcp', 'user name'],
    ['https://@files.example.com/mcp', 'user name'],
    ['https://files.example.com/*', 'wildcard'],
    ['https://files.example.com/m cp', 'whitespace'],
    ['"https://files.example.com/m\\u0000cp"', 'control character'],
    ['"https://files.example.com/m\\\\cp"', 'backslash'],
    ['https://files.example.com/./mcp', 'dot segment'],
    ['https://files.example.com/a/../mcp', 'dot segment'],
    ['https://files.example.com/a/%2E%2e/mcp', 'dot segment'],
    ['https://files.example.com/a/.%2e', 'dot segment'],
    ['https://files.example.com:443/mcp', 'default port'],
    ['http://localhost:80/mcp', 'default port'],
    ['https://files.example.com./mcp', 'trailing dot'],
    ['https://203.0.113.7/mcp', 'numeric host'],
    ['https://0x7f.1/mcp', 'numeric host'],
    ['https://2130706433/mcp', 'numeric host'],
    ['https://[2001:db8::1]/mcp', 'numeric host'],
    ['https://[::ffff:127.0.0.1]/mcp', 'numeric host'],
    ['HTTPS://files.example.com/mcp', 'upper-case scheme'],
    ['https://Files.example.com/mcp', 'upper-case host'],
    ['http://files.example.com/mcp', 'http, which'],
    ['https://dateien.exämple.com/mcp', 'no URI may have'],
    ['"https://files.example.com/\\""', 'no URI may have'],
    ['https://files.example.com:/mcp', 'not canonical'],
    ['https://files.example.com:08443/mcp', 'not canonical'],
    ['https://f%69les.example.com/mcp', 'not canonical'],
    ['https://files.example.com:99999/mcp', 'no URI that clients could call'],
  ])('%s', (uri, says) => {
    refused({ resource: `resource: ${uri}` }, '/servers/files/resource 9:15', says);
  });

  test.each([
    'https://files.example.com/',
    'https://files.example.com:8443/mcp?tenant=a',
    'https://files.example.com//mcp',
    'https://files.example.com/v1.2/..mcp',
    'http://127.0.0.1:3000/mcp',
    'http://127.8.9.10:3000/mcp',
    'http://[::1]:3000/mcp',
    'http://localhost:3000/mcp',
    'https://localhost/mcp',
  ])('%s may be one', (uri) => {
    expect(problemsIn(registryText({ resource: `resource: ${uri}` }))).toEqual([]);
  });

  test('all that is wrong with one is said at once', () => {
    const problems = problemsIn(registryText({ resource: 'resource: "HTTP://me@Files.example.com:80/a/../b#c"' }));
    expect(problems.map(({ message }) => message.replace(/^resource has (an? )?|^resource /, ''))).toEqual([
      'fragment (RFC 9728 §1.2).',
      'user name or password.',
      'dot segment.',
      'upper-case scheme.',
      'upper-case host.',
      'names the default port 80.',
      'is http, which anyone on the way can read.',
    ]);
  });
});

describe('other audiences of a server', () => {
  test.each([
    ['audiences: [https://other.example.com/mcp]', '/servers/files/audiences/0 12:17', 'not another spelling'],
    ['audiences: [https://files.example.com/mcp/x]', '/servers/files/audiences/0 12:17', 'not another spelling'],
    ['audiences: [http://files.example.com/mcp]', '/servers/files/audiences/0 12:17', 'not another spelling'],
    ['audiences: [api://files]', '/servers/files/audiences/0 12:17', 'no http'],
    ['audiences: ["https://files.example.com/mcp#"]', '/servers/files/audiences/0 12:17', 'fragment'],
    ['audiences: [" https://files.example.com/mcp"]', '/servers/files/audiences/0 12:17', 'no http'],
    ['audiences: ["https://files.example.com\\\\mcp"]', '/servers/files/audiences/0 12:17', '"\\"'],
    ['audiences: [https://@files.example.com/mcp]', '/servers/files/audiences/0 12:17', 'user name'],
    [
      'audiences: [{ value: https://x.example, issuer: corp }]',
      '/servers/files/audiences/0/value 12:26',
      'http(s) value',
    ],
    ['audiences: [{ value: "HTTP:x", issuer: corp }]', '/servers/files/audiences/0/value 12:26', 'http(s) value'],
    ['audiences: [{ value: api://x, issuer: crp }]', '/servers/files/audiences/0/issuer 12:43', 'nearest is "corp"'],
    ['audiences: [{ value: api://x }]', '/servers/files/audiences/0/issuer 12:17', 'issuer is missing'],
    ['audiences: [{ value: "a\\nb", issuer: corp }]', '/servers/files/audiences/0/value 12:26', 'audience value'],
    ['audiences: [7]', '/servers/files/audiences/0 12:17', 'a number'],
  ])('%s', (server, place, says) => refused({ server }, place, says));

  test.each([
    'https://files.example.com/mcp/',
    'HTTPS://FILES.example.com:443/mcp',
    'https://files.example.com/a/../mcp',
  ])('%s is another spelling', (audience) => {
    expect(problemsIn(registryText({ server: `audiences: ["${audience}"]` }))).toEqual([]);
  });
});
