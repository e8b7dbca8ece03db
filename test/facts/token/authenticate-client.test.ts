import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import type { ClientCredentials } from '../../../src/config/introspection.ts';
import { createAuthenticate } from '../../../src/facts/token/authenticate-client.ts';

const ISS = 'https://login.example.com';
const NOW = Date.parse('2026-11-23T12:00:00Z');
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString();

function shown(own: ClientCredentials, content: string | undefined) {
  let ids = 0;
  const authenticate = createAuthenticate({
    credentials: { files: own },
    readFile: () =>
      content === undefined ? Promise.reject(new Error('ENOENT /etc/secret')) : Promise.resolve(content),
    now: () => NOW,
    newId: () => `id-${++ids}`,
  });
  return authenticate('files', ISS);
}

const basic = { client_id: 'files', method: 'client_secret_basic', secret_file: '/etc/secret' } as const;
const jwt = { client_id: 'files', method: 'private_key_jwt', key_file: '/etc/secret', algorithm: 'ES256' } as const;

describe('client_secret_basic', () => {
  test.each([
    ['plain', 'files', 's3cret', 'files:s3cret'],
    ['with a final newline', 'files', 's3cret\n', 'files:s3cret'],
    ['with a final newline of Windows', 'files', 's3cret\r\n', 'files:s3cret'],
    ['with a space at the end', 'files', 's3cret ', 'files:s3cret+'],
    ['with what RFC 6749 §2.3.1 has encoded', 'a:b c', 'p:%+ä&', 'a%3Ab+c:p%3A%25%2B%C3%A4%26'],
  ])('%s', async (_, client_id, content, pair) => {
    expect(await shown({ ...basic, client_id }, content)).toEqual({
      ok: true,
      client_id,
      headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      form: {},
    });
  });
});

test('client_secret_post puts both into the form, and nothing into a header', async () => {
  expect(await shown({ ...basic, method: 'client_secret_post' }, 's3cret\n')).toEqual({
    ok: true,
    client_id: 'files',
    headers: {},
    form: { client_id: 'files', client_secret: 's3cret' },
  });
});

describe('private_key_jwt', () => {
  test('shows an assertion for this issuer alone, that ends soon (RFC 7523 §3)', async () => {
    const made = await shown({ ...jwt, key_id: 'k1' }, pem(privateKey));
    if (!made.ok) throw new Error(made.detail);
    expect(made.headers).toEqual({});
    const { client_assertion = '', ...rest } = made.form;
    expect(rest).toEqual({ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' });
    const { payload, protectedHeader } = await jwtVerify(client_assertion, publicKey, { currentDate: new Date(NOW) });
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k1' });
    const seconds = NOW / 1000;
    expect(payload).toEqual({
      iss: 'files',
      sub: 'files',
      aud: ISS,
      jti: 'id-1',
      iat: seconds,
      exp: seconds + 60,
    });
  });

  test.each<[string, string | undefined, Partial<typeof jwt> | { algorithm: 'RS256' }, string]>([
    ['is not there', undefined, {}, 'cannot be read'],
    ['is a public key', publicKey.export({ format: 'pem', type: 'spki' }).toString(), {}, 'no private key in PEM'],
    ['is none', 's3cret', {}, 'no private key in PEM'],
    ['is of another kind', pem(privateKey), { algorithm: 'RS256' }, 'cannot sign with RS256'],
    [
      'is of another curve',
      pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
      {},
      'cannot sign with ES256',
    ],
    [
      'is RSA of 1024 bits',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      { algorithm: 'RS256' },
      'cannot sign with RS256',
    ],
  ])('with a key that %s says so, and nothing of it', async (_, content, over, says) => {
    const made = await shown({ ...jwt, ...over }, content);
    expect(made).toEqual({ ok: false, detail: expect.stringContaining(says) });
    expect(JSON.stringify(made)).not.toContain('/etc/secret');
    expect(JSON.stringify(made)).not.toContain('s3cret');
  });
});

test.each([
  ['is not there', undefined, 'cannot be read'],
  ['is empty', '\n', 'is empty'],
  ['has two lines', 'a\nb\n', 'holds more than one line'],
  ['holds NUL', 'a\0b', 'holds more than one line'],
])('a secret that %s is told, without it', async (_, content, says) => {
  expect(await shown(basic, content)).toEqual({ ok: false, detail: `secret_file of server "files" ${says}` });
});

test('a server without credentials has none of another’s', async () => {
  const authenticate = createAuthenticate({
    credentials: { files: basic },
    readFile: () => Promise.resolve('s3cret'),
    now: () => NOW,
    newId: () => 'id',
  });
  for (const server of ['billing', '__proto__', 'constructor', 'toString'])
    expect(await authenticate(server, ISS)).toMatchObject({ ok: false });
});
