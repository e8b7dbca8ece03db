/** An issuer that says itself where its keys are: real documents, from a real server. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { discover, metadataUrls } from '../../../src/facts/keys/discover.ts';
import { createKeys } from '../../../src/facts/keys/look-up.ts';
import { generate, issuerRecord, type Pair } from './serve.ts';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

let origin: string;
/** What is asked for, in its order. */
let asked: string[];
let documents: Record<string, (response: ServerResponse) => void>;
let pair: Pair;
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  asked.push(request.url ?? '');
  (documents[request.url ?? ''] ?? status(404))(response);
});
beforeAll(async () => {
  pair = await generate('ES256', 'k1');
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
});
beforeEach(() => {
  asked = [];
  documents = { '/jwks': json({ keys: [pair.jwk] }) };
});

const json =
  (body: unknown, type = 'application/json') =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end('{}');
  };
const metadata = (over: Record<string, unknown> = {}) => ({ issuer: origin, jwks_uri: `${origin}/jwks`, ...over });

const parts = () => ({ fetch: globalThis.fetch, timeout_ms: 30_000, stop: new AbortController().signal });
const find = (issuer = origin, allow_private_network = false) => discover({ issuer, allow_private_network }, parts());

test.each([
  ['https://a.example', `https://a.example${OAUTH}`, `https://a.example${OPENID}`],
  ['https://a.example/', `https://a.example${OAUTH}`, `https://a.example${OPENID}`],
  ['https://a.example/t/1', `https://a.example${OAUTH}/t/1`, `https://a.example/t/1${OPENID}`],
  ['https://a.example/t/1/', `https://a.example${OAUTH}/t/1`, `https://a.example/t/1${OPENID}`],
  ['https://a.example:8443/t', `https://a.example:8443${OAUTH}/t`, `https://a.example:8443/t${OPENID}`],
])('%s is looked for where RFC 8414 §3.1 and OpenID Connect Discovery §4.1 say', (issuer, oauth, openid) => {
  expect(metadataUrls(issuer)).toEqual([oauth, openid]);
});

describe('where the key set is', () => {
  test('the metadata of RFC 8414 says first', async () => {
    documents[OAUTH] = json(metadata());
    documents[OPENID] = json(metadata({ jwks_uri: `${origin}/other` }));
    expect(await find()).toEqual({ ok: true, jwks_uri: `${origin}/jwks` });
    expect(asked).toEqual([OAUTH]);
  });

  test.each<[string, () => (response: ServerResponse) => void]>([
    ['404', () => status(404)],
    ['401', () => status(401)],
    ['500', () => status(500)],
    ['a redirect, which is not followed', () => status(302, { location: `${origin}/jwks` })],
  ])('that of OpenID says, where the other is %s', async (_, answer) => {
    documents[OAUTH] = answer();
    documents[OPENID] = json(metadata());
    expect(await find()).toEqual({ ok: true, jwks_uri: `${origin}/jwks` });
    expect(asked).toEqual([OAUTH, OPENID]);
  });

  test('of an issuer with a path, and of one that ends with a slash', async () => {
    documents[`${OAUTH}/tenant`] = json(metadata({ issuer: `${origin}/tenant/` }));
    expect(await find(`${origin}/tenant/`)).toMatchObject({ ok: true });
    expect(await find(`${origin}/tenant`)).toMatchObject({ ok: false });
  });
});

