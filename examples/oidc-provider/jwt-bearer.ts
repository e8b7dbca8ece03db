/**
 * The use of an ID-JAG (RFC 7523 §2.1, draft-ietf-oauth-identity-assertion-authz-grant) at the authorization server of the
 * resource: an assertion of a trusted identity provider becomes an access token for the one server that it names.
 */
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { textOf, valuesOf } from './ask.ts';
import type { Guard } from './guard.ts';
import { ID_JAG_TYPE } from './token-exchange.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface IdentityProvider {
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
  readonly algorithms: string[];
}

export interface BearerParts {
  readonly guard: Guard;
  /** Whose assertions are believed. */
  readonly trusted: readonly IdentityProvider[];
  /** This server's account for a subject of that identity provider. @returns undefined where there is none */
  readonly account: (issuer: string, subject: string) => Promise<string | undefined>;
}

interface Parameters {
  readonly assertion?: string;
  readonly resource?: string | readonly string[];
  readonly scope?: string;
}

export function registerJwtBearer(provider: Provider, parts: BearerParts): void {
  provider.registerGrantType<Parameters>(
    JWT_BEARER,
    (ctx) => accept(provider, parts, ctx),
    ['assertion', 'resource', 'scope'],
    ['resource'],
  );
}

async function accept(
  provider: Provider,
  { guard, trusted, account }: BearerParts,
  ctx: TokenEndpointGrantContext<Parameters>,
): Promise<void> {
  const { client, params } = ctx.oidc;
  if (client.clientAuthMethod === 'none') throw new errors.UnauthorizedClient('this grant needs client authentication');
  const {
    iss = '',
    sub = '',
    jti = '',
    exp = 0,
    ...claims
  } = await verify(params.assertion ?? '', trusted, provider.issuer);
  const accountId = await account(iss, sub);
  if (accountId === undefined) throw new errors.InvalidGrant('assertion is not valid');

  const issue = await guard.decide(ctx, {
    grant: JWT_BEARER,
    resources: valuesOf(params.resource),
    scope: params.scope,
    bound: {
      resources: valuesOf(claims.resource) ?? [],
      scope: textOf(claims.scope),
      client_id: textOf(claims.client_id),
      expires_at: exp,
    },
  });
  // RFC 7523 §3: used once. Only now, so that an outage does not use it up.
  if (!(await provider.ReplayDetection.unique(iss, jti, exp))) throw new errors.InvalidGrant('assertion is not valid');

  const token = new provider.AccessToken({ accountId, client, grantId: '', gty: 'jwt_bearer', scope: issue.scope });
  token.resourceServer = new provider.ResourceServer(issue.resource, guard.resourceServer(issue));
  ctx.oidc.entity('AccessToken', token);
  ctx.body = {
    ...{ access_token: await token.save(), token_type: token.tokenType, expires_in: token.expiration },
    ...(issue.scope !== '' && { scope: issue.scope }),
  };
}

/** Signed by a trusted identity provider, for this server alone, not yet ended, and no other kind of token of theirs. */
async function verify(text: string, trusted: readonly IdentityProvider[], audience: string): Promise<JWTPayload> {
  for (const { issuer, keys, algorithms } of trusted) {
    const options = { issuer, audience, algorithms, typ: ID_JAG_TYPE };
    try {
      const { payload } = await jwtVerify(text, keys, {
        ...options,
        requiredClaims: ['sub', 'jti', 'exp', 'iat', 'client_id'],
      });
      if (payload.aud === audience) return payload;
    } catch {
      // Perhaps another's.
    }
  }
  throw new errors.InvalidGrant('assertion is not valid');
}
