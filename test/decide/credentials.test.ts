import { describe, expect, it } from 'vitest';
import { hasTokenInQuery, readCredentials } from '../../src/decide/credentials.ts';
import { openDesk } from './desk.ts';

describe('Authorization is read as', () => {
  it.each([
    ['no header', [], {}],
    ['an empty header', [''], {}],
    ['scheme and token', ['Bearer a.b.c'], { scheme: 'Bearer', token: 'a.b.c' }],
    ['a scheme as it was written', ['BEARER a.b.c'], { scheme: 'BEARER', token: 'a.b.c' }],
    ['a scheme alone', ['Bearer'], { scheme: 'Bearer' }],
    ['a token alone, which is never tried', ['a.b.c'], { scheme: 'a.b.c' }],
    ['what follows the first space, whatever it is', ['Bearer  a b'], { scheme: 'Bearer', token: ' a b' }],
    ['parameters of another scheme', ['Digest a="1", b="2"'], { scheme: 'Digest', token: 'a="1", b="2"' }],
  ])('%s', (_, values, expected) => {
    expect(readCredentials(values)).toEqual(expected);
  });

  it.each([
    ['two headers', ['Bearer a.b.c', 'Bearer d.e.f']],
    ['two headers that are equal', ['Bearer a.b.c', 'Bearer a.b.c']],
    ['two headers, one of them empty', ['Bearer a.b.c', '']],
    ['two that a proxy joined', ['Bearer a.b.c, Bearer d.e.f']],
    ['two without space', ['bearer a.b.c,d.e.f']],
    ['a comma at the end', ['Bearer a.b.c,']],
    ['two of DPoP', ['DPoP a.b.c, Bearer a.b.c']],
  ])('ambiguous: %s', (_, values) => {
    const read = readCredentials(values);
    expect(Object.keys(read)).toEqual(['ambiguous']);
    expect(read.ambiguous).not.toContain('a.b.c');
  });
});

describe('a token in the query', () => {
  it.each([
    '/mcp?access_token=x',
    '/mcp?a=b&access_token=',
    '/mcp?access_token',
    '/mcp?a;access_token=x',
    '/mcp?a?access_token=x',
    '/mcp?%61ccess%5Ftoken=x',
    '/mcp?Access_Token=x',
    '/mcp?+access_token%20=x',
    '?access_token=x',
    'https://files.example.com/mcp?access_token=x#y',
  ])('is seen in %s', (target) => {
    expect(hasTokenInQuery(target)).toBe(true);
  });

  it.each(['/mcp', '/access_token=x', '/mcp?my_access_token=x', '/mcp?a=access_token', '/mcp?%zz&%'])(
    'is not in %s',
    (target) => {
      expect(hasTokenInQuery(target)).toBe(false);
    },
  );
});

describe('credential_ambiguous', () => {
  it('is 400 and stands before whatever else is wrong with the request', async () => {
    const desk = await openDesk();
    const token = await desk.token();
    const decision = await desk.decide({ token, scheme: 'Basic', target: '/mcp?access_token=x', malformed: 'is odd' });
    expect(decision.reasons.map(({ code }) => code)).toEqual([
      'credential_ambiguous',
      'scheme_unsupported',
      'call_malformed',
    ]);
    expect(decision).toMatchObject({ decision: 'deny', challenge: { status: 400 } });
    expect(JSON.stringify(decision)).not.toContain(token);
  });

  it('needs two: a token in the query alone is none', async () => {
    const desk = await openDesk();
    const decision = await desk.decide({ target: '/mcp?access_token=x' });
    expect(decision.reasons.map(({ code }) => code)).toEqual(['token_missing']);
  });

  it('is not told of another query', async () => {
    const desk = await openDesk();
    expect((await desk.decide({ token: await desk.token(), target: '/mcp?a=b' })).decision).toBe('allow');
  });

  it('comes after a server that nobody registered', async () => {
    const desk = await openDesk();
    const decision = await desk.decide({ server: { key: 'nobody' }, ...readCredentials(['a', 'b']) });
    expect(decision.reasons.map(({ code }) => code)).toEqual(['server_unknown']);
  });
});

it('the record names the door that the question came in by', async () => {
  const desk = await openDesk();
  await desk.decide({ door: 'audgate/gateways/envoy' });
  await desk.decide({});
  expect(desk.events.map(({ path }) => path)).toEqual(['audgate/gateways/envoy', 'audgate/decide']);
});