describe('metadata is not believed', () => {
  test.each<[string, (wrong: string) => unknown]>([
    ['of another issuer', () => metadata({ issuer: 'https://other.example.com' })],
    ['with a slash more', () => metadata({ issuer: `${origin}/` })],
    ['in another case', () => metadata({ issuer: origin.replace('http', 'HTTP') })],
    ['without issuer', () => metadata({ issuer: undefined })],
    ['with a list of issuers', () => metadata({ issuer: [origin] })],
  ])('%s (RFC 8414 §3.3), and the other is not asked for then', async (_, document) => {
    documents[OAUTH] = json(document(''));
    documents[OPENID] = json(metadata());
    expect(await find()).toMatchObject({ ok: false, detail: expect.stringContaining('not the registered one') });
    expect(asked).toEqual([OAUTH]);
  });

  test.each<[string, unknown, string]>([
    ['http', 'http://login.example.com/jwks', 'is not https'],
    ['ftp', 'ftp://login.example.com/jwks', 'is no absolute URL'],
    ['file', 'file:///etc/keys.json', 'is no absolute URL'],
    ['relative', '/jwks', 'is no absolute URL'],
    ['with a password', 'https://me:pw@login.example.com/jwks', 'has a user name or password'],
    ['with a fragment', 'https://login.example.com/jwks#a', 'has a fragment'],
    ['on a private address', 'https://10.1.2.3/jwks', 'names a private address'],
    ['on a link-local address', 'https://169.254.169.254/latest', 'names a private address'],
    ['on a private address of IPv6', 'https://[fd00::1]/jwks', 'names a private address'],
    ['on a private address in other digits', 'https://0xa000001/jwks', 'names a private address'],
    ['absent', undefined, 'has no jwks_uri'],
    ['a list', ['https://login.example.com/jwks'], 'has no jwks_uri'],
  ])('with a jwks_uri that is %s', async (_, jwks_uri, says) => {
    documents[OAUTH] = json(metadata({ jwks_uri }));
    expect(await find()).toEqual({ ok: false, detail: expect.stringContaining(says) });
    expect(asked).toEqual([OAUTH]);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['text/html', json(metadataText(), 'text/html')],
    ['no JSON', json('{')],
    ['a list', json([])],
    ['a member twice', json('{"issuer":"a","issuer":"b"}')],
    ['larger than 50 KiB', json({ pad: 'x'.repeat(51 * 1024) })],
    ['a closed connection', (response) => response.destroy()],
  ])('that is %s', async (_, answer) => {
    documents[OAUTH] = answer;
    documents[OPENID] = json(metadata());
    expect(await find()).toMatchObject({ ok: false, detail: expect.stringContaining('the issuer’s metadata: ') });
    expect(asked).toEqual([OAUTH]);
  });

  test('with a jwks_uri on this machine, of an issuer elsewhere', async () => {
    // The document is served by a fetch of this test, because no issuer elsewhere can be had on loopback.
    const issuer = 'https://login.example.com';
    const fetch = async () =>
      new Response(JSON.stringify({ issuer, jwks_uri: `${origin}/jwks` }), {
        headers: { 'content-type': 'application/json' },
      });
    for (const allow_private_network of [false, true])
      expect(await discover({ issuer, allow_private_network }, { ...parts(), fetch })).toEqual({
        ok: false,
        detail: expect.stringContaining('names this machine itself'),
      });
  });

  test('with a private address, unless the registry allows that', async () => {
    documents[OAUTH] = json(metadata({ jwks_uri: 'https://10.1.2.3/jwks' }));
    expect(await find(origin, true)).toEqual({ ok: true, jwks_uri: 'https://10.1.2.3/jwks' });
  });
});

function metadataText(): string {
  return '<html></html>';
}

describe('keys by discovery', () => {
  let clock: number;
  const open = () => {
    clock = Date.parse('2026-11-23T12:00:00Z');
    const keys = createKeys({
      fetch: () => globalThis.fetch,
      now: () => clock,
      settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 30_000, outage_ceiling_seconds: 3600 },
    });
    const issuer = issuerRecord({ kind: 'discovery', issuer: origin, allow_private_network: false }, ['ES256'], {
      issuer: origin,
    });
    keys.retain([issuer]);
    const find = async (kid = 'k1') => keys.lookup(issuer, { kid, alg: 'ES256' });
    return { keys, find };
  };

  test('are fetched once with the metadata, and renewed with it: a set that moved is found', async () => {
    documents[OAUTH] = json(metadata());
    const { keys, find } = open();
    expect((await find()).kind).toBe('key');
    expect((await find()).kind).toBe('key');
    expect(asked).toEqual([OAUTH, '/jwks']);
    const second = await generate('ES256', 'k2');
    documents[OAUTH] = json(metadata({ jwks_uri: `${origin}/moved` }));
    documents['/moved'] = json({ keys: [second.jwk] });
    clock += 301_000;
    expect((await find('k2')).kind).toBe('key');
    expect(asked).toEqual([OAUTH, '/jwks', OAUTH, '/moved']);
    expect((await find('k1')).kind).toBe('unknown');
    keys.close();
  });

  test('stay through an outage of the metadata, up to the ceiling', async () => {
    documents[OAUTH] = json(metadata());
    const { keys, find } = open();
    await find();
    documents[OAUTH] = json(metadata({ issuer: 'https://other.example.com' }));
    clock += 301_000;
    expect((await find()).kind).toBe('key');
    expect(keys.status().corp?.last_error).toContain('not the registered one');
    clock += 3_600_000;
    expect((await find()).kind).toBe('unavailable');
    keys.close();
  });

  test('of nobody who can be reached are unavailable, and the cooldown holds', async () => {
    documents[OAUTH] = (response) => response.destroy();
    const { keys, find } = open();
    expect((await find()).kind).toBe('unavailable');
    expect((await find()).kind).toBe('unavailable');
    expect(asked).toEqual([OAUTH]);
    keys.close();
  });
});
