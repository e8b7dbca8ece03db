/**
 * What a real authorization server says of the user behind a token, and audgate makes of it: chains of actors by token exchange
 * (RFC 8693), step-up from the challenge to the call (RFC 9470), authorization details (RFC 9396).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, type JWTPayload, jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';
import { expect, onTestFinished, test } from 'vitest';
import { start, until } from '../start.ts';
import { visit } from './client.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BANK = 'https://bank.example.com/mcp';
const CALLBACK = 'http://127.0.0.1:8090/callback';
const SCOPES = 'bank:read bank:pay';
const SECRET = 'a secret of this test';
/** Seconds. */
const LIFETIME = 300;

interface World {
  readonly issuer: string;
  /** A token of the client's own. */
  own(client: string, more?: Record<string, string>): Promise<string>;
  /** RFC 8693 §2.1: a token with which the client acts for whom the given one is. */
  exchange(client: string, subject: string): Promise<string>;
  /** By the browser, with these parameters of the authorization request; the user does as is asked. */
  authorize(more?: Record<string, string>): Promise<string>;
  decide(token: string, tool: string): Promise<Awaited<ReturnType<Awaited<ReturnType<typeof start>>['decide']>>>;
  /** Records of decisions so far. */
  records(): readonly { readonly input: Record<string, unknown> }[];
}

