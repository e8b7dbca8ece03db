import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { DPOP_ALGORITHMS } from '../../../src/decision/dpop.ts';
import { createDpopReader, type DpopSettings } from '../../../src/facts/proof/dpop.ts';
import { createNonces } from '../../../src/facts/proof/nonces.ts';
import type { ProofContext } from '../../../src/facts/proof/proofs.ts';
import type { Json } from '../../../src/json/value.ts';
import { type Change, holderOf, jwt, prove, sha256, signWith } from './prove.ts';

const NOW = 1_795_435_200;
const RESOURCE = 'https://files.example.com/mcp';
const TOKEN = 'an.access.token';
const holder = await holderOf('ES256');
const right = { holder, resource: RESOURCE, token: TOKEN, now: NOW };
const settings: DpopSettings = { max_age_seconds: 60 };

const context = (change: Partial<ProofContext> = {}, jkt: Json = holder.jkt): ProofContext => ({
  token: {
    ...{ type: 'at+jwt', issuer: 'https://login.example.com', audiences: [RESOURCE], scopes: [], claims: {} },
    confirmation: { jkt },
  },
  text: TOKEN,
  scheme: 'dpop',
  server: { key: 'files', resource: RESOURCE },
  method: 'POST',
  now: NOW,
  ...change,
});

const read = (values: readonly string[], at: ProofContext = context(), by: DpopSettings = settings) =>
  createDpopReader(by)(values, at);

/** What a proof with this change is refused as, and what its message says of it. */
async function refusalOf(change: Change, at?: ProofContext, by?: DpopSettings) {
  const reading = await read([await prove(right, change)], at, by);
  return reading.kind === 'refused' ? `${reading.code}: ${reading.reason.message}` : reading.kind;
}

describe('a right proof', () => {
  test('is proved, and what is marked as used is its jti, under its key and server', async () => {
    expect(await read([await prove(right)])).toEqual({
      kind: 'proved',
      facts: { jkt: holder.jkt, algorithm: 'ES256', issued_at: NOW },
      once: { server: 'files', jkt: holder.jkt, jti: 'a-jti', issued_at: NOW, until: NOW + 66 },
    });
  });

  test.each(DPOP_ALGORITHMS)('of %s is proved', async (alg) => {
    const other = await holderOf(alg);
    const proof = await prove({ ...right, holder: other });
    expect(await read([proof], context({}, other.jkt))).toMatchObject({ kind: 'proved', facts: { algorithm: alg } });
  });

  test.each<[string, Change]>([
    ['a key id beside the key', { header: { kid: 'mine' } }],
    [
      'a jwk that says its use',
      { header: { jwk: { ...holder.jwk, use: 'sig', key_ops: ['verify'], alg: 'ES256' } as Json } },
    ],
    ['an htu with query and fragment', { claims: { htu: `${RESOURCE}?a=b#c` } }],
    ['an htu in capitals, with its default port', { claims: { htu: 'HTTPS://FILES.example.com:443/mcp' } }],
    ['a jti of 255 characters', { claims: { jti: 'j'.repeat(255) } }],
    ['the last second of its age', { claims: { iat: NOW - 60 } }],
    ['a clock ahead by what is tolerated', { claims: { iat: NOW + 5 } }],
    ['a nonce that nobody asked for', { claims: { nonce: 'some' } }],
    ['an end that lies ahead', { claims: { exp: NOW + 10, nbf: NOW } }],
    ['claims that are nobody’s', { claims: { sub: 'user', aud: 'x' } }],
  ])('may have %s', async (_, change) => {
    expect(await refusalOf(change)).toBe('proved');
  });
});

describe('by the scheme', () => {
  test('Bearer needs no proof for an unbound token, and a proof that comes along is not looked at', async () => {
    const unbound = { ...context().token, confirmation: undefined };
    const { confirmation: _, ...token } = unbound;
    expect(await read(['rubbish'], context({ token, scheme: 'bearer' }))).toEqual({ kind: 'none' });
  });

  test('Bearer does not do for a bound token, whatever proof came along', async () => {
    expect(await read([await prove(right)], context({ scheme: 'bearer' }))).toMatchObject({ code: 'proof_missing' });
  });

  test('DPoP needs a bound token', async () => {
    const { confirmation: _, ...token } = context().token;
    expect(await read([await prove(right)], context({ token }))).toMatchObject({ code: 'token_not_bound' });
    const certified = { ...token, confirmation: { 'x5t#S256': 'a' } };
    expect(await read([await prove(right)], context({ token: certified }))).toMatchObject({ code: 'token_not_bound' });
  });

  test('DPoP needs a proof', async () => {
    expect(await read([])).toMatchObject({ code: 'proof_missing' });
  });
});

