/**
 * Whatever goes wrong with an issuer's key server: what is decided of a good, a foreign and an expired token, while it goes
 * wrong and after (design 4). What no key could make right is denied throughout; nothing is ever allowed by a key that was
 * not had in order. `?` marks a reason read from a token that nobody could verify.
 */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import tls from 'node:tls';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { createIssuerKey, type IssuerKey } from '../../src/testing/mint.ts';
import { type Answer, send } from '../facts/keys/serve.ts';
import { createAuthority } from '../http/certificates.ts';
import { BILLING, type Desk, type DeskParts, openDesk } from './key-server.ts';

interface Fault {
  readonly name: string;
  /** What the key server answers meanwhile. */
  readonly answer: (key: IssuerKey) => Answer | readonly unknown[] | Promise<readonly unknown[]>;
  /** In the log and status. */
  readonly told: RegExp;
  readonly parts?: DeskParts;
}

const set = (...keys: readonly unknown[]) => JSON.stringify({ keys });
const NO_KEY = /none of the \d members is a usable key/;
const endless: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = () => {
    while (response.writable && response.write(' '.repeat(4096)));
  };
  response.on('drain', more);
  more();
};

const FAULTS: readonly Fault[] = [
  { name: 'the connection is closed', answer: () => (request) => request.socket.destroy(), told: /request failed/ },
  {
    name: 'nothing comes',
    answer: () => () => {},
    told: /no complete answer within 3000 ms/,
    parts: { timeout_ms: 3000 },
  },
  {
    name: 'the body stops in the middle',
    answer: () => (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"keys":[');
    },
    told: /no complete answer within 3000 ms/,
    parts: { timeout_ms: 3000 },
  },
  { name: '500, with the right keys', answer: ({ jwk }) => send(set(jwk), {}, 500), told: /HTTP status 500/ },
  { name: '404', answer: () => send('{}', {}, 404), told: /HTTP status 404/ },
  { name: 'a redirect', answer: () => send('', { location: '/jwks?again' }, 302), told: /redirect/ },
  {
    name: 'a redirect, with the right keys',
    answer: ({ jwk }) => send(set(jwk), { location: '/' }, 307),
    told: /redirect/,
  },
  {
    name: '51 KiB, the right key first',
    answer: ({ jwk }) => send(`${set(jwk)}${' '.repeat(51 * 1024)}`),
    told: /exceeds 51200 bytes/,
  },
  { name: 'a body without end', answer: () => endless, told: /exceeds 51200 bytes/ },
  { name: 'no JSON', answer: ({ jwk }) => send(`${set(jwk)},`), told: /not well-formed JSON/ },
  { name: 'members twice', answer: ({ jwk }) => send(`{"keys":[],${set(jwk).slice(1)}`), told: /not well-formed JSON/ },
  { name: 'another type', answer: ({ jwk }) => send(set(jwk), { 'content-type': 'text/html' }), told: /content type/ },
  { name: 'no key set', answer: ({ jwk }) => send(JSON.stringify([jwk])), told: /no key set/ },
  { name: 'an empty set', answer: () => [], told: NO_KEY },
  { name: 'a null member alone', answer: () => [null], told: NO_KEY },
  {
    name: 'the right key twice',
    answer: ({ jwk }) => [jwk, jwk],
    told: NO_KEY,
  },
  { name: 'the right key, and its private half', answer: async ({ jwk }) => [jwk, await leaked(jwk)], told: NO_KEY },
  { name: 'the right key for encryption', answer: ({ jwk }) => [{ ...jwk, use: 'enc' }], told: NO_KEY },
  { name: 'the right key without a name', answer: ({ jwk }) => [{ ...jwk, kid: undefined }], told: NO_KEY },
  { name: 'a symmetric key', answer: () => [{ kty: 'oct', kid: 'key-1', alg: 'HS256', k: 'c2VjcmV0' }], told: NO_KEY },
];

/** Only that it is there counts: no test signs with it. */
const leaked = async (jwk: object) => ({ ...jwk, d: 'AAAA' });

const DENIED = { foreign: 'deny audience_mismatch', expired: 'deny token_expired' };
/** Nobody knows whether the issuer said it; denied it is. */
const UNVERIFIED = { foreign: 'deny audience_mismatch?', expired: 'deny token_expired?' };

/** Three fresh tokens, so that none is remembered. */
async function decided({ token, said }: Desk) {
  return {
    good: await said(await token()),
    foreign: await said(await token({ claims: { aud: BILLING } })),
    expired: await said(await token({ claims: { iat: '-600', exp: '-60' } })),
  };
}

const lastError = ({ service }: Desk) => service.issuerStatus().corp?.last_error;

test.each(FAULTS)('keys that never came: $name', async ({ answer, told, parts }) => {
  const desk = await openDesk(parts);
  desk.server.answer(await answer(desk.key));
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });
  expect(lastError(desk)).toMatch(told);
  // Whoever sends tokens with names of their own learns nothing else, and sends no request along.
  for (const kid of ['mine', '../key-1', 'key-2'])
    expect(await desk.said(await desk.token({ header: { kid } }))).toBe('indeterminate keys_unavailable');
  expect(desk.server.count()).toBe(1);

  desk.server.answer([desk.key.jwk]);
  desk.pass(30);
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  expect(lastError(desk)).toBeNull();
});

