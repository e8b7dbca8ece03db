import { describe, expect, test } from 'vitest';
import { outcome } from './mint.ts';
import { reasonOf, signed, withClaims } from './reader.ts';

describe('step 2, the header', () => {
  test.each(['crit', 'jwk', 'jku', 'x5u', 'x5c', 'cty', 'zip', 'b64'])(
    '%s is refused, whatever it holds',
    async (member) => {
      for (const value of [null, true, '', [], {}])
        expect(await reasonOf(await signed({}, { [member]: value }))).toMatchObject({
          code: 'token_malformed',
          message: expect.stringContaining(`"${member}"`),
          verified: false,
        });
    },
  );

  test.each<[string, Record<string, unknown>]>([
    ['alg absent', { alg: undefined }],
    ['alg null', { alg: null }],
    ['alg a list', { alg: ['ES256'] }],
    ['kid absent', { kid: undefined }],
    ['kid null', { kid: null }],
    ['kid empty', { kid: '' }],
    ['kid a number', { kid: 1 }],
    ['kid of 256 characters', { kid: 'k'.repeat(256) }],
    ['kid with a C0 control', { kid: 'k1\n' }],
    ['kid with DEL', { kid: 'k1\u007f' }],
    ['kid with a C1 control', { kid: 'k1\u0085' }],
  ])('%s', async (_name, header) => {
    expect(outcome(await withClaims({}, header))).toBe('token_malformed');
  });
});
