/** A real authorization server (`oidc-provider`) with one client, which asks by client credentials. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { errors, Provider, type ResourceServer } from 'oidc-provider';
import { onTestFinished } from 'vitest';

export const SECRET = 'a secret: of the probe';

export interface Login {
  readonly issuer: string;
  /** Bodies of requests to the token endpoint. */
  readonly asked: readonly URLSearchParams[];
}

export interface Behaviour {
  /** Null: resource indicators are off. */
  readonly resources: ((resource: string) => Partial<ResourceServer> | null) | null;
  /** Issued for where nothing is asked for. */
  readonly default?: string;
  readonly method?: 'client_secret_basic' | 'client_secret_post';
}

export async function startLogin({
  resources,
  default: usual,
  method = 'client_secret_basic',
}: Behaviour): Promise<Login> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'oidc-1', use: 'sig', alg: 'ES256' }] },
    clients: [
      {
        client_id: 'audgate-probe',
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: method,
      },
    ],
    clientAuthMethods: [method],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    cookies: { keys: ['a key of this test'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: resources !== null,
        ...(usual !== undefined && { defaultResource: () => usual }),
        getResourceServerInfo(_, resource) {
          const own = resources?.(resource) ?? null;
          if (own === null) throw new errors.InvalidTarget('nobody serves this resource');
          const jwt = { accessTokenFormat: 'jwt' as const, jwt: { sign: { alg: 'ES256' as const } } };
          return { audience: resource, scope: '', accessTokenTTL: 60, ...jwt, ...own };
        },
      },
    },
  });
  const asked: URLSearchParams[] = [];
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'token') asked.push(new URLSearchParams(ctx.oidc.body as Record<string, string>));
  });
  const answer = provider.callback();
  http.on('request', (request, response) => void answer(request, response));
  return { issuer, asked };
}