describe('check 1: one header', () => {
  test('two are refused, whatever they hold, also where a proxy joined them', async () => {
    const proof = await prove(right);
    expect(await read([proof, proof])).toMatchObject({ code: 'proof_invalid', reason: { actual: [2] } });
    expect(await read([`${proof}, ${proof}`])).toMatchObject({ code: 'proof_invalid', reason: { actual: [2] } });
    expect(await read([proof, ''])).toMatchObject({ code: 'proof_invalid' });
  });
});

describe('check 2: one well-formed JWT', () => {
  test.each<[string, (proof: string) => string]>([
    ['nothing', () => ''],
    ['opaque text', () => 'proof'],
    ['two segments', (proof) => proof.split('.').slice(0, 2).join('.')],
    ['five segments', (proof) => `${proof}.a.b`],
    ['padding', (proof) => `${proof}=`],
    ['a space before it', (proof) => ` ${proof}`],
    ['another spelling of its signature', (proof) => `${proof.slice(0, -1)}${proof.endsWith('A') ? 'B' : 'A'}A`],
    ['characters of base64', (proof) => `${proof.slice(0, -1)}+`],
    ['a scheme before it', (proof) => `DPoP ${proof}`],
  ])('%s is refused', async (_, change) => {
    expect(await read([change(await prove(right))])).toMatchObject({ code: 'proof_invalid' });
  });

  test('more than 8,192 characters are refused, though all else is right', async () => {
    expect(await refusalOf({ claims: { note: 'x'.repeat(6000 - 450) } })).toBe('proved');
    expect(await refusalOf({ claims: { note: 'x'.repeat(6000) } })).toMatch(/proof_invalid: .* at most 8192/);
  });

  test.each<[string, string]>([
    ['a list', '[]'],
    ['null', 'null'],
    ['twice the same member', '{"typ":"dpop+jwt","typ":"dpop+jwt"}'],
    ['no JSON', '{typ:1}'],
    ['a byte order mark', '\ufeff{}'],
    ['a member __proto__', '{"__proto__":{}}'],
  ])('a header or claims of %s are refused', async (_, text) => {
    const segment = Buffer.from(text).toString('base64url');
    const [header = '', claims = '', signature = ''] = (await prove(right)).split('.');
    expect(await read([`${segment}.${claims}.${signature}`])).toMatchObject({ code: 'proof_invalid' });
    expect(await read([`${header}.${segment}.${signature}`])).toMatchObject({ code: 'proof_invalid' });
  });
});

describe('check 3: all required claims', () => {
  const wrong: readonly (readonly [string, readonly (Json | undefined)[]])[] = [
    ['jti', [undefined, null, '', 'j'.repeat(256), 'a\nb', 7, ['a']]],
    ['htm', [undefined, null, '', 7, 'PO\u0000ST']],
    ['htu', [undefined, null, '', 7, `${RESOURCE}\n`, { a: 1 }, 'a'.repeat(2049)]],
    ['iat', [undefined, null, '1', NOW + 0.5, -1, 253_402_300_800, [NOW]]],
    ['ath', [undefined, null, '', 7]],
    ['nonce', [null, '', 7, {}]],
    ['exp', [null, String(NOW + 10), NOW + 0.5]],
    ['nbf', [null, String(NOW), NOW - 0.5]],
  ];
  test.each(wrong.flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    '%s of %j is refused by name, without its value',
    async (name, value) => {
      const refusal = await refusalOf({ claims: { [name]: value } });
      expect(refusal).toMatch(`proof_invalid: The claim "${name}" of the proof must be`);
    },
  );
});

describe('check 4: typ', () => {
  test.each([undefined, null, 'JWT', 'at+jwt', 'DPOP+JWT', 'application/dpop+jwt', 'dpop', ['dpop+jwt']])(
    '%j is refused',
    async (typ) => {
      expect(await refusalOf({ header: { typ } })).toMatch(/proof_invalid: .*typ/);
    },
  );
});

