/** Signed answers (RFC 9701), from a real endpoint and a real key server. */
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { TokenReading } from '../../../src/facts/token/read.ts';
import { generate, type Pair, serveKeys } from '../keys/serve.ts';
import {
  type Answer,
  active,
  asked,
  FILES,
  ISS,
  json,
  NOW,
  reading,
  serveIntrospection,
  serverWith,
} from './introspection-server.ts';

const OPAQUE = '2YotnFZFEjr1zCsicMWpAA';
const TYPE = 'application/token-introspection+jwt';
const codeOf = (read: TokenReading) => ('reason' in read ? read.reason.code : read.kind);

let own: Pair;
let foreign: Pair;
beforeAll(async () => {
  [own, foreign] = await Promise.all([generate('ES256', 'k1'), generate('ES256', 'k1')]);
});

const jwt = (text: string): Answer => json(text, 200, { 'content-type': TYPE });

interface Over {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly pair?: Pair;
}

function signed({ claims, header, pair = own }: Over = {}): Promise<string> {
  const all = { iss: ISS, aud: 'files-server', iat: NOW, token_introspection: active(), ...claims };
  const head = { alg: 'ES256', kid: 'k1', typ: 'token-introspection+jwt', ...header };
  return new SignJWT(all).setProtectedHeader(head).sign(pair.privateKey);
}

async function read(answer: Answer) {
  const keys = await serveKeys([own.jwk]);
  onTestFinished(() => keys.close());
  const server = await serveIntrospection(answer);
  const issuer = asked(server.endpoint, { signed: { jwks_uri: keys.url } });
  const { reader, introspector } = reading();
  const told = await reader.read(OPAQUE, serverWith([issuer]));
  return { told, keys, server, status: introspector.status() };
}

describe('a signed answer is believed', () => {
  test('where the issuer signed it for this server, now', async () => {
    const { told, server } = await read(jwt(await signed()));
    expect(told).toMatchObject({ kind: 'verified', token: { type: 'introspection', subject: 'user-1' } });
    expect(server.questions[0]?.headers.accept).toBe(TYPE);
  });

  test.each<[string, Over]>([
    ['its aud is the resource', { claims: { aud: FILES } }],
    ['its aud is a list of both', { claims: { aud: ['files-server', FILES] } }],
    ['its typ is the whole media type', { header: { typ: 'application/Token-Introspection+JWT' } }],
    ['it is as old as an answer may be', { claims: { iat: NOW - 15 } }],
    ['its iat lies ahead by the tolerance', { claims: { iat: NOW + 5 } }],
  ])('where %s', async (_, over) => {
    expect(codeOf((await read(jwt(await signed(over)))).told)).toBe('verified');
  });

  test('that the token is not active', async () => {
    const over = { claims: { token_introspection: { active: false } } };
    expect(codeOf((await read(jwt(await signed(over)))).told)).toBe('token_inactive');
  });
});

test.each<[string, Over, string]>([
  ['another server’s aud', { claims: { aud: 'billing-server' } }, 'has an aud that is not'],
  ['another server’s aud beside its own', { claims: { aud: ['files-server', 'billing-server'] } }, 'has an aud'],
  ['no aud', { claims: { aud: undefined } }, 'has an aud'],
  ['an empty aud', { claims: { aud: [] } }, 'has an aud'],
  ['another iss', { claims: { iss: 'https://other.example.com' } }, 'is of another iss'],
  ['no iat', { claims: { iat: undefined } }, 'has no iat'],
  ['an iat of before', { claims: { iat: NOW - 16 } }, 'is older than an answer may be'],
  ['an iat ahead', { claims: { iat: NOW + 6 } }, 'lies ahead'],
  ['an end that has come', { claims: { exp: NOW - 5 } }, 'has ended'],
  [
    'no token_introspection',
    { claims: { token_introspection: undefined, ...active() } },
    'holds no token_introspection',
  ],
  [
    'a token_introspection that is a text',
    { claims: { token_introspection: 'active' } },
    'holds no token_introspection',
  ],
  ['the typ of an access token', { header: { typ: 'at+jwt' } }, 'is not of typ token-introspection+jwt'],
  ['typ JWT', { header: { typ: 'JWT' } }, 'is not of typ'],
  ['no typ', { header: { typ: undefined } }, 'is not of typ'],
  ['no kid', { header: { kid: undefined } }, 'has a header that no signed answer may have'],
  ['a key of its own', { header: { jwk: { kty: 'EC' } } }, 'has a header that no signed answer may have'],
  ['another kid', { header: { kid: 'k2' } }, 'names a key that the issuer does not publish'],
])('an answer with %s is none', async (_, over, says) => {
  const { told, status } = await read(jwt(await signed(over)));
  expect(codeOf(told)).toBe('introspection_unavailable');
  expect(status.opaque?.last_error).toContain(says);
});

test('a signature of another key, a changed one, and none', async () => {
  const right = await signed();
  const [header = '', payload = ''] = right.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1', typ: 'token-introspection+jwt' })).toString(
    'base64url',
  );
  for (const [text, says] of [
    [await signed({ pair: foreign }), 'has a signature that does not verify'],
    [`${header}.${payload}.${'A'.repeat(86)}`, 'has a signature that does not verify'],
    [`${none}.${payload}.`, 'is signed with an algorithm other than ES256'],
    [`${right}.${right}`, 'is no JWT'],
    ['{"active":true}', 'is no JWT'],
    [`${right}\n`, 'is no JWT'],
  ] as const) {
    const { told, status } = await read(jwt(text));
    expect(codeOf(told)).toBe('introspection_unavailable');
    expect(status.opaque?.last_error).toContain(says);
  }
});

test('an answer that is not signed is none, where it is to be', async () => {
  const { told, status } = await read(json(active()));
  expect(codeOf(told)).toBe('introspection_unavailable');
  expect(status.opaque?.last_error).toContain('the content type is not application/token-introspection+jwt');
});

test('an answer whose keys cannot be had is none', async () => {
  const server = await serveIntrospection(jwt(await signed()));
  const { reader, introspector } = reading();
  const issuer = asked(server.endpoint, { signed: { jwks_uri: 'http://127.0.0.1:9/jwks' } });
  expect(codeOf(await reader.read(OPAQUE, serverWith([issuer])))).toBe('introspection_unavailable');
  expect(introspector.status().opaque?.last_error).toContain('cannot be verified');
});

test('an access token of the issuer, signed with the key of its answers, is asked about and not believed', async () => {
  const { told } = await read(jwt(await signed({ claims: { token_introspection: { active: false } } })));
  expect(codeOf(told)).toBe('token_inactive');
});
