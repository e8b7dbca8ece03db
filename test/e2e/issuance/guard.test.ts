/** What goes round the questions: an operator's own configuration, other grants, tokens that are not what they pass for, keys. */
import { generateKeyPair as generateDpopKeys, generateProof } from 'dpop';
import { decodeJwt, generateKeyPair, SignJWT } from 'jose';
import type { Configuration } from 'oidc-provider';
import { expect, test } from 'vitest';
import type { IssuanceDecision, IssuanceQuestion, Issue } from '../../../src/client/create.ts';
import {
  CALLBACK,
  type Claims,
  type ClientId,
  clientOf,
  listen,
  startAuthorizationServer,
} from './authorization-server.ts';
import { requestsTo, type Sent } from './client.ts';

const FILES = 'https://mcp.example.com/files';
const BILLING = 'https://mcp.example.com/billing';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const good = { resource: FILES, scope: 'mcp:read' };
const credentials = { grant_type: 'client_credentials', ...good };

/** A login that is told yes to everything. */
async function world({
  issue = {},
  sign_in = false,
  more = {} as Configuration,
  issue_for = (_: IssuanceQuestion) => ({}),
} = {}) {
  const place = await listen();
  const asked: IssuanceQuestion[] = [];
  const issuance = async (question: IssuanceQuestion): Promise<IssuanceDecision> => {
    asked.push(question);
    const stated: Issue = {
      ...{ aud: FILES, resource: FILES, scope: 'mcp:read', expires_in: 120, sender_constraint: 'none' },
      ...issue,
      ...issue_for(question),
    };
    const whole = { decision_id: '019ab000-0000-7000-8000-000000000000', server: 'files', revision: 'sha256:0' };
    return { ...whole, decision: 'allow', reasons: [], issue: stated };
  };
  const trusted = [{ issuer: place.issuer, keys: (async (...token) => login.keys(...token)) as typeof login.keys }];
  const login = await startAuthorizationServer(place, { audgate: { issuance }, sign_in }, trusted, more);
  const requests = requestsTo(login.issuer);
  const subject = (claims: Claims = {}, typ?: string) =>
    login.accessToken({ aud: FILES, client_id: 'app', scope: 'mcp:read', ...claims }, typ);
  const exchange = (client: ClientId, subject_token: string, sent: Sent = {}) =>
    requests.token(client, { grant_type: EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN, ...good, ...sent });
  const bearer = (client: ClientId, assertion: string) =>
    requests.token(client, { grant_type: BEARER, assertion, ...good });
  return { login, requests, asked, subject, exchange, bearer };
}

test.each<[string, NonNullable<NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']>]>([
  ['another audience', (_, __, { payload }) => void Object.assign(payload, { aud: BILLING })],
  ['a second audience', (_, __, { payload }) => void Object.assign(payload, { aud: [FILES, BILLING] })],
  ['no audience', (_, __, { payload }) => void Object.assign(payload, { aud: undefined })],
  ['more scope', (_, __, { payload }) => void Object.assign(payload, { scope: 'mcp:read mcp:write' })],
  ['a longer life', (_, __, { payload }) => void Object.assign(payload, { exp: Number(payload.exp) + 1 })],
  ['no end', (_, __, { payload }) => void Object.assign(payload, { exp: undefined })],
])('a customizer that writes %s issues nothing', async (_, jwt) => {
  const { login, requests } = await world({ more: { formats: { customizers: { jwt } } } });
  expect(await requests.token('app', credentials)).toMatchObject({ status: 500, error: 'server_error' });
  expect(login.crashes).toEqual([expect.stringMatching(/^a token .* than audgate allowed; nothing was issued$/)]);
});

test('a lifetime of the configuration may be shorter, and is cut where it is longer', async () => {
  for (const [ttl, expires_in] of [
    [30, 30],
    [9999, 120],
  ] as const) {
    const { requests, subject, exchange } = await world({
      more: { ttl: { AccessToken: ttl, ClientCredentials: () => ttl } },
    });
    for (const outcome of [await requests.token('app', credentials), await exchange('app', await subject())]) {
      expect(outcome).toMatchObject({ status: 200, expires_in });
      const { exp = 0, iat = 0 } = decodeJwt(outcome.access_token ?? '');
      expect(exp - iat).toBe(expires_in);
    }
  }
});

