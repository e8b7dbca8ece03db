/** What an identifier almost was, in words. Nothing of this decides: it tells its reader what to mend. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOfAudience, nearest, nearMiss, shown } from '../../src/decide/near-miss.ts';

const FILES = 'https://files.example.com/mcp';

describe('a near miss', () => {
  it.each([
    ['https://files.example.com/mcp/', 'but for a trailing slash'],
    ['https://FILES.example.com/MCP', 'but for upper and lower case'],
    ['https://files.example.com:443/mcp', 'but for its spelling (default port, or case of scheme and host)'],
    ['HTTPS://files.example.com:443/mcp', 'but for its spelling (default port, or case of scheme and host)'],
    ['https://files.example.com:443/mcp/', 'but for its spelling and a trailing slash'],
    ['https://files.example.com/mcp///', 'but for its spelling and a trailing slash'],
    ['http://files.example.com/mcp', 'but for the scheme (http or https)'],
    ['https://files.example.com', 'but cut short: a parent does not stand for what lies below it'],
    ['https://files.example.com/', 'but cut short: a parent does not stand for what lies below it'],
    ['https://files.example.com//', 'but cut short: a parent does not stand for what lies below it'],
    ['https://files.example.com/mcp/x', 'with more path: what lies below does not stand for its parent'],
    ['https://files.example.com/mcp/x?y=1', 'with more path: what lies below does not stand for its parent'],
    ['https://files.example.com/mcp?x=1', 'but for its query or fragment'],
    ['https://files.example.com/mcp#x', 'but for its query or fragment'],
  ])('%s is it %s', (found, how) => {
    expect(nearMiss(found, FILES)).toBe(how);
  });

  it('is one also of a resource with a trailing slash or a query', () => {
    expect(nearMiss(FILES, `${FILES}/`)).toBe('but for a trailing slash');
    expect(nearMiss(FILES, `${FILES}?tenant=a`)).toBe('but for its query or fragment');
  });

  it.each([
    FILES,
    'https://billing.example.com/mcp',
    'https://files.example.com/mcp2',
    'https://files.example.com/mc',
    'https://files.example.com:8443/mcp',
    'https://files.example.com.evil.example/mcp',
    'files',
    '',
    '\ud800',
  ])('%s is none', (found) => {
    expect(nearMiss(found, FILES)).toBeUndefined();
  });

  it('of an opaque identifier needs the same scheme and host too', () => {
    expect(nearMiss('api://other/x', 'api://files/x')).toBeUndefined();
    expect(nearMiss('api://other/x/y', 'api://files/x')).toBeUndefined();
    expect(nearMiss('app://files/x', 'api://files/x')).toBeUndefined();
    expect(nearMiss('api://files/x/y', 'api://files/x')).toMatch(/^with more path/);
  });

  it('is not looked for in a text longer than any resource', () => {
    expect(nearMiss(`${FILES}/`.padEnd(2048, 'x'), FILES)).toMatch(/^with more path/);
    expect(nearMiss(`${FILES}/`.padEnd(2049, 'x'), FILES)).toBeUndefined();
  });

  it('of any two texts is told without fail, and never of equal ones', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, withFragments: true }));
    fc.assert(
      fc.property(text, text, (found, wanted) => {
        expect(nearMiss(found, wanted)).toSatisfy((how) => how === undefined || typeof how === 'string');
        expect(nearMiss(wanted, wanted)).toBeUndefined();
      }),
    );
  });
});

describe('the nearest of several accepted audiences', () => {
  it('is the first that the value comes near', () => {
    expect(nearest(`${FILES}/x`, ['api://files', FILES, `${FILES}/`])).toEqual({
      accepted: FILES,
      how: 'with more path: what lies below does not stand for its parent',
    });
    expect(nearest('https://billing.example.com/mcp', [FILES])).toBeUndefined();
  });

  it('is looked for among sixteen, the resource first', () => {
    const others = Array.from({ length: 15 }, (_, at) => `api://${at}`);
    expect(nearest(`${FILES}/`, [...others, FILES])?.accepted).toBe(FILES);
    expect(nearest(`${FILES}/`, ['api://one-more', ...others, FILES])).toBeUndefined();
  });
});

describe('a foreign audience', () => {
  it.each([
    ['client-1', 'client'],
    ['https://client.example', 'uri'],
    ['HTTP://x', 'uri'],
    ['api://default', 'opaque'],
    ['account', 'opaque'],
  ])('%s is of the kind %s', (value, kind) => {
    expect(kindOfAudience(value, 'client-1')).toBe(kind);
  });

  it('that is the client’s id is that first, though it is a URI', () => {
    expect(kindOfAudience('https://client.example', 'https://client.example')).toBe('client');
    expect(kindOfAudience('account', undefined)).toBe('opaque');
  });

  it('is shown legibly, and an empty one in words', () => {
    expect(shown('')).toBe('the empty string');
    expect(shown('a\u202eb')).toBe('a\\u202eb');
    expect(shown('x'.repeat(300))).toHaveLength(255);
  });
});