describe('check 5: alg', () => {
  test.each([
    undefined,
    null,
    'none',
    'None',
    'HS256',
    'HS384',
    'HS512',
    'ES256K',
    'es256',
    'RSA-OAEP',
    'Ed448',
    ['ES256'],
  ])('%j is refused', async (alg) => {
    expect(await refusalOf({ header: { alg } })).toMatch(/proof_invalid: .*\(alg\)/);
  });

  test('none with an empty signature is refused', async () => {
    const [, claims = ''] = (await prove(right)).split('.');
    const header = { typ: 'dpop+jwt', alg: 'none', jwk: holder.jwk };
    const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}.`;
    expect(await read([text])).toMatchObject({ code: 'proof_invalid' });
  });

  test.each(['ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256'])('%s does not fit a key of P-256', async (alg) => {
    expect(await refusalOf({ header: { alg } })).toMatch(/proof_invalid: The jwk of the proof is no key of/);
  });
});

describe('the header brings no other key, and no other reading', () => {
  test.each(['crit', 'jku', 'x5u', 'x5c', 'cty', 'zip', 'b64', 'enc'])('%s is refused', async (member) => {
    for (const value of [null, true, [], 'https://evil.example'])
      expect(await refusalOf({ header: { [member]: value } })).toMatch(
        `proof_invalid: The proof's header holds "${member}"`,
      );
  });
});

describe('check 6: the signature', () => {
  test('of another key is refused', async () => {
    const thief = await holderOf('ES256');
    const { header, claims } = {
      header: { typ: 'dpop+jwt', alg: 'ES256', jwk: holder.jwk as Json },
      claims: { jti: 'a', htm: 'POST', htu: RESOURCE, iat: NOW, ath: sha256(TOKEN) },
    };
    const proof = await jwt(header, claims, (data) => signWith(thief, data));
    expect(await read([proof])).toMatchObject({
      code: 'proof_invalid',
      reason: { message: expect.stringContaining('signature') },
    });
  });

  test('over other claims is refused', async () => {
    const [header, , signature] = (await prove(right, { claims: { jti: 'another' } })).split('.');
    const [, claims] = (await prove(right)).split('.');
    expect(await read([`${header}.${claims}.${signature}`])).toMatchObject({ code: 'proof_invalid' });
  });

  test.each([0, 63, 65, 72])('of %d zeros is refused', async (length) => {
    const [header, claims] = (await prove(right)).split('.');
    const zeros = Buffer.alloc(length).toString('base64url');
    expect(await read([`${header}.${claims}.${zeros}`])).toMatchObject({ code: 'proof_invalid' });
  });
});

