import { beforeAll, describe, expect, test } from 'vitest';
import type { Reason } from '../../../src/decision/reason.ts';
import { createKeys } from '../../../src/facts/keys/look-up.ts';
import { createTokenReader, type TokenReader } from '../../../src/facts/token/read.ts';
import type { Algorithm, IssuerRecord } from '../../../src/registry/registry.ts';
import { generate, issuerRecord, type Pair } from '../keys/serve.ts';
import { claims, encode, ISS, mint, mintText, NOW, outcome, registryOf } from './mint.ts';

let pair: Pair;
let foreign: Pair;
let issuer: IssuerRecord;
let older: IssuerRecord;
let reader: TokenReader;
beforeAll(async () => {
  [pair, foreign] = await Promise.all([generate('ES256', 'k1'), generate('ES256', 'k1')]);
  const inline = (...pairs: readonly Pair[]) =>
    ({ kind: 'jwks', keys: JSON.parse(JSON.stringify(pairs.map(({ jwk }) => jwk))) }) as const;
  issuer = issuerRecord(inline(pair));
  older = issuerRecord(inline(pair), ['ES256'], {
    key: 'older',
    issuer: 'https://older.example.com',
    token_types: ['jwt', 'at+jwt', 'token+jwt'],
  });
  const keys = createKeys({
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    now: () => NOW * 1000,
    settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 1000, outage_ceiling_seconds: 3600 },
  });
  reader = createTokenReader({ lookup: keys.lookup, cacheSize: 100 });
});