test('claims of the configuration are no way to another audience, scope or end', async () => {
  const extraTokenClaims = () => ({ aud: BILLING, scope: 'mcp:write', exp: 99_999_999_999, department: 'x' });
  const { requests } = await world({ more: { extraTokenClaims } });
  const { access_token = '' } = await requests.token('app', credentials);
  expect(decodeJwt(access_token)).toMatchObject({ aud: FILES, scope: 'mcp:read', department: 'x' });
});

test('grants of which nobody was asked issue nothing: device codes, and tokens from the front channel', async () => {
  const app = clientOf('app');
  const { requests, login, asked } = await world({
    more: {
      clients: [
        { ...app, grant_types: [...(app.grant_types ?? []), 'urn:ietf:params:oauth:grant-type:device_code'] },
        // The front channel as it was before codes and PKCE.
        {
          ...clientOf('other'),
          grant_types: ['implicit'],
          response_types: ['id_token token'],
          application_type: 'web',
          redirect_uris: [CALLBACK.replace('http', 'https')],
        },
      ],
      responseTypes: ['code', 'id_token token'],
      features: {
        deviceFlow: { enabled: true },
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
      },
    },
  });
  const body = new URLSearchParams({
    client_id: 'app',
    client_secret: 'a secret of this test, of some length',
    ...good,
  });
  const device = await fetch(`${login.issuer}/device/auth`, { method: 'POST', body });
  expect(await device.json()).toMatchObject({ error: 'unsupported_grant_type' });
  expect(asked).toEqual([]);
  const implicit = requests.authorize('other', {
    ...good,
    ...{ scope: 'openid mcp:read', response_type: 'id_token token', nonce: 'n-1' },
    redirect_uri: CALLBACK.replace('http', 'https'),
  });
  await expect(implicit).rejects.toThrow();
  expect(login.crashes).toEqual(['an access token of which audgate was not asked; nothing was issued']);
  expect(await requests.token('app', credentials)).toMatchObject({ status: 200 });
});

test('nor does a sign-in in the front channel, or a proof at a server that knows none', async () => {
  const redirect = CALLBACK.replace('http', 'https');
  const implicit = { grant_types: ['implicit'], response_types: ['id_token token' as const] };
  const front = await world({
    sign_in: true,
    more: {
      clients: [{ ...clientOf('other'), ...implicit, application_type: 'web', redirect_uris: [redirect] }],
      responseTypes: ['code', 'id_token token'],
    },
  });
  const asking = { scope: 'openid', response_type: 'id_token token', nonce: 'n-1', redirect_uri: redirect };
  await expect(front.requests.authorize('other', asking)).rejects.toThrow();
  expect(front.login.crashes).toEqual(['an access token of which audgate was not asked; nothing was issued']);

  const { login, requests } = await world({
    issue: { sender_constraint: 'dpop' },
    more: { features: { dPoP: { enabled: false } } },
  });
  const proof = await generateProof(await generateDpopKeys('ES256'), `${login.issuer}/token`, 'POST');
  expect(await requests.token('app', credentials, { dpop: proof })).toMatchObject({
    status: 500,
    error: 'server_error',
  });
  expect(login.crashes).toEqual([expect.stringContaining('without the key that it must be bound to')]);
});

