/**
 * A real, small authorization server for the demonstration: own keys, JWKS over HTTP, client credentials with `resource`
 * (RFC 6749 §4.4, RFC 8707 §2, RFC 9068 §2). It is as lax as many are: it binds a token to whatever resource was asked
 * for, to several at once too, and some of its clients are configured badly. That is what audgate is there to catch.
 */
import { Hono } from 'hono';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface DemoClient {
  readonly secret: string;
  readonly scopes: readonly string[];
  /** Seconds from iat to exp. */
  readonly lifetime_seconds: number;
  /** Seconds that the token's iat lies in the past: a token from a cache. */
  readonly age_seconds?: number;
}

export interface AuthorizationServer {
  readonly app: Hono;
  /** Signs claims as this server would; for tokens that its endpoint does not give out. */
  sign(claims: JWTPayload, header?: { typ?: string }): Promise<string>;
}

export interface AuthorizationServerParts {
  /** Its `iss`. */
  readonly issuer: string;
  readonly clients: ReadonlyMap<string, DemoClient>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

const KID = 'demo-1';

export async function createAuthorizationServer(parts: AuthorizationServerParts): Promise<AuthorizationServer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KID, alg: 'ES256', use: 'sig' };
  const sign = (claims: JWTPayload, header: { typ?: string } = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: KID, typ: 'at+jwt', ...header }).sign(privateKey);

  const app = new Hono();
  app.get('/jwks', (c) => c.json({ keys: [jwk] }));
  app.post('/token', async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const id = form.get('client_id') ?? '';
    const client = parts.clients.get(id);
    if (form.get('grant_type') !== 'client_credentials') return c.json({ error: 'unsupported_grant_type' }, 400);
    if (client === undefined || client.secret !== form.get('client_secret'))
      return c.json({ error: 'invalid_client' }, 401);
    const resources = form.getAll('resource');
    if (resources.length === 0) return c.json({ error: 'invalid_target' }, 400);
    const asked = form.get('scope')?.split(' ') ?? client.scopes;
    const scope = asked.filter((value) => client.scopes.includes(value)).join(' ');
    const issued = Math.floor(parts.now() / 1000) - (client.age_seconds ?? 0);
    const claims = {
      iss: parts.issuer,
      sub: id,
      client_id: id,
      jti: parts.newId(),
      aud: resources.length === 1 ? resources[0] : resources,
      iat: issued,
      exp: issued + client.lifetime_seconds,
      scope,
    } as JWTPayload;
    const body = { token_type: 'Bearer', expires_in: client.lifetime_seconds, scope, access_token: await sign(claims) };
    if (!asked.includes('openid')) return c.json(body);
    // OpenID Connect Core §2: the ID token is for the client, and names it as the audience.
    const idToken = await sign(
      { iss: parts.issuer, sub: id, aud: id, iat: issued, exp: issued + 300, nonce: 'n-1' },
      { typ: 'JWT' },
    );
    return c.json({ ...body, id_token: idToken });
  });
  return { app, sign };
}
