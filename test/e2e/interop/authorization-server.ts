/**
 * A real authorization server (`oidc-provider`) for clients that speak for themselves: JWT access tokens for one resource (RFC 8707),
 * or opaque ones that it is asked about (RFC 7662), bound to a DPoP key (RFC 9449) or a certificate (RFC 8705).
 */
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';

export const SECRET = 'a secret of this test, of some length';
/** Seconds. */
const LIFETIME = 300;
/** In which the certificate of the connection stands; a proxy that ends TLS would write it. */
const CERTIFICATE = 'x-certificate';

export interface AuthorizationServer {
  readonly issuer: string;
  /** What it signs with. */
  readonly algorithm: 'ES256';
  /** Headers of a connection with this certificate, PEM. */
  connection(certificate: string): Record<string, string>;
}

/** @param formats by resource, in which form its tokens are */
export async function startAuthorizationServer(
  formats: () => Readonly<Record<string, 'jwt' | 'opaque'>>,
): Promise<AuthorizationServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const common = {
    client_secret: SECRET,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_post' as const,
    id_token_signed_response_alg: 'ES256' as const,
  };
  const provider = new Provider(issuer, {
    clients: [
      { ...common, client_id: 'app' },
      { ...common, client_id: 'mtls-app', tls_client_certificate_bound_access_tokens: true },
      // The server's own, as which it asks about tokens.
      { ...common, client_id: 'server' },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'oidc-1', use: 'sig', alg: 'ES256' }] },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], dPoPSigningAlgValues: ['ES256', 'Ed25519', 'RS256', 'PS256'] },
    cookies: { keys: ['a key of this test'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => {
          const pem = decodeURIComponent(ctx.get(CERTIFICATE));
          return pem === '' ? undefined : new X509Certificate(pem);
        },
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: 'files:read files:write',
          accessTokenFormat: formats()[resource] ?? 'jwt',
          jwt: { sign: { alg: 'ES256' } },
          accessTokenTTL: LIFETIME,
        }),
      },
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    issuer,
    algorithm: 'ES256',
    connection: (certificate) => ({ [CERTIFICATE]: encodeURIComponent(certificate) }),
  };
}