test.each(FAULTS)('keys that were held: $name', async ({ answer, told, parts }) => {
  const desk = await openDesk(parts);
  const remembered = await desk.token({ claims: { exp: '+890' } });
  expect(await desk.said(remembered)).toBe('allow');
  desk.server.answer(await answer(desk.key));
  desk.pass(301);
  // The last good ones serve, and only they.
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  expect(await desk.said(remembered)).toBe('allow');
  for (let n = 0; n < 20; n += 1) {
    expect(await desk.said(await desk.token({ header: { kid: `key-${n + 2}` } }))).toBe('deny key_unknown?');
  }
  expect(lastError(desk)).toMatch(told);
  expect(desk.server.count()).toBe(2);

  desk.pass(3600);
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });

  desk.server.answer([desk.key.jwk]);
  desk.pass(30);
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
});

test('nobody listens, at the start and later', async () => {
  const gone = createServer();
  await new Promise<void>((done) => gone.listen(0, '127.0.0.1', done));
  const { port } = gone.address() as AddressInfo;
  await new Promise((done) => gone.close(done));
  const desk = await openDesk({ issuer: { jwks_uri: `http://127.0.0.1:${port}/jwks` } });
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });
  expect(lastError(desk)).toMatch(/ECONNREFUSED/);
  desk.write({});
  await desk.service.reload();
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  await desk.server.close();
  desk.pass(301);
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  desk.pass(3600);
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });
});

test('a slow one is waited for once, by all who came meanwhile', async () => {
  const desk = await openDesk();
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
  const { promise: free, resolve: letGo } = Promise.withResolvers<void>();
  desk.server.answer((request, response) => {
    arrived();
    void free.then(() => send(set(desk.key.jwk))(request, response));
  });
  const waiting = Promise.all(Array.from({ length: 20 }, () => decided(desk)));
  await asked;
  letGo();
  for (const one of await waiting) expect(one).toEqual({ good: 'allow', ...DENIED });
  expect(desk.server.count()).toBe(1);
});

test('bad members beside the right key take nothing away', async () => {
  const desk = await openDesk();
  const { jwk } = desk.key;
  const other = await exportJWK((await generateKeyPair('ES256')).publicKey);
  desk.server.answer([
    null,
    7,
    [],
    {},
    { ...other, kid: 'e', use: 'enc' },
    { kty: 'oct', k: 'AA', kid: 's' },
    { ...other, kid: 'p', d: 'AA' },
    jwk,
  ]);
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  for (const kid of ['e', 's', 'p'])
    expect(await desk.said(await desk.token({ header: { kid } }))).toBe('deny key_unknown?');
});

test('rotation: the new key is taken up when its first token comes, the old one goes with the set that lacks it', async () => {
  const desk = await openDesk();
  const old = await desk.token({ claims: { exp: '+890' } });
  expect(await desk.said(old)).toBe('allow');
  const next = await createIssuerKey('key-2', 'ES256');
  desk.server.answer([desk.key.jwk, next.jwk]);
  expect(await desk.said(await desk.token({}, next))).toBe('allow');
  expect(await desk.said(old)).toBe('allow');
  desk.server.answer([next.jwk]);
  desk.pass(301);
  expect(await desk.said(old)).toBe('deny key_unknown?');
  expect(await desk.said(await desk.token())).toBe('deny key_unknown?');
  expect(await desk.said(await desk.token({}, next))).toBe('allow');
});

test('a clock that jumps: no key lives longer for it, no token is judged by another time, nothing floods', async () => {
  const desk = await openDesk();
  const token = await desk.token({ claims: { exp: '+890' } });
  expect(await desk.said(token)).toBe('allow');
  desk.pass(-86_400);
  expect(await desk.said(token)).toBe('deny token_not_yet_valid lifetime_exceeded');
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
  desk.pass(86_400);
  expect(await desk.said(token)).toBe('allow');
  expect(desk.server.count()).toBeLessThanOrEqual(2);
  desk.server.answer(send('', {}, 500));
  desk.pass(400 * 86_400);
  expect(await desk.said(token)).toBe('deny token_expired?');
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });
  expect(desk.server.count()).toBeLessThanOrEqual(3);
});

test('a name that resolves to a private address when it is connected to, whatever it was before', async () => {
  const authority = await createAuthority();
  const { certificate: cert, key } = await authority.issue('DNS:keys.example.com', 'serverAuth');
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, authority.certificate]);
  onTestFinished(() => tls.setDefaultCACertificates(trusted));
  let published: JWK | undefined;
  let requests = 0;
  const server = createTlsServer({ cert, key }, (_, answer) => {
    requests += 1;
    answer.setHeader('content-type', 'application/json').end(set(published));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const rebound: LookupFunction = (_, { all }, done) =>
    all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  const { port } = server.address() as AddressInfo;
  const issuer = { jwks_uri: `https://keys.example.com:${port}/jwks` };
  const desk = await openDesk({ issuer, lookup: rebound });
  published = desk.key.jwk as JWK;
  expect(await decided(desk)).toEqual({ good: 'indeterminate keys_unavailable', ...UNVERIFIED });
  expect(lastError(desk)).toMatch(/not sent: its name resolves to an address that is not public/);
  expect(requests).toBe(0);

  desk.write({ ...issuer, allow_private_network: true });
  expect((await desk.service.reload()).ok).toBe(true);
  expect(await decided(desk)).toEqual({ good: 'allow', ...DENIED });
});
