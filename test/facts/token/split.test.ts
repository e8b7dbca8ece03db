import { beforeAll, describe, expect, test } from 'vitest';
import { outcome } from './mint.ts';
import { reasonOf, signed, withClaims, withHeader, withPayload } from './reader.ts';

describe('step 1, the text', () => {
  let text: string;
  beforeAll(async () => {
    text = await signed({});
  });
  const parts = () => text.split('.') as [string, string, string];

  test.each<[string, () => string, string, RegExp]>([
    ['an opaque token', () => '2YotnFZFEjr1zCsicMWpAA', 'token_malformed', /not a JWT: it is opaque/],
    ['one segment of nothing', () => '', 'token_malformed', /not a JWT/],
    ['two segments', () => parts().slice(0, 2).join('.'), 'token_malformed', /has 2 segments, and a signed JWT has 3/],
    ['four segments', () => `${text}.AAAA`, 'token_malformed', /has 4 segments/],
    ['six segments', () => `${text}.a.b.c`, 'token_malformed', /has 6 segments/],
    ['five segments', () => 'eyJh.AA.AA.AA.AA', 'token_encrypted', /five segments/],
    ['five segments, one empty', () => 'eyJh..AA.AA.AA', 'token_encrypted', /five segments/],
    ['three empty segments', () => '..', 'token_malformed', /strict JSON/],
    ['the scheme before it', () => `Bearer ${text}`, 'token_malformed', /starts with the scheme "Bearer"/],
    [
      'the scheme before it, in lower case',
      () => `bearer ${text}`,
      'token_malformed',
      /starts with the scheme "bearer"/,
    ],
    ['a space before it', () => ` ${text}`, 'token_malformed', /whitespace or a line break/],
    ['a line break after it', () => `${text}\n`, 'token_malformed', /whitespace or a line break/],
    ['a line break and a header', () => `${text}\r\nX-Admin: 1`, 'token_malformed', /whitespace or a line break/],
    ['padding', () => `${text}=`, 'token_malformed', /without padding/],
    ['the other alphabet', () => `${parts()[0]}.ab+/.${parts()[2]}`, 'token_malformed', /other than/],
    ['a letter beyond ASCII', () => `${text}é`, 'token_malformed', /other than/],
    ['JWS in JSON', () => JSON.stringify({ payload: 'AA', signature: 'AA' }), 'token_malformed', /it is JSON/],
    ['a segment of one character', () => `${parts()[0]}.${parts()[1]}.A`, 'token_malformed', /not canonical/],
    ['more than 8 KiB', () => 'a'.repeat(8193), 'token_malformed', /8193 characters; at most 8192/],
    ['a megabyte', () => 'é'.repeat(1_000_000), 'token_malformed', /1000000 characters; at most 8192/],
  ])('%s', async (_name, make, code, message) => {
    const reason = await reasonOf(make());
    expect(reason.code).toBe(code);
    expect(reason.message).toMatch(message);
  });

  test('each other spelling of the same bytes is refused, in every segment', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    let spellings = 0;
    for (const index of [0, 1, 2]) {
      // One character more or less than a whole group leaves bits that a decoder drops.
      const whole = await signed({ pad: 'x'.repeat(index) }, { 'x-pad': 'x'.repeat(index) });
      const segments = whole.split('.');
      const segment = segments[index] ?? '';
      for (const last of alphabet) {
        const other = segment.slice(0, -1) + last;
        if (other === segment || !Buffer.from(other, 'base64url').equals(Buffer.from(segment, 'base64url'))) continue;
        spellings += 1;
        const respelled = segments.map((one, at) => (at === index ? other : one)).join('.');
        expect(await reasonOf(respelled)).toMatchObject({ code: 'token_malformed', message: /not canonical/ });
      }
    }
    expect(spellings).toBeGreaterThan(0);
  });

  test.each<[string, string | Uint8Array]>([
    ['no JSON', 'hello'],
    ['an array', '[{}]'],
    ['null', 'null'],
    ['a text', '"iss"'],
    ['nothing', ''],
    ['a comma too many', '{"iss":"a",}'],
    ['text after it', '{} {}'],
    ['a byte order mark', '\ufeff{}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a member twice', '{"aud":"a","aud":"b"}'],
    ['a member twice, once escaped', '{"aud":"a","\\u0061ud":"b"}'],
    ['a member twice inside', '{"cnf":{"jkt":"a","jkt":"b"}}'],
    ['__proto__', '{"__proto__":{"sub":"admin"}}'],
    ['a lone surrogate', '{"sub":"\\ud800"}'],
    ['a number beyond double range', '{"n":1e400}'],
    ['17 levels', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`],
  ])('JSON of header and claims must be strict: %s', async (_name, text) => {
    expect(outcome(await withHeader(text))).toBe('token_malformed');
    expect(outcome(await withPayload(text))).toBe('token_malformed');
  });

  test('16 levels are not too deep', async () => {
    expect(outcome(await withClaims({ deep: JSON.parse(`${'['.repeat(15)}${']'.repeat(15)}`) }))).toBe('verified');
    expect(outcome(await withClaims({ deep: JSON.parse(`${'['.repeat(16)}${']'.repeat(16)}`) }))).toBe(
      'token_malformed',
    );
  });
});
