/**
 * Real authorization servers (`oidc-provider`) behind the guard of `examples/oidc-provider`: the one that all servers share, and the
 * identity provider whose assertions it believes.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, type JWTVerifyGetKey, SignJWT } from 'jose';
import { type ClientMetadata, type Configuration, Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { createGuard, type GuardParts } from '../../../examples/oidc-provider/guard.ts';
import { JWT_BEARER, registerJwtBearer } from '../../../examples/oidc-provider/jwt-bearer.ts';
import { ID_JAG_TYPE, registerTokenExchange, TOKEN_EXCHANGE } from '../../../examples/oidc-provider/token-exchange.ts';

export const SECRET = 'a secret of this test, of some length';
export const CALLBACK = 'http://127.0.0.1:8090/callback';
export const USER = 'user-1';
/** Seconds. */
const LIFETIME = 600;

/** All but `public` say who they are with the secret. */
const CLIENTS = ['app', 'other', 'gateway', 'public', 'bound'] as const;
export type ClientId = (typeof CLIENTS)[number];

/** Undefined leaves a claim out. */
export type Claims = Readonly<Record<string, unknown>>;

export interface AuthorizationServer {
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
  /** Errors that it told nobody of. */
  readonly crashes: readonly string[];
  /** An ID-JAG of its own making, whatever anybody decided. */
  idJag(claims: Claims, typ?: string): Promise<string>;
  /** An access token of its own making. */
  accessToken(claims: Claims, typ?: string): Promise<string>;
}

/** A socket, and what answers on it once it is known at which address. */
export async function listen() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return { server, issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export async function startAuthorizationServer(
  { server, issuer }: Awaited<ReturnType<typeof listen>>,
  parts: Pick<GuardParts, 'audgate' | 'sign_in'>,
  trusted: readonly Pick<AuthorizationServer, 'issuer' | 'keys'>[] = [],
  /** Laid over the configuration before it is guarded. */
  more: Configuration = {},
): Promise<AuthorizationServer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const named = { kid: 'login-1', use: 'sig', alg: 'ES256' };
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...named }] });
  const sign = (claims: JWTPayload, typ: string) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'login-1', typ }).sign(privateKey);
  const guard = createGuard({ ...parts, token: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } } });

  const provider: Provider = new Provider(
    issuer,
    guard.configure({
      clients: CLIENTS.map(clientOf),
      jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
      scopes: ['openid', 'offline_access'],
      responseTypes: ['code'],
      pkce: { required: () => true },
      enabledJWA: { idTokenSigningAlgValues: ['ES256'], dPoPSigningAlgValues: ['ES256'] },
      cookies: { keys: ['a key of this test'] },
      findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      ttl: {
        ...{ Grant: LIFETIME, Interaction: LIFETIME, Session: LIFETIME, IdToken: LIFETIME, RefreshToken: LIFETIME },
        AuthorizationCode: 60,
      },
      ...more,
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        pushedAuthorizationRequests: { enabled: true },
        dPoP: { enabled: true },
        ...more.features,
      },
    }),
  );
  registerTokenExchange(provider, {
    ...{ guard, keys, algorithms: ['ES256'] },
    signIdJag: (claims) => sign(claims, ID_JAG_TYPE),
  });
  registerJwtBearer(provider, {
    guard,
    trusted: trusted.map((one) => ({ ...one, algorithms: ['ES256'] })),
    account: async (_, subject) => subject,
  });
  const crashes: string[] = [];
  provider.on('server_error', (_, error) => crashes.push(error.message));

  /** The user signs in and agrees to all that was asked for, in place of a page with a button. */
  async function agree(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: USER, clientId: String(params.client_id) });
    const scope = String(params.scope ?? '');
    grant.addOIDCScope(scope);
    if (params.resource !== undefined) grant.addResourceScope(String(params.resource), scope);
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { login: { accountId: USER }, consent });
  }
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response);
    agree(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const ids = () => ({
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(Date.now() / 1000) + 120,
  });
  return {
    ...{ issuer, keys, crashes },
    idJag: (claims, typ = ID_JAG_TYPE) => sign({ iss: issuer, sub: USER, ...ids(), ...claims }, typ),
    accessToken: (claims, typ = 'at+jwt') => sign({ iss: issuer, sub: USER, ...ids(), ...claims }, typ),
  };
}

export function clientOf(client_id: ClientId): ClientMetadata {
  const isPublic = client_id === 'public';
  return {
    client_id,
    ...(!isPublic && { client_secret: SECRET }),
    token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_post',
    redirect_uris: [CALLBACK],
    grant_types: [
      ...['authorization_code', 'refresh_token', TOKEN_EXCHANGE, JWT_BEARER],
      ...(isPublic ? [] : ['client_credentials']),
    ],
    application_type: 'native',
    id_token_signed_response_alg: 'ES256',
  };
}
