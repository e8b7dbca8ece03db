/**
 * A real authorization server (`oidc-provider`): registers clients, asks nobody, and issues ES256 JWT access tokens, each for
 * exactly one resource (RFC 8707), to clients that prove possession of their code (PKCE).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { errors, Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';

/** Seconds; short, as the servers of these tests demand. */
export const LIFETIME = 300;
/** Whoever asks is this user, who agrees to everything. */
export const USER = 'user-1';

export interface AuthorizationServer {
  readonly issuer: string;
  /** Its record in a registry. */
  readonly record: object;
  /** What reached the authorization and the token endpoint, in this order. */
  readonly asked: readonly {
    readonly endpoint: 'auth' | 'token';
    readonly resource: unknown;
    readonly scope: unknown;
  }[];
  /** Clients that registered so far. */
  clients(): number;
  /** From now on tokens can be had for this resource, with these scopes. */
  add(resource: string, scopes: readonly string[]): void;
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });

  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: 'oidc-1', use: 'sig', alg: 'ES256' };
  const resources = new Map<string, readonly string[]>();
  const asked: AuthorizationServer['asked'][number][] = [];
  let clients = 0;

  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    // Of the authorization server itself; those of resources stand with them.
    scopes: ['openid'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: ['authorization_code'] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    cookies: { keys: ['a key of this test'] },
    findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    ttl: { Grant: LIFETIME, Interaction: LIFETIME, Session: LIFETIME, AuthorizationCode: 60, IdToken: LIFETIME },
    features: {
      devInteractions: { enabled: false },
      registration: {
        enabled: true,
        idFactory(ctx) {
          clients += 1;
          // A client registers with the scopes it knows of then. Here they are no limit to what it may ask for later.
          delete ctx.oidc.body?.scope;
          return `client-${clients}`;
        },
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, resource) {
          const scopes = resources.get(resource);
          if (scopes === undefined) throw new errors.InvalidTarget('nobody serves this resource');
          return {
            audience: resource,
            scope: scopes.join(' '),
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
            accessTokenTTL: LIFETIME,
          };
        },
      },
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    // Set by the provider's own steps only.
    const { oidc } = ctx;
    if (oidc?.route === 'authorization' || oidc?.route === 'token') {
      const { resource, scope } = oidc.params ?? {};
      asked.push({ endpoint: oidc.route === 'token' ? 'token' : 'auth', resource, scope });
    }
  });

  /** Signs the user in and grants all that was asked for, in place of a page with a button. */
  async function agree(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: USER, clientId: String(params.client_id) });
    grant.addResourceScope(String(params.resource), String(params.scope ?? ''));
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { login: { accountId: USER }, consent });
  }

  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void answer(request, response);
    agree(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return {
    issuer,
    record: { issuer, jwks_uri: `${issuer}/jwks`, algorithms: ['ES256'] },
    asked,
    clients: () => clients,
    add: (resource, scopes) => void resources.set(resource, scopes),
  };
}