describe('check 7: a public key', () => {
  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'one with "%s" is refused, and not repeated',
    async (member) => {
      const jwk = { ...holder.jwk, [member]: 'c2VjcmV0' } as Json;
      const refusal = await refusalOf({ header: { jwk } });
      expect(refusal).toMatch('proof_invalid: The jwk of the proof holds a private key');
      expect(refusal).not.toContain('c2VjcmV0');
    },
  );

  const P256 = holder.jwk;
  test.each<[string, Json | undefined]>([
    ['none', undefined],
    ['null', null],
    ['a text', 'key'],
    ['a list', [P256 as Json]],
    ['an empty one', {}],
    ['a symmetric type', { kty: 'oct' }],
    ['no x', { ...P256, x: undefined } as unknown as Json],
    ['a short x', { ...P256, x: 'AA' } as Json],
    ['an x with leading zeros', { ...P256, x: Buffer.alloc(33).toString('base64url') } as Json],
    ['a point off the curve', { ...P256, y: P256.x ?? '' } as Json],
    [
      'the point at infinity',
      { ...P256, x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') } as Json,
    ],
    ['another curve', { ...P256, crv: 'secp256k1' } as Json],
    ['another alg', { ...P256, alg: 'ES384' } as Json],
    ['encryption as its use', { ...P256, use: 'enc' } as Json],
    ['other operations', { ...P256, key_ops: ['encrypt'] } as Json],
  ])('%s is refused', async (_, jwk) => {
    const refused = await read([await prove(right, { header: { jwk } })]);
    // A key of another form is another key: its thumbprint may be compared first.
    expect(refused).toMatchObject({ kind: 'refused', code: expect.stringMatching(/^proof_(invalid|mismatch)$/) });
  });

  // The token's issuer took the key, whatever it is: only then is it imported, and asked about a signature.
  const rsa = (bytes: (modulus: Buffer) => void): Json => {
    const modulus = Buffer.alloc(256, 0xff);
    bytes(modulus);
    return { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  };
  const [x = '', y = ''] = [P256.x, P256.y];
  const zeros = (size: number) => Buffer.alloc(size).toString('base64url');
  test.each<[string, string, Json]>([
    ['a point off the curve', 'ES256', { kty: 'EC', crv: 'P-256', x: y, y: x }],
    ['a point at infinity', 'ES256', { kty: 'EC', crv: 'P-256', x: zeros(32), y: zeros(32) }],
    [
      'a coordinate beyond the field',
      'ES256',
      { kty: 'EC', crv: 'P-256', x: Buffer.alloc(32, 0xff).toString('base64url'), y },
    ],
    ['a short y', 'ES256', { kty: 'EC', crv: 'P-256', x, y: 'AA' }],
    [
      'a padded y',
      'ES256',
      {
        kty: 'EC',
        crv: 'P-256',
        x,
        y: Buffer.concat([Buffer.alloc(1), Buffer.from(y, 'base64url')]).toString('base64url'),
      },
    ],
    ['an x in another spelling', 'ES256', { kty: 'EC', crv: 'P-256', x: `${x}=`, y }],
    ['no y', 'ES256', { kty: 'EC', crv: 'P-256', x }],
    [
      'a point of Ed25519 that is none',
      'EdDSA',
      { kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32, 0xff).toString('base64url') },
    ],
    ['a point of order 1', 'EdDSA', { kty: 'OKP', crv: 'Ed25519', x: zeros(32) }],
    [
      'a modulus in another spelling',
      'RS256',
      { kty: 'RSA', n: `${Buffer.alloc(256, 0xff).toString('base64')}`, e: 'AQAB' },
    ],
    ['an even modulus', 'RS256', rsa((bytes) => bytes.writeUInt8(0xfe, 255))],
    ['a modulus that is a power of two', 'PS256', rsa((bytes) => bytes.fill(0).writeUInt8(0x80, 0))],
    ['no modulus', 'RS256', { kty: 'RSA', e: 'AQAB' }],
  ])('%s is refused, though the token is bound to it', async (_, alg, jwk) => {
    const members = jwk as Readonly<Record<string, string>>;
    // Where no thumbprint can be had, no token is bound to it either.
    const jkt = await calculateJwkThumbprint(members).catch(() => 'none');
    const [header, claims] = (await prove(right, { header: { alg, jwk } })).split('.');
    for (const length of [64, 256])
      expect(await read([`${header}.${claims}.${zeros(length)}`], context({}, jkt))).toMatchObject({
        code: 'proof_invalid',
      });
  });

  test.each([1024, 2047])('RSA of %d bits is refused', async (modulusLength) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    const jwk = publicKey.export({ format: 'jwk' }) as Json;
    expect(await refusalOf({ header: { alg: 'RS256', jwk } })).toMatch(/proof_invalid: .*modulus/);
  });

  test('RSA with another exponent, or a padded modulus, is refused', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const three = publicKey.export({ format: 'jwk' }) as Json;
    expect(await refusalOf({ header: { alg: 'RS256', jwk: three } })).toMatch(/proof_invalid: .*exponent/);
    const { jwk } = await holderOf('RS256');
    const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(jwk.n ?? '', 'base64url')]).toString('base64url');
    expect(await refusalOf({ header: { alg: 'RS256', jwk: { ...jwk, n: padded } as Json } })).toMatch(
      /proof_invalid: .*modulus/,
    );
  });
});

describe('check 8: htm', () => {
  test.each(['GET', 'post', 'Post', 'POST ', 'DELETE'])('%j is refused for a POST', async (htm) => {
    expect(await refusalOf({ claims: { htm } })).toMatch(/proof_invalid: .*\(htm\)/);
  });

  test('a method that nobody handed on matches nothing', async () => {
    const { method: _, ...unsaid } = context();
    expect(await refusalOf({}, unsaid)).toMatch(/proof_invalid: .*htm/);
  });

  test('each method has its own', async () => {
    expect(await refusalOf({ claims: { htm: 'GET' } }, context({ method: 'GET' }))).toBe('proved');
  });
});

describe('check 9: htu', () => {
  test.each([
    'https://files.example.com/mcp/',
    'https://files.example.com/',
    'https://files.example.com',
    'https://files.example.com/MCP',
    'https://billing.example.com/mcp',
    'http://files.example.com/mcp',
    'https://files.example.com:8443/mcp',
    'https://user@files.example.com/mcp',
    'https://files.example.com./mcp',
    '/mcp',
    'files.example.com/mcp',
    'https://files.example.com/mcp/../admin',
    'https:files.example.com/mcp',
  ])('%s is refused', async (htu) => {
    expect(await refusalOf({ claims: { htu } })).toMatch(/proof_invalid: .*\(htu\)/);
  });
});

