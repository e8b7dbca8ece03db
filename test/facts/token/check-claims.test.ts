import { describe, expect, test } from 'vitest';
import { ISS, NOW, outcome } from './mint.ts';
import { withClaims } from './reader.ts';

describe('step 5, the form of the claims', () => {
  const texts = ['sub', 'client_id', 'jti'].flatMap((name): [string, Record<string, unknown>][] =>
    [
      undefined,
      null,
      '',
      7,
      true,
      ['a'],
      {},
      'x'.repeat(256),
      'a\u0000',
      'a\r\nb',
      'a\u001f',
      'a\u007f',
      'a\u0080',
      'a\u009f',
    ].map((value) => [`${name} ${JSON.stringify(value)?.slice(0, 12)}`, { [name]: value }]),
  );
  const times = ['iat', 'exp', 'nbf'].flatMap((name): [string, Record<string, unknown>][] =>
    [null, '1795435200', 1.5, -1, -0.5, 253402300800, true, [], {}].map((value) => [
      `${name} ${JSON.stringify(value)}`,
      { [name]: value },
    ]),
  );
  test.each<[string, Record<string, unknown>]>([
    ...texts,
    ...times,
    ['iat at exp', { iat: NOW + 300 }],
    ['iat after exp', { iat: NOW + 301 }],
    ['nbf at exp', { nbf: NOW + 300 }],
    ['nbf after exp', { nbf: NOW + 301 }],
    ['aud a number', { aud: 7 }],
    ['aud true', { aud: true }],
    ['aud an object', { aud: { 0: 'a' } }],
    ['aud a list with null', { aud: ['https://files.example.com/mcp', null] }],
    ['aud a list in a list', { aud: [['https://files.example.com/mcp']] }],
    ['aud repeated', { aud: ['a', 'b', 'a'] }],
    ['aud of 17 values', { aud: Array.from({ length: 17 }, (_, n) => `a${n}`) }],
    ['aud of 2049 characters', { aud: 'a'.repeat(2049) }],
    ['aud of 2049 characters in a list', { aud: ['b', 'a'.repeat(2049)] }],
    ['scope null', { scope: null }],
    ['scope a list', { scope: ['files:read'] }],
    ['scope with two spaces', { scope: 'a  b' }],
    ['scope with a space before', { scope: ' a' }],
    ['scope with a space behind', { scope: 'a ' }],
    ['scope of a space', { scope: ' ' }],
    ['scope with a tab', { scope: 'a\tb' }],
    ['scope with a quotation mark', { scope: 'a"b' }],
    ['scope with a backslash', { scope: 'a\\b' }],
    ['scope beyond ASCII', { scope: 'écrire' }],
    ['scope with DEL', { scope: 'a\u007f' }],
    ['scope of 256 characters', { scope: 's'.repeat(256) }],
    ['257 scopes', { scope: Array.from({ length: 257 }, (_, n) => `s${n}`).join(' ') }],
    ['act null', { act: null }],
    ['act a text', { act: 'agent' }],
    ['act a list', { act: [{ sub: 'a' }] }],
    ['act without sub', { act: { iss: ISS } }],
    ['act.sub a number', { act: { sub: 7 } }],
    ['act.sub empty', { act: { sub: '' } }],
    ['act.sub with a control', { act: { sub: 'a\u0007' } }],
    ['act.sub of 256 characters', { act: { sub: 'a'.repeat(256) } }],
    ['cnf null', { cnf: null }],
    ['cnf a text', { cnf: 'jkt' }],
    ['cnf a list', { cnf: [] }],
  ])('%s', async (_name, over) => {
    expect(outcome(await withClaims(over))).toBe('claims_invalid');
  });

  test('nbf is compared with exp only where there is one', async () => {
    expect(outcome(await withClaims({ exp: undefined, nbf: NOW + 1000 }))).toBe('verified');
  });
});
