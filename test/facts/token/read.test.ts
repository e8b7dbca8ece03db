import { describe, expect, test } from 'vitest';
import { createTokenReader } from '../../../src/facts/token/read.ts';
import type { Algorithm } from '../../../src/registry/registry.ts';
import { askedAt, claims, encode, ISS, mint, mintText, NOW, outcome } from './mint.ts';
import { foreign, HEADER, issuer, pair, read, reasonOf, signed, withClaims, withPayload } from './reader.ts';

describe('a right token', () => {
  test('gives all its facts', async () => {
    const over = {
      aud: ['https://files.example.com/mcp', 'account'],
      nbf: NOW - 5,
      act: { sub: 'agent-7', act: { sub: 'agent-6' } },
      cnf: { jkt: 'abc' },
      acr: 'mfa',
      auth_time: NOW - 60,
      authorization_details: [{ type: 'payment', amount: '45.00' }],
      roles: ['reader'],
    };
    expect(await withClaims(over)).toEqual({
      kind: 'verified',
      issuer,
      token: {
        type: 'at+jwt',
        algorithm: 'ES256',
        key_id: 'k1',
        issuer: ISS,
        audiences: ['https://files.example.com/mcp', 'account'],
        scopes: ['files:read', 'files:write'],
        subject: 'user-1',
        client_id: 'client-1',
        token_id: 'token-1',
        issued_at: NOW,
        expires_at: NOW + 300,
        not_before: NOW - 5,
        confirmation: { jkt: 'abc' },
        actor: 'agent-7',
        actors: ['agent-7', 'agent-6'],
        authentication_context: 'mfa',
        authenticated_at: NOW - 60,
        authorization_details: [{ type: 'payment', amount: '45.00' }],
        claims: claims(over),
      },
    });
  });

  test('that jose wrote', async () => {
    expect(outcome(await read(await mint(pair.privateKey, HEADER)))).toBe('verified');
  });

  test('keeps out what it lacks: exp and iat are for policy to miss', async () => {
    const reading = await withClaims({ exp: undefined, iat: undefined, scope: undefined });
    expect(reading.kind === 'verified' && Object.keys(reading.token)).toEqual([
      'type',
      'algorithm',
      'key_id',
      'issuer',
      'audiences',
      'scopes',
      'subject',
      'client_id',
      'token_id',
      'claims',
    ]);
  });

  test.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['an empty list', []],
  ])('with aud %s has no audiences: policy says so', async (_name, aud) => {
    expect(await withClaims({ aud })).toMatchObject({ kind: 'verified', token: { audiences: [] } });
  });

  test.each<[string, Record<string, unknown>]>([
    ['an empty scope', { scope: '' }],
    ['256 scopes', { scope: Array.from({ length: 256 }, (_, n) => `scope:number:${n}`).join(' ') }],
    ['a scope of 255 characters', { scope: 's'.repeat(255) }],
    ['sixteen audiences', { aud: Array.from({ length: 16 }, (_, n) => `https://${n}.example.com`) }],
    ['an audience of 2048 characters, any of them', { aud: `\u0000\u202e${'a'.repeat(2046)}` }],
    ['a sub of 255 characters', { sub: 'ü'.repeat(255) }],
    ['exp at the end of the year 9999', { exp: 253402300799 }],
    ['iat at the epoch', { iat: 0 }],
    ['iat one second before exp', { iat: NOW + 299 }],
    ['nbf one second before exp', { nbf: NOW + 299 }],
    ['nbf at the epoch', { nbf: 0 }],
    ['cnf that is empty', { cnf: {} }],
    ['nonce, being at+jwt', { nonce: 'n' }],
  ])('may have %s', async (_name, over) => {
    expect(outcome(await withClaims(over))).toBe('verified');
  });

  test.each(['x5t', 'x5t#S256', 'x-tenant'])('may have the header member %s', async (member) => {
    expect(outcome(await withClaims({}, { [member]: 'harmless' }))).toBe('verified');
  });

  test('may write whole numbers as JSON allows', async () => {
    const text = JSON.stringify(claims({ iat: 'IAT', exp: 'EXP' }));
    expect(await withPayload(text.replace('"IAT"', '1e3').replace('"EXP"', '1700000000.0'))).toMatchObject({
      kind: 'verified',
      token: { issued_at: 1000, expires_at: 1700000000 },
    });
  });

  test('of exactly 8 KiB is read, one character more is not', async () => {
    const sized = async (length: number) => {
      // Some lengths cannot be had by padding one segment alone.
      for (const pad of ['', 'x', 'xx'])
        for (let more = 5700; more < 5900; more += 1) {
          const text = await signed({ pad: 'x'.repeat(more) }, { 'x-pad': pad });
          if (text.length === length) return text;
        }
      throw new Error('no pad fits');
    };
    const text = await sized(8192);
    expect(outcome(await read(text))).toBe('verified');
    expect(outcome(await read(await sized(8193)))).toBe('token_malformed');
  });

  test('of type at+jwt is one in every spelling of the media type', async () => {
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])
      expect(await withClaims({}, { typ })).toMatchObject({ kind: 'verified', token: { type: 'at+jwt' } });
  });
});