async function openWorld(): Promise<World> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const named = { kid: 'oidc-1', use: 'sig', alg: 'ES256' };
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...named }] });
  const resourceServer = {
    audience: BANK,
    scope: SCOPES,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
    accessTokenTTL: LIFETIME,
  } as const;
  const clients = ['app', 'agent-1', 'agent-2'].map((client_id) => ({
    client_id,
    client_secret: SECRET,
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'client_credentials', EXCHANGE],
    token_endpoint_auth_method: 'client_secret_post' as const,
    id_token_signed_response_alg: 'ES256' as const,
    authorization_details_types: ['payment_initiation', 'deletion'],
  }));
  const acting = new WeakMap<object, JWTPayload>();

  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
    scopes: ['openid'],
    responseTypes: ['code'],
    acrValues: ['pwd', 'mfa'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    cookies: { keys: ['a key of this test'] },
    findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    ttl: { Grant: LIFETIME, Interaction: LIFETIME, Session: LIFETIME, AuthorizationCode: 60, IdToken: LIFETIME },
    // RFC 9068 §2.2.1: what it knows of the user's authentication, which it puts into ID tokens only by itself.
    extraTokenClaims(ctx, token) {
      const { AuthorizationCode: code } = ctx.oidc.entities;
      return acting.get(token) ?? (code && { acr: code.acr, auth_time: code.authTime });
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: () => resourceServer },
      richAuthorizationRequests: {
        enabled: true,
        types: { payment_initiation: { validate: () => {} }, deletion: { validate: () => {} } },
        authorizationDetailsForGrantSource: () => undefined,
        authorizationDetailsForAccessToken: (ctx) =>
          JSON.parse(String(ctx.oidc.params?.authorization_details ?? 'null')),
        authorizationDetailsForIntrospection: (_, token) => token.rar,
      },
    },
  });
  provider.registerGrantType<{ subject_token: string }>(
    EXCHANGE,
    async (ctx) => {
      const { client, params } = ctx.oidc;
      const { payload } = await jwtVerify(params.subject_token, keys, { issuer, typ: 'at+jwt' });
      if (payload.sub === undefined) throw new errors.InvalidGrant('a token for nobody');
      const token = new provider.AccessToken({
        accountId: payload.sub,
        client,
        grantId: '',
        gty: 'token_exchange',
        scope: String(payload.scope ?? ''),
      });
      token.resourceServer = new provider.ResourceServer(BANK, resourceServer);
      // RFC 8693 §4.1: whoever acts now stands outermost, whoever acted before within.
      acting.set(token, { act: { sub: client.clientId, ...(payload.act ? { act: payload.act } : {}) } });
      ctx.oidc.entity('AccessToken', token);
      ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration };
    },
    ['subject_token', 'subject_token_type', 'resource', 'scope'],
  );

  /** The user shows a password, and a second factor where the request asks for it. */
  async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: 'user-1', clientId: String(params.client_id) });
    grant.addOIDCScope('openid');
    grant.addResourceScope(BANK, SCOPES);
    const acr = String(params.acr_values ?? '').includes('mfa') ? 'mfa' : 'pwd';
    await provider.interactionFinished(request, response, {
      login: { accountId: 'user-1', acr },
      consent: { grantId: await grant.save() },
    });
  }
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response);
    signIn(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  const asking = { authentication: { acr_values: ['mfa'], max_age_seconds: 120 } };
  const audgate = await start({
    registry: {
      issuers: { corp: { issuer, jwks_uri: `${issuer}/jwks`, algorithms: ['ES256'] } },
      servers: {
        bank: {
          resource: BANK,
          issuers: ['corp'],
          max_lifetime_seconds: LIFETIME,
          actors: ['agent-2'],
          authorization_details_types: ['payment_initiation'],
          tools: { balance: { scopes: ['bank:read'] }, pay: { scopes: ['bank:pay'], ...asking } },
        },
      },
    },
  });
  const token = async (client_id: string, more: Record<string, string>): Promise<string> => {
    const body = new URLSearchParams({ client_id, client_secret: SECRET, ...more });
    const response = await fetch(`${issuer}/token`, { method: 'POST', body });
    const { access_token, ...other } = (await response.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(JSON.stringify(other));
    return access_token;
  };
  return {
    issuer,
    own: (client, more = {}) =>
      token(client, { grant_type: 'client_credentials', resource: BANK, scope: SCOPES, ...more }),
    exchange: (client, subject) =>
      token(client, {
        grant_type: EXCHANGE,
        subject_token: subject,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
    async authorize(more = {}) {
      const verifier = crypto.randomUUID() + crypto.randomUUID();
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
      const page = new URL(`${issuer}/auth`);
      const asked = {
        ...{ client_id: 'app', redirect_uri: CALLBACK, response_type: 'code', resource: BANK },
        // OpenID Connect: without openid nobody may ask how the user is authenticated there.
        scope: `openid ${SCOPES}`,
        ...{ code_challenge: Buffer.from(digest).toString('base64url'), code_challenge_method: 'S256', ...more },
      };
      for (const [name, value] of Object.entries(asked)) page.searchParams.set(name, value);
      const answered = await visit(page, CALLBACK);
      const code = answered.get('code');
      if (code === null) throw new Error(String(answered));
      const given = {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        code_verifier: verifier,
        resource: BANK,
      };
      return token('app', given);
    },
    decide: (held, tool) =>
      audgate.decide({ server: BANK, token: held, call: { method: 'tools/call', tool, arguments: {} } }),
    records: () =>
      audgate
        .stdout()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { input: Record<string, unknown> })
        .filter(({ input }) => input !== undefined),
  };
}

test('a chain of actors: the outermost decides, and all of them are recorded', async () => {
  const world = await openWorld();
  const user = await world.authorize();
  expect(await world.decide(user, 'balance')).toMatchObject({ decision: 'allow', principal: { actor: null } });

  const first = await world.exchange('agent-1', user);
  expect(decodeJwt(first)).toMatchObject({ sub: 'user-1', client_id: 'agent-1', act: { sub: 'agent-1' } });
  expect(await world.decide(first, 'balance')).toMatchObject({
    decision: 'deny',
    reasons: [{ code: 'actor_not_allowed', expected: ['agent-2'], actual: ['agent-1'] }],
  });

  const second = await world.exchange('agent-2', first);
  expect(decodeJwt(second).act).toEqual({ sub: 'agent-2', act: { sub: 'agent-1' } });
  expect(await world.decide(second, 'balance')).toMatchObject({
    decision: 'allow',
    principal: { subject: 'user-1', client_id: 'agent-2', actor: 'agent-2' },
  });

  // The one that the server accepts, now behind another.
  const third = await world.exchange('agent-1', second);
  expect(await world.decide(third, 'balance')).toMatchObject({ reasons: [{ code: 'actor_not_allowed' }] });

  const records = await until(world.records, ({ length }) => length >= 4);
  const told = records.map(({ input }) => {
    const { actor, actors } = input.token as { actor?: string; actors?: readonly string[] };
    return [actor, actors];
  });
  expect(told).toEqual([
    [undefined, undefined],
    ['agent-1', undefined],
    ['agent-2', ['agent-2', 'agent-1']],
    ['agent-1', ['agent-1', 'agent-2', 'agent-1']],
  ]);
});

test('step-up: whoever asks for what the challenge says gets a token that is enough', async () => {
  const world = await openWorld();
  const weak = await world.authorize();
  expect(decodeJwt(weak)).toMatchObject({ acr: 'pwd', auth_time: expect.any(Number) });
  expect(await world.decide(weak, 'balance')).toMatchObject({ decision: 'allow' });

  const refused = await world.decide(weak, 'pay');
  expect(refused).toMatchObject({ decision: 'deny', reasons: [{ code: 'authentication_insufficient' }] });
  const [challenge = ''] = refused.decision === 'deny' ? (refused.challenge.headers['www-authenticate'] ?? []) : [];
  expect(challenge).toContain('error="insufficient_user_authentication"');
  const said = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(challenge)?.[1] ?? '';
  const strong = await world.authorize({ acr_values: said('acr_values'), max_age: said('max_age') });
  expect(decodeJwt(strong)).toMatchObject({ acr: 'mfa' });
  expect(await world.decide(strong, 'pay')).toMatchObject({ decision: 'allow' });

  // An exchanged token says nothing of the user's authentication unless its issuer copies it.
  const exchanged = await world.exchange('agent-2', strong);
  expect(await world.decide(exchanged, 'pay')).toMatchObject({ reasons: [{ code: 'authentication_insufficient' }] });
});

test('authorization details of a type that the server lists, and of one that it does not', async () => {
  const world = await openWorld();
  const details = (type: string) => ({
    authorization_details: JSON.stringify([{ type, instructedAmount: { currency: 'EUR', amount: '45.00' } }]),
  });
  const known = await world.own('app', details('payment_initiation'));
  expect(decodeJwt(known).authorization_details).toMatchObject([{ type: 'payment_initiation' }]);
  expect(await world.decide(known, 'balance')).toMatchObject({ decision: 'allow' });
  const unknown = await world.own('app', details('deletion'));
  expect(await world.decide(unknown, 'balance')).toMatchObject({
    decision: 'deny',
    reasons: [{ code: 'authorization_details_unknown', expected: ['payment_initiation'], actual: ['deletion'] }],
    challenge: { status: 403, headers: {} },
  });
  const records = await until(world.records, ({ length }) => length >= 2);
  expect(JSON.stringify(records)).toContain('payment_initiation');
  expect(JSON.stringify(records)).not.toContain('45.00');
});