describe('check 10: the nonce', () => {
  const secret = Buffer.alloc(32, 7);
  const nonces = createNonces({ secrets: [secret], max_age_seconds: 300 });
  const asked: DpopSettings = { ...settings, nonces };
  const withNonce = async (nonce: string | undefined, at = context()) =>
    read([await prove(right, { claims: { nonce } })], at, asked);

  test('is asked for, and the next one given', async () => {
    const reading = await withNonce(undefined);
    expect(reading).toMatchObject({
      code: 'proof_nonce_required',
      response_headers: { 'dpop-nonce': [expect.any(String)] },
    });
    const [nonce = ''] = (reading.kind !== 'none' && reading.response_headers?.['dpop-nonce']) || [];
    expect(await withNonce(nonce)).toMatchObject({ kind: 'proved' });
    expect(await withNonce(nonce)).not.toHaveProperty('response_headers');
  });

  test.each<[string, string]>([
    ['of nobody', 'eyJhbGciOiJub25lIn0'],
    ['too old', nonces.issue('files', NOW - 301)],
    ['from ahead', nonces.issue('files', NOW + 6)],
    ['of another server', nonces.issue('billing', NOW)],
    ['of another secret', createNonces({ secrets: [Buffer.alloc(32, 8)], max_age_seconds: 300 }).issue('files', NOW)],
  ])('one %s is refused', async (_, nonce) => {
    expect(await withNonce(nonce)).toMatchObject({
      code: 'proof_nonce_required',
      response_headers: { 'dpop-nonce': [expect.any(String)] },
    });
  });

  test('that is ageing is good, and the next one is given with the answer', async () => {
    const reading = await withNonce(nonces.issue('files', NOW - 200));
    expect(reading).toMatchObject({ kind: 'proved', response_headers: { 'dpop-nonce': [nonces.issue('files', NOW)] } });
  });

  test('is told last: whoever is sent for one has nothing else wrong', async () => {
    expect(await refusalOf({ claims: { htm: 'GET' } }, context(), asked)).toMatch('proof_invalid');
  });
});

describe('check 11: iat', () => {
  test.each([NOW - 61, NOW - 3600, NOW + 6, 0])('%d is refused', async (iat) => {
    expect(await refusalOf({ claims: { iat } })).toMatch(/proof_invalid: .*\(iat\)/);
  });

  test('before the process started is refused, where used proofs are forgotten with it', async () => {
    const forgetful = { ...settings, started_at: NOW - 10 };
    expect(await refusalOf({ claims: { iat: NOW - 11 } }, context(), forgetful)).toMatch(
      /proof_invalid: .*before this process started/,
    );
    expect(await refusalOf({ claims: { iat: NOW - 10 } }, context(), forgetful)).toBe('proved');
  });

  test('an end that has passed, or a beginning that lies ahead, is meant', async () => {
    expect(await refusalOf({ claims: { exp: NOW - 5 } })).toMatch(/proof_invalid: .*exp/);
    expect(await refusalOf({ claims: { nbf: NOW + 6 } })).toMatch(/proof_invalid: .*nbf/);
  });
});

describe('check 12: this token, and the key that it is bound to', () => {
  test.each([sha256('another token'), `${sha256(TOKEN)}=`, sha256(`DPoP ${TOKEN}`), TOKEN])(
    'ath %s is refused',
    async (ath) => {
      expect(await refusalOf({ claims: { ath } })).toMatch(/proof_invalid: .*ath/);
    },
  );

  test('another key is a mismatch', async () => {
    expect(await refusalOf({}, context({}, (await holderOf('ES256')).jkt))).toMatch('proof_mismatch');
  });

  test.each<Json>([null, 7, '', [holder.jkt], { jkt: holder.jkt }])('a cnf.jkt of %j matches no key', async (jkt) => {
    expect(await refusalOf({}, context({}, jkt))).toMatch('proof_mismatch');
  });

  test('is compared before the signature: a foreign key costs no verification', async () => {
    const thief = await holderOf('ES256');
    const [header, claims] = (await prove({ ...right, holder: thief })).split('.');
    expect(await read([`${header}.${claims}.AAAA`])).toMatchObject({ code: 'proof_mismatch' });
  });
});

test('no refusal repeats the proof or its signature', async () => {
  const proof = await prove(right, { claims: { htm: 'GET' } });
  const reading = await read([proof]);
  for (const part of [proof, ...proof.split('.')]) expect(JSON.stringify(reading)).not.toContain(part);
});