describe('steps 6 and 7, key and signature', () => {
  test('a kid that the issuer does not have', async () => {
    expect(await reasonOf(await signed({}, { kid: 'K1' }))).toMatchObject({
      code: 'key_unknown',
      actual: ['K1'],
      verified: false,
    });
  });

  test('another key under the right kid', async () => {
    const text = await mint(foreign.privateKey, HEADER);
    expect(await reasonOf(text)).toMatchObject({ code: 'signature_invalid', verified: false });
  });

  test.each<[string, (signature: string) => string]>([
    ['no signature', () => ''],
    ['a short one', (signature) => encode(Buffer.from(signature, 'base64url').subarray(0, 63))],
    ['a long one', (signature) => encode(Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.from([0])]))],
    ['zeros', () => encode(Buffer.alloc(64))],
    ['DER in place of r and s', () => encode(Buffer.from('3006020101020101', 'hex'))],
  ])('%s', async (_name, change) => {
    const [header = '', payload = '', signature = ''] = (await signed({})).split('.');
    expect(outcome(await read(`${header}.${payload}.${change(signature)}`))).toBe('signature_invalid');
  });

  test('a key that is not for the algorithm', async () => {
    const several: readonly Algorithm[] = ['ES256', 'ES384'];
    const lookup = () => ({ kind: 'not_allowed', expected: ['ES384'] }) as const;
    const bare = () => ({ kind: 'not_allowed', expected: [] }) as const;
    const there = askedAt({ ...issuer, algorithms: several });
    const text = await signed({});
    expect(await createTokenReader({ lookup, cacheSize: 1 }).read(text, there)).toMatchObject({
      reason: { code: 'algorithm_not_allowed', expected: ['ES384'], actual: ['ES256'], message: /is for "ES384"/ },
    });
    expect(await createTokenReader({ lookup: bare, cacheSize: 1 }).read(text, there)).toMatchObject({
      reason: { code: 'algorithm_not_allowed', expected: [], actual: ['ES256'], message: /names no algorithm/ },
    });
  });

  test('without keys the claims are given, and said to be unverified', async () => {
    const lookup = () => ({ kind: 'unavailable', detail: 'HTTP status 503' }) as const;
    const text = await mint(foreign.privateKey, HEADER);
    expect(await createTokenReader({ lookup, cacheSize: 1 }).read(text, askedAt(issuer))).toMatchObject({
      kind: 'unverified',
      issuer,
      token: { subject: 'user-1' },
      detail: 'HTTP status 503',
    });
  });
});

describe('the first failure only, in this order', () => {
  // Each change breaks one step. With all steps from one on broken, it is that step's code.
  test('text, header, issuer, algorithm, type, claims, key, signature', async () => {
    const steps: [string, Record<string, unknown>, Record<string, unknown>][] = [
      ['token_malformed', {}, { crit: ['exp'] }],
      ['issuer_unknown', { iss: 'https://evil.example' }, {}],
      ['algorithm_not_allowed', {}, { alg: 'HS256' }],
      ['token_type_not_allowed', {}, { typ: 'JWT' }],
      ['claims_invalid', { sub: 7 }, {}],
      ['key_unknown', {}, { kid: 'k9' }],
      ['signature_invalid', {}, {}],
    ];
    for (const [index, [code]] of steps.entries()) {
      const rest = steps.slice(index);
      const over = Object.assign({}, ...rest.map(([, change]) => change));
      const header = Object.assign({ ...HEADER }, ...rest.map(([, , change]) => change));
      const text = await mintText(foreign.privateKey, JSON.stringify(header), JSON.stringify(claims(over)));
      expect(outcome(await read(text))).toBe(code);
      expect(outcome(await read(`${text}=`))).toBe('token_malformed');
    }
  });
});

describe('what a refusal says', () => {
  test.each([
    ['act', 'a-secret', 'a string'],
    ['act', 7, 'a number'],
    ['act', null, 'null'],
    ['act', [{ sub: 'a-secret' }], 'an array'],
    ['cnf', 'a-secret', 'a string'],
    ['cnf', 712, 'a number'],
    ['cnf', true, 'a boolean'],
    ['cnf', ['a-secret'], 'an array'],
  ])('of %s %j only its kind: it may be a key or a token', async (name, value, kind) => {
    const reason = await reasonOf(await signed({ [name]: value }));
    expect(reason).toMatchObject({ code: 'claims_invalid', expected: ['an object'], actual: [kind], verified: false });
    expect(reason.message).toContain(`The claim "${name}" must be an object`);
    expect(reason.message).toContain(`, and is ${kind}. `);
    expect(JSON.stringify(reason)).not.toMatch(/a-secret|712/);
  });

  test('values are cut and made legible, and never the token, nor a part of it', async () => {
    const texts = [
      await signed({ iss: `https://evil.example/\r\n\u202e${'x'.repeat(3000)}` }),
      await signed({ sub: `a\u0000${'x'.repeat(3000)}` }),
      await signed({ aud: Array.from({ length: 40 }, (_, n) => `${n}${'x'.repeat(100)}`) }),
      await signed({ scope: `${'s '.repeat(1000)}"` }),
      await signed({}, { alg: 'x'.repeat(3000) }),
      await signed({}, { kid: 'x'.repeat(3000) }),
      await signed({}, { typ: `x\u009b${'x'.repeat(3000)}` }),
      await signed({ [`x${'y'.repeat(2000)}`]: 1 }, { crit: [] }),
      await mint(foreign.privateKey, HEADER),
    ];
    for (const text of texts) {
      const reason = await reasonOf(text);
      const said = JSON.stringify(reason);
      expect(reason.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      expect(reason.message.length).toBeLessThan(700);
      expect(reason.message).toMatch(/\. [A-Z].*\.$/);
      for (const value of reason.actual ?? []) expect(String(value).length).toBeLessThanOrEqual(255);
      expect((reason.actual ?? []).length).toBeLessThanOrEqual(16);
      expect(reason.verified).toBe(false);
      for (const segment of text.split('.')) expect(said).not.toContain(segment.slice(0, 20));
    }
  });
});
