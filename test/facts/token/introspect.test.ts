import { describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../../src/facts/keys/request.ts';
import type { TokenReading } from '../../../src/facts/token/read.ts';
import { generate, issuerRecord } from '../keys/serve.ts';
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

async function answered(answer: Answer, timeout_ms = 30_000) {
  const server = await serveIntrospection(answer);
  const issuer = asked(server.endpoint);
  const { reader, events, introspector } = reading({ timeout_ms });
  const read = await reader.read(OPAQUE, serverWith([issuer]));
  return { read, events, questions: server.questions, status: introspector.status() };
}

const codeOf = (read: TokenReading) => ('reason' in read ? read.reason.code : read.kind);

describe('an opaque token', () => {
  test('is read from the answer of its issuer, which is asked with the server’s own credentials', async () => {
    const { read, questions, events, status } = await answered(json(active({ cnf: { jkt: 'k' }, username: 'u' })));
    if (read.kind !== 'verified') throw new Error(codeOf(read));
    const { claims, ...token } = read.token;
    expect(token).toEqual({
      type: 'introspection',
      issuer: ISS,
      audiences: [FILES],
      scopes: ['files:read'],
      subject: 'user-1',
      client_id: 'client-1',
      issued_at: NOW,
      expires_at: NOW + 300,
      confirmation: { jkt: 'k' },
    });
    expect(claims).not.toHaveProperty('active');
    expect(claims).toMatchObject({ username: 'u' });
    expect(questions).toHaveLength(1);
    expect(Object.fromEntries(questions[0]?.form ?? [])).toEqual({ token: OPAQUE, token_type_hint: 'access_token' });
    expect(questions[0]?.headers.authorization).toBe(`Basic ${btoa('files-server:s3cret')}`);
    expect(events).toEqual([{ kind: 'answered', issuer: 'opaque', active: true }]);
    expect(status).toEqual({ opaque: { answered_at: '2026-11-23T12:00:00.000Z', last_error: null } });
  });

  test('of few claims is read, and what is absent stays so', async () => {
    const { iss, aud, client_id, exp } = active();
    const { read } = await answered(json({ active: true, iss, aud, client_id, exp }));
    if (read.kind !== 'verified') throw new Error(codeOf(read));
    expect(read.token).toMatchObject({ scopes: [], expires_at: exp });
    expect(read.token.issued_at).toBeUndefined();
    expect(read.token.subject).toBeUndefined();
  });

  test.each([
    ['false', false],
    ['"true"', 'true'],
    ['1', 1],
    ['null', null],
    ['[true]', [true]],
    ['{}', {}],
    ['absent', undefined],
  ])('is token_inactive where active is %s', async (_, value) => {
    const { read, events } = await answered(json(active({ active: value })));
    expect(codeOf(read)).toBe('token_inactive');
    expect(events).toEqual([{ kind: 'answered', issuer: 'opaque', active: false }]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['another iss', { iss: 'https://other.example.com' }, 'names another iss, "https://other.example.com"'],
    ['an iss with a slash more', { iss: `${ISS}/` }, 'names another iss'],
    ['no iss', { iss: undefined }, 'lacks iss'],
    ['no aud', { aud: undefined }, 'lacks aud'],
    ['a null aud', { aud: null }, 'lacks aud'],
    ['no exp', { exp: undefined }, 'lacks exp'],
    ['no client_id', { client_id: undefined }, 'lacks client_id'],
    [
      'none of them',
      { iss: undefined, aud: undefined, exp: undefined, client_id: undefined },
      'lacks iss, aud, exp, client_id',
    ],
    ['an exp as text', { exp: String(NOW + 300) }, '"exp" must be a whole number'],
    ['an exp that is no integer', { exp: NOW + 0.5 }, '"exp" must be a whole number'],
    ['an iat behind its exp', { iat: NOW + 300 }, '"iat"'],
    ['an empty client_id', { client_id: '' }, '"client_id"'],
    ['a client_id with a line break', { client_id: 'a\r\nb' }, '"client_id"'],
    ['scopes as a list', { scope: ['files:read'] }, '"scope" must be one string'],
    ['aud twice', { aud: [FILES, FILES] }, 'must not repeat'],
    ['an aud that is a number', { aud: 7 }, '"aud" must be'],
    ['a cnf that is no object', { cnf: 'jkt' }, '"cnf" must be an object'],
    ['DPoP without key', { token_type: 'DPoP' }, 'bound by DPoP, and not to which key'],
  ])('is claims_invalid with %s', async (_, over, says) => {
    const { read } = await answered(json(active(over)));
    expect(codeOf(read)).toBe('claims_invalid');
    expect('reason' in read && read.reason.message).toContain(says);
  });

  test.each(['Refresh', 'N_A', 7, null])('is token_type_not_allowed with token_type %s', async (token_type) => {
    expect(codeOf((await answered(json(active({ token_type })))).read)).toBe('token_type_not_allowed');
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('is read with token_type %s', async (token_type) => {
    expect(codeOf((await answered(json(active({ token_type })))).read)).toBe('verified');
  });

  test('an aud of another server is read as it is: whether it opens this one is policy', async () => {
    const { read } = await answered(json(active({ aud: 'https://billing.example.com/mcp' })));
    expect(read).toMatchObject({ kind: 'verified', token: { audiences: ['https://billing.example.com/mcp'] } });
  });
});

describe('an answer that cannot be believed is introspection_unavailable', () => {
  const SECRET = 'never-to-be-told';
  test.each<[string, Answer, string]>([
    ['401', json({ error: 'invalid_client' }, 401), 'it refuses the credentials of server "files" (HTTP status 401'],
    ['403', json({}, 403), 'refuses the credentials'],
    ['404', json({}, 404), 'HTTP status 404; 200 is expected'],
    ['500 with a right answer', json(active(), 500), 'HTTP status 500; 200 is expected'],
    ['201 with a right answer', json(active(), 201), 'HTTP status 201'],
    [
      'a redirect',
      json('', 307, { location: 'http://127.0.0.1:1/introspect' }),
      'is a redirect, which is not followed',
    ],
    ['text/html', json(active(), 200, { 'content-type': 'text/html' }), 'the content type is not application/json'],
    ['a JWT', json('e30.e30.e30', 200, { 'content-type': 'application/token-introspection+jwt' }), 'the content type'],
    ['no JSON', json(`{"active":true,${SECRET}`), 'not well-formed JSON'],
    ['a member twice', json('{"active":false,"active":true}'), 'not well-formed JSON'],
    ['a list', json([active()]), 'no JSON object'],
    ['true', json('true'), 'no JSON object'],
    ['an empty body', json(''), 'not well-formed JSON'],
    ['too deep', json(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`), 'not well-formed JSON'],
    ['too large', json(active({ pad: 'x'.repeat(MAX_BODY_BYTES) })), `exceeds ${MAX_BODY_BYTES} bytes`],
    [
      'an endless body',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
          while (response.write(' '.repeat(4096)));
          response.once('drain', more);
        };
        more();
      },
      'exceeds',
    ],
    ['a closed connection', (_, response) => response.destroy(), 'the request failed'],
  ])('%s', async (_, answer, says) => {
    const { read, events, status } = await answered(answer);
    expect(read).toMatchObject({ kind: 'unavailable', reason: { code: 'introspection_unavailable' } });
    const told = JSON.stringify([read, events, status]);
    expect(told).toContain(JSON.stringify(says).slice(1, -1));
    for (const hidden of [OPAQUE, 's3cret', SECRET, '127.0.0.1']) expect(told).not.toContain(hidden);
    expect(status.opaque?.last_error).toContain(says);
  });

  test('headers and no end', async () => {
    const { read } = await answered((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"active":true');
    }, 200);
    expect(codeOf(read)).toBe('introspection_unavailable');
    expect('reason' in read && read.reason.message).toContain('no complete answer within 200 ms');
  });

  test('nobody listens there', async () => {
    const { reader } = reading();
    const read = await reader.read(OPAQUE, serverWith([asked('http://127.0.0.1:9/introspect')]));
    expect(codeOf(read)).toBe('introspection_unavailable');
  });
});

describe('who is asked', () => {
  const opaqueAt = async (listed: readonly string[], more: Parameters<typeof issuerRecord>[2] = {}) => {
    const server = await serveIntrospection();
    const { reader } = reading();
    const jwt = issuerRecord({ kind: 'jwks', keys: [] }, ['ES256'], {
      key: 'corp',
      issuer: 'https://corp.example.com',
    });
    const issuers = [{ ...asked(server.endpoint), ...more }, jwt];
    return {
      read: (text = OPAQUE) => reader.read(text, serverWith(issuers, [...listed])),
      questions: server.questions,
    };
  };

  test('nobody at a server without such an issuer: the token is malformed', async () => {
    const { read, questions } = await opaqueAt(['corp']);
    const reading = await read();
    expect(codeOf(reading)).toBe('token_malformed');
    expect(questions).toHaveLength(0);
  });

  test('the one such issuer of several', async () => {
    expect(codeOf(await (await opaqueAt(['corp', 'opaque'])).read())).toBe('verified');
  });

  test('nobody, where the one such issuer is disabled', async () => {
    const { read, questions } = await opaqueAt(['opaque'], { disabled: true });
    expect(codeOf(await read())).toBe('issuer_disabled');
    expect(questions).toHaveLength(0);
  });

  test('nobody, where two could be: one would be shown the other’s tokens', async () => {
    const server = await serveIntrospection();
    const { reader } = reading();
    const other = { ...asked(server.endpoint), key: 'second', issuer: 'https://second.example.com' };
    expect(codeOf(await reader.read(OPAQUE, serverWith([asked(server.endpoint), other])))).toBe('token_malformed');
    expect(server.questions).toHaveLength(0);
  });

  test.each([
    ['a line break', `${OPAQUE}\r\nX-Evil: 1`],
    ['a lone line feed', `${OPAQUE}\n`],
    ['a space', `${OPAQUE} ${OPAQUE}`],
    ['a quote', `"${OPAQUE}"`],
    ['an ampersand', `${OPAQUE}&client_id=other`],
    ['a comma', `${OPAQUE},${OPAQUE}`],
    ['= in the middle', `a=b`],
    ['NUL', `${OPAQUE}\0`],
    ['what is not ASCII', `${OPAQUE}ä`],
    ['8,193 characters', 'a'.repeat(8193)],
    ['a megabyte', 'a'.repeat(1 << 20)],
  ])('nobody about a text with %s', async (_, text) => {
    const { read, questions } = await opaqueAt(['opaque']);
    const reading = await read(text);
    expect(codeOf(reading)).toBe('token_malformed');
    expect(JSON.stringify(reading)).not.toContain(OPAQUE);
    expect(questions).toHaveLength(0);
  });

  test.each([
    ['8,192 characters', 'a'.repeat(8192)],
    ['every character of RFC 6750 §2.1', 'AZaz09-._~+/=='],
    ['five segments: a JWE is opaque to all but its issuer', 'e30.e30.e30.e30.e30'],
  ])('the issuer, about a text of %s, byte for byte', async (_, text) => {
    const { read, questions } = await opaqueAt(['opaque']);
    expect(codeOf(await read(text))).toBe('verified');
    expect(questions[0]?.form.get('token')).toBe(text);
  });

  const jwt = (claims: object, header: object = { alg: 'none' }) =>
    [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
      .concat('.c2ln');

  test('the issuer that a JWT names, whatever its header says', async () => {
    const { read, questions } = await opaqueAt(['opaque']);
    const text = jwt({ iss: ISS });
    expect(codeOf(await read(text))).toBe('verified');
    expect(questions[0]?.form.get('token')).toBe(text);
  });

  test('the issuer, whose answer must repeat to which key the JWT says that it is bound', async () => {
    const said = async (cnf: unknown, answer: object) => {
      const server = await serveIntrospection(json(active({ ...answer })));
      const { reader } = reading();
      const read = await reader.read(jwt({ iss: ISS, cnf }), serverWith([asked(server.endpoint)]));
      return codeOf(read);
    };
    expect(await said({ jkt: 'k' }, { cnf: { jkt: 'k' } })).toBe('verified');
    expect(await said({ jkt: 'k' }, { cnf: { 'x5t#S256': 't', jkt: 'k' } })).toBe('verified');
    expect(await said(undefined, { cnf: { jkt: 'k' } })).toBe('verified');
    for (const cnf of [{ jkt: 'k' }, {}, null, 'k', [], false]) expect(await said(cnf, {})).toBe('claims_invalid');
    expect(await said({ jkt: 'k' }, { cnf: { jkt: 'other' } })).toBe('claims_invalid');
    expect(await said({ jkt: 'k', 'x5t#S256': 't' }, { cnf: { jkt: 'k' } })).toBe('claims_invalid');
  });

  test('nobody about a JWT of an issuer that the server does not list', async () => {
    const { read, questions } = await opaqueAt(['corp']);
    expect(await read(jwt({ iss: ISS }))).toMatchObject({
      kind: 'refused',
      reason: { code: 'issuer_not_trusted', verified: false },
    });
    expect(questions).toHaveLength(0);
  });

  test('nobody about a JWT of nobody, of another issuer, or that is none', async () => {
    const { read, questions } = await opaqueAt(['opaque', 'corp']);
    const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' };
    expect(codeOf(await read(jwt({ iss: 'https://nobody.example.com' }, header)))).toBe('issuer_unknown');
    expect(codeOf(await read(jwt({ iss: 'https://corp.example.com' }, { alg: 'none' })))).toBe('token_malformed');
    expect(codeOf(await read('a.b.c'))).toBe('token_malformed');
    expect(questions).toHaveLength(0);
  });

  test('nobody, where no credentials are configured for the server', async () => {
    const server = await serveIntrospection();
    const { reader } = reading({ credentials: {} });
    const read = await reader.read(OPAQUE, serverWith([asked(server.endpoint)]));
    expect(read).toMatchObject({ kind: 'unavailable', reason: { code: 'introspection_unavailable' } });
    expect('reason' in read && read.reason.message).toContain('introspection.credentials.files');
    expect(server.questions).toHaveLength(0);
  });
});

test('its keys never verify a token: a JWT that the issuer really signed is asked about too', async () => {
  const server = await serveIntrospection(json({ active: false }));
  const pair = await generate('ES256', 'k1');
  const { mintText, claims } = await import('./mint.ts');
  const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' };
  const text = await mintText(pair.privateKey, JSON.stringify(header), JSON.stringify(claims({ iss: ISS })));
  const { reader } = reading();
  const issuer = asked(server.endpoint);
  expect(codeOf(await reader.read(text, serverWith([issuer])))).toBe('token_inactive');
  expect(server.questions).toHaveLength(1);
});