test('a sign-in names no resource: refused, or where it is let be, its token opens no server', async () => {
  const openid = { scope: 'openid' };
  const strict = await world();
  expect(await strict.requests.authorize('app', openid)).toMatchObject({ error: 'invalid_target' });
  expect(strict.asked).toMatchObject([{ grant: 'authorization_request', scope: 'openid' }]);
  expect(strict.asked[0]?.resources).toBeUndefined();

  const { requests, asked } = await world({ sign_in: true });
  const signedIn = await requests.authorize('app', { scope: 'openid mcp:read' });
  const tokens = await requests.exchangeCode('app', signedIn, {});
  expect(asked).toEqual([]);
  expect(decodeJwt(tokens.id_token ?? '')).toMatchObject({ aud: 'app' });
  // Opaque, for the userinfo endpoint, and without the scope of any server.
  expect(tokens.access_token?.split('.')).toHaveLength(1);
  expect(tokens.scope).toBe('openid');
  const again = await requests.token('app', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  expect(again).toMatchObject({ status: 200, scope: 'openid' });
  expect(asked).toEqual([]);
  // What was made without a resource is not for one: the question says so.
  const other = await requests.authorize('app', openid);
  await requests.exchangeCode('app', other, { resource: FILES });
  expect(asked).toMatchObject([{ grant: 'authorization_code', resources: [FILES], bound: { resources: [] } }]);
  // Neither is any other grant, nor a request that signs nobody in.
  await requests.token('app', { grant_type: 'client_credentials', scope: 'openid' });
  await requests.authorize('app', { scope: 'mcp:read' });
  expect(asked.slice(1)).toMatchObject([{ grant: 'client_credentials' }, { grant: 'authorization_request' }]);
});

test('where the server takes bound tokens alone: without a proof a refresh token stays good, with one the token is bound', async () => {
  const { login, requests, subject, exchange, bearer } = await world({ issue: { sender_constraint: 'dpop' } });
  const keys = await generateDpopKeys('ES256');
  const proof = async () => ({ dpop: await generateProof(keys, `${login.issuer}/token`, 'POST') });
  expect(await requests.token('app', credentials)).toMatchObject({ status: 400, error: 'invalid_request' });
  const own = await requests.token('app', credentials, await proof());
  expect(own).toMatchObject({ status: 200, token_type: 'DPoP' });
  expect(decodeJwt(own.access_token ?? '').cnf).toEqual({ jkt: expect.any(String) });

  const code = () => requests.authorize('app', good);
  const unbound = await requests.exchangeCode('app', await code(), { resource: FILES });
  expect(unbound).toMatchObject({ status: 400, error: 'invalid_request' });
  const first = await requests.exchangeCode('app', await code(), { resource: FILES }, await proof());
  expect(first).toMatchObject({ status: 200, token_type: 'DPoP' });
  const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token, resource: FILES };
  expect(await requests.token('app', refresh)).toMatchObject({ status: 400, error: 'invalid_request' });
  expect(await requests.token('app', refresh, await proof())).toMatchObject({ status: 200, token_type: 'DPoP' });
  // These grants bind nothing, and so issue nothing there: whatever proof comes with them.
  for (const outcome of [
    await exchange('app', await subject()),
    await bearer('app', await login.idJag({ aud: login.issuer, resource: FILES, client_id: 'app' })),
  ])
    expect(outcome).toMatchObject({ status: 400, error: 'invalid_request' });
});