const HEADER = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' };
const read = async (text: string) => reader.read(text, registryOf(issuer, older));
const signed = (over: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  mintText(pair.privateKey, JSON.stringify({ ...HEADER, ...header }), JSON.stringify(claims(over)));
/** Reads a token that is right but for these claims and header members. */
const withClaims = async (over: Record<string, unknown>, header: Record<string, unknown> = {}) =>
  read(await signed(over, header));
const withPayload = async (payload: string | Uint8Array) =>
  read(await mintText(pair.privateKey, JSON.stringify(HEADER), payload));
const withHeader = async (header: string | Uint8Array) =>
  read(await mintText(pair.privateKey, header, JSON.stringify(claims())));
async function reasonOf(text: string): Promise<Reason> {
  const reading = await read(text);
  if (reading.kind !== 'refused') throw new Error(`expected a refusal, not ${reading.kind}`);
  return reading.reason;
}

describe('a right token', () => {
  test('gives all its facts', async () => {
    const over = {
      aud: ['https://files.example.com/mcp', 'account'],
      nbf: NOW - 5,
      act: { sub: 'agent-7', act: { sub: 'agent-6' } },
      cnf: { jkt: 'abc' },
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

describe('step 3, the issuer', () => {
  test.each([undefined, null, 7, ['a'], {}])('iss %j is ill-formed', async (iss) => {
    expect(outcome(await withClaims({ iss }))).toBe('claims_invalid');
  });

  test('unknown ones are refused; a near miss is named', async () => {
    const unknown = await reasonOf(await signed({ iss: 'https://evil.example' }));
    expect(unknown).toMatchObject({ code: 'issuer_unknown', actual: ['https://evil.example'], verified: false });
    expect(unknown).not.toHaveProperty('expected');
    for (const near of [
      `${ISS}/`,
      'https://LOGIN.example.com',
      'http://login.example.com',
      `${ISS}:443`,
      'HTTPS://login.example.com:443/',
    ])
      expect(await reasonOf(await signed({ iss: near }))).toMatchObject({
        code: 'issuer_unknown',
        expected: [ISS],
        actual: [near],
        message: expect.stringContaining('compared byte for byte'),
      });
    for (const odd of ['', 'constructor', '__proto__', 'corp'])
      expect(outcome(await withClaims({ iss: odd }))).toBe('issuer_unknown');
  });

  test('a disabled one is refused before anything else of the token is judged', async () => {
    const disabled = { ...issuer, disabled: true };
    const text = await signed({ sub: undefined }, { alg: 'none', typ: 'JWT' });
    expect(outcome(await reader.read(text, registryOf(disabled)))).toBe('issuer_disabled');
  });

  test('a registry in which the issuer is disabled now refuses a token that was remembered', async () => {
    const text = await signed({});
    expect(outcome(await read(text))).toBe('verified');
    expect(outcome(await reader.read(text, registryOf({ ...issuer, disabled: true })))).toBe('issuer_disabled');
    expect(outcome(await reader.read(text, registryOf()))).toBe('issuer_unknown');
  });
});

describe('step 4, algorithm and type', () => {
  test.each([
    'none',
    'None',
    'NONE',
    '',
    'HS256',
    'HS384',
    'HS512',
    'es256',
    'ES256 ',
    'ES384',
    'RS256',
    'EdDSA',
    'dir',
  ])("alg %j is not the issuer's", async (alg) => {
    expect(await reasonOf(await signed({}, { alg }))).toMatchObject({
      code: 'algorithm_not_allowed',
      expected: ['ES256'],
      actual: [alg],
      verified: false,
    });
  });

  test('alg none with an empty signature', async () => {
    const text = `${encode(JSON.stringify({ ...HEADER, alg: 'none' }))}.${encode(JSON.stringify(claims()))}.`;
    expect(await reasonOf(text)).toMatchObject({ code: 'algorithm_not_allowed', message: /not signed/ });
  });

  test.each([
    undefined,
    null,
    '',
    'JWT',
    'dpop+jwt',
    'text/at+jwt',
    'at+jwt;v=1',
    'at+jwt ',
    ' at+jwt',
    'application/application/at+jwt',
    7,
    ['at+jwt'],
  ])("typ %j is not the issuer's", async (typ) => {
    expect(await reasonOf(await signed({}, { typ }))).toMatchObject({
      code: 'token_type_not_allowed',
      expected: ['at+jwt'],
    });
  });

  describe('a type other than at+jwt, of an issuer that registers it', () => {
    const other = (over: Record<string, unknown>) =>
      withClaims({ iss: 'https://older.example.com', ...over }, { typ: 'JWT' });
    test('passes as an access token with client and scope, and needs no more', async () => {
      expect(outcome(await other({}))).toBe('verified');
      expect(await other({ sub: undefined, jti: undefined, scope: '' })).toMatchObject({
        kind: 'verified',
        token: { type: 'jwt', client_id: 'client-1', scopes: [] },
      });
    });
    test.each(['nonce', 'at_hash', 'c_hash', 'events'])('is no access token with %s', async (claim) => {
      expect(outcome(await other({ [claim]: null }))).toBe('token_type_not_allowed');
    });
    test.each(['client_id', 'scope'])('must carry %s', async (claim) => {
      expect(outcome(await other({ [claim]: undefined }))).toBe('claims_invalid');
    });
    test('is compared without case in ASCII only', async () => {
      const typed = (typ: string) => withClaims({ iss: 'https://older.example.com' }, { typ });
      expect(outcome(await typed('Token+JWT'))).toBe('verified');
      // U+212A, the Kelvin sign, is a k in lower case.
      expect(outcome(await typed('to\u212aen+jwt'))).toBe('token_type_not_allowed');
    });
    test('has well-formed claims where it has them', async () => {
      for (const over of [{ sub: '' }, { sub: null }, { jti: 7 }, { client_id: '' }, { scope: null }])
        expect(outcome(await other(over))).toBe('claims_invalid');
    });
  });
});

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
    const registry = registryOf({ ...issuer, algorithms: several });
    const text = await signed({});
    expect(await createTokenReader({ lookup, cacheSize: 1 }).read(text, registry)).toMatchObject({
      reason: { code: 'algorithm_not_allowed', expected: ['ES384'], actual: ['ES256'], message: /is for "ES384"/ },
    });
    expect(await createTokenReader({ lookup: bare, cacheSize: 1 }).read(text, registry)).toMatchObject({
      reason: { code: 'algorithm_not_allowed', expected: [], actual: ['ES256'], message: /names no algorithm/ },
    });
  });

  test('without keys the claims are given, and said to be unverified', async () => {
    const lookup = () => ({ kind: 'unavailable', detail: 'HTTP status 503' }) as const;
    const text = await mint(foreign.privateKey, HEADER);
    expect(await createTokenReader({ lookup, cacheSize: 1 }).read(text, registryOf(issuer))).toMatchObject({
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