test('what is no access token of this issuer is not exchanged', async () => {
  const { login, requests, subject, exchange, asked } = await world({ sign_in: true });
  const { privateKey } = await generateKeyPair('ES256');
  const claims = {
    iss: login.issuer,
    sub: 'user-1',
    aud: FILES,
    client_id: 'app',
    exp: Math.floor(Date.now() / 1000) + 60,
  };
  const forged = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'login-1', typ: 'at+jwt' })
    .sign(privateKey);
  const { id_token = '' } = await requests.exchangeCode(
    'app',
    await requests.authorize('app', { scope: 'openid' }),
    {},
  );
  const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${forged.split('.')[1]}.`;
  for (const [what, text] of Object.entries({
    'an ID token': id_token,
    'an ID-JAG': await login.idJag({ aud: FILES, client_id: 'app' }),
    'a JWT of no type': await subject({}, 'JWT'),
    'a forged one': forged,
    'an unsigned one': none,
    'one that has ended': await subject({ exp: 1 }),
    'one of another issuer': await subject({ iss: 'https://evil.example.com' }),
    'one for nobody': await subject({ sub: undefined }),
    nothing: '',
  }))
    expect([what, await exchange('app', text)]).toMatchObject([what, { status: 400, error: 'invalid_request' }]);
  expect(asked).toEqual([]);
});

test('an exchange needs to know who asks, and keeps a key bound to its holder', async () => {
  const { subject, exchange, asked } = await world();
  const cnf = { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };
  expect(await exchange('public', await subject({ client_id: 'public' }))).toMatchObject({
    error: 'unauthorized_client',
  });
  expect(await exchange('app', await subject({ cnf }))).toMatchObject({ error: 'invalid_request' });
  const text = await subject();
  const odd = { actor_token: text, actor_token_type: ACCESS_TOKEN };
  for (const sent of [
    odd,
    { subject_token_type: ID_TOKEN },
    { requested_token_type: ID_TOKEN },
    { subject_token_type: undefined },
  ])
    expect(await exchange('app', text, sent)).toMatchObject({ error: 'invalid_request' });
  expect(asked).toEqual([]);
  // Whether another client may is the registry's to say; who acted before stays in the token.
  const act = { sub: 'agent-1' };
  const { access_token = '' } = await exchange('gateway', await subject({ cnf, act }));
  expect(asked).toMatchObject([{ client_id: 'gateway', bound: { client_id: 'app' } }]);
  expect(decodeJwt(access_token)).toMatchObject({ client_id: 'gateway', sub: 'user-1', act });
});

test('an ID-JAG is for one authorization server, of one that it believes, and no other kind of token', async () => {
  const { login, requests, bearer, asked } = await world();
  const right = { aud: login.issuer, resource: FILES, client_id: 'app', scope: 'mcp:read' };
  for (const [what, assertion] of Object.entries({
    'one for another authorization server': await login.idJag({ ...right, aud: 'https://other.example.com' }),
    'one for several': await login.idJag({ ...right, aud: [login.issuer, 'https://other.example.com'] }),
    'one for the server itself': await login.idJag({ ...right, aud: FILES }),
    'one that nobody believed signed': await login.idJag({ ...right, iss: 'https://evil.example.com' }),
    'one that has ended': await login.idJag({ ...right, exp: 1 }),
    'one that can be used again': await login.idJag({ ...right, jti: undefined }),
    'one without client': await login.idJag({ ...right, client_id: undefined }),
    'an access token': await login.accessToken(right),
    'a JWT': await login.idJag(right, 'JWT'),
    nothing: '',
  }))
    expect([what, await bearer('app', assertion)]).toMatchObject([what, { status: 400, error: 'invalid_grant' }]);
  expect(await bearer('public', await login.idJag({ ...right, client_id: 'public' }))).toMatchObject({
    error: 'unauthorized_client',
  });
  expect(asked).toEqual([]);
  expect(await requests.token('app', { grant_type: BEARER, ...good })).toMatchObject({ error: 'invalid_grant' });
});

test('an identity provider makes an ID-JAG of an ID token of the client’s own, as it is stated', async () => {
  const AUDIENCE = 'https://login.example.com';
  const isJag = ({ requested_token_type }: IssuanceQuestion) => requested_token_type !== undefined;
  const { login, requests, asked } = await world({
    sign_in: true,
    issue_for: (question) => (isJag(question) ? { aud: AUDIENCE, expires_in: 99 } : {}),
  });
  const { id_token } = await requests.exchangeCode('app', await requests.authorize('app', { scope: 'openid' }), {});
  const jag = (client: ClientId) =>
    requests.token(client, {
      ...{ grant_type: EXCHANGE, subject_token: id_token, subject_token_type: ID_TOKEN, audience: AUDIENCE, ...good },
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    });
  const outcome = await jag('app');
  expect(outcome).toMatchObject({
    ...{ status: 200, token_type: 'N_A', expires_in: 99, scope: 'mcp:read' },
    issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
  });
  const { iat = 0, ...claims } = decodeJwt(outcome.access_token ?? '');
  expect(claims).toEqual({
    ...{ iss: login.issuer, sub: 'user-1', aud: AUDIENCE, resource: FILES, client_id: 'app', scope: 'mcp:read' },
    ...{ jti: expect.any(String), exp: iat + 99 },
  });
  expect(asked).toMatchObject([
    { audiences: [AUDIENCE], resources: [FILES], bound: { resources: ['app'], client_id: 'app' } },
  ]);
  // Of another client's, audgate is told that it is nobody's here.
  await jag('other');
  expect(asked[1]?.bound).toMatchObject({ resources: ['app'], client_id: undefined });
});
