/**
 * Puts audgate before every token that an `oidc-provider` issues: asked at the authorization request, at the code exchange, at
 * the refresh and for client credentials; `token-exchange.ts` and `jwt-bearer.ts` add the other grants. Nothing is issued
 * without an allow, and nothing beyond it.
 */
import type { Client as Audgate, Issue } from 'audgate/client';
import {
  type AccessToken,
  type ClientCredentials,
  type Configuration,
  errors,
  type FindAccount,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider';
import { ask, type Question, textOf, valuesOf } from './ask.ts';
import { assertWithin, type Written } from './within.ts';

export interface GuardParts {
  readonly audgate: Pick<Audgate, 'issuance'>;
  /** Form and signature of access tokens. Their audience, scope and lifetime are audgate's. */
  readonly token: Pick<ResourceServer, 'accessTokenFormat' | 'jwt'>;
  /**
   * Requests that name no resource and have the scope `openid` are a sign-in, of which audgate is not asked: the access token
   * that comes of it has no audience and opens this server's own userinfo endpoint alone. Otherwise they are refused.
   */
  readonly sign_in?: boolean;
}

export interface Guard {
  /** The configuration of an authorization server, guarded. Its `findAccount` is needed. */
  configure(base: Configuration): Configuration;
  /** For a grant type of one's own: asks, and remembers what may be issued in this request. */
  decide(ctx: KoaContextWithOIDC, question: Question): Promise<Issue>;
  /** What an access token of this resource is made with. */
  resourceServer(issue: Issue): ResourceServer;
  /** Claims that the next save of this token writes, beside those of the configuration. */
  carry(token: AccessToken, claims: Readonly<Record<string, unknown>>): void;
}

type Token = AccessToken | ClientCredentials;
type Source = Exclude<Parameters<FindAccount>[2], undefined>;

/** Requests that end in a code or in a `request_uri`, and in no token. */
const FRONT: ReadonlySet<string> = new Set(['authorization', 'resume', 'pushed_authorization_request']);
/** Seconds; of a sign-in's token for the userinfo endpoint. */
const SIGN_IN_SECONDS = 300;

export function createGuard({ audgate, token: form, sign_in = false }: GuardParts): Guard {
  /** What was allowed in a request, so that it is asked once. */
  const allowed = new WeakMap<object, Issue>();
  const carried = new WeakMap<object, Readonly<Record<string, unknown>>>();

  async function decide(ctx: KoaContextWithOIDC, question: Question): Promise<Issue> {
    const issue = await ask(audgate, ctx, question);
    if (question.grant !== 'authorization_request') demandKey(ctx, issue);
    allowed.set(ctx, issue);
    return issue;
  }

  /** The authorization request and client credentials, when their resource is looked at or found missing. */
  async function decideRequest(ctx: KoaContextWithOIDC): Promise<Issue> {
    const known = allowed.get(ctx);
    if (known !== undefined) return known;
    const { route, params = {} } = ctx.oidc;
    const resources = valuesOf(params.resource);
    const scope = textOf(params.scope);
    if (FRONT.has(route)) return decide(ctx, { grant: 'authorization_request', resources, scope });
    if (route !== 'token' || params.grant_type !== 'client_credentials') throw new errors.UnsupportedGrantType();
    const issue = await decide(ctx, { grant: 'client_credentials', resources, scope });
    // RFC 6749 §3.3: what nobody named is the default, which is the registry's `advertised_scopes`.
    if (scope === undefined && issue.scope !== '') params.scope = issue.scope;
    return issue;
  }

  /** The code exchange, whose code is used up by now, and the refresh, which a refusal or an outage leaves good. */
  async function decideSource(ctx: KoaContextWithOIDC, source: Source): Promise<void> {
    if (allowed.has(ctx)) return;
    const { params = {} } = ctx.oidc;
    const bound = {
      resources: valuesOf('resource' in source ? source.resource : undefined) ?? [],
      scope: source.scope,
      client_id: source.clientId,
    };
    const resources = valuesOf(params.resource);
    if (resources === undefined && bound.resources.length === 0 && isSignIn(source.scope)) return;
    switch (source.kind) {
      case 'AuthorizationCode':
        await decide(ctx, { grant: 'authorization_code', resources, bound });
        break;
      case 'RefreshToken':
        await decide(ctx, { grant: 'refresh_token', resources, scope: textOf(params.scope), bound });
        break;
      default:
        // Device codes and backchannel requests: nobody was asked when they were made.
        throw new errors.UnsupportedGrantType();
    }
    // Another spelling of the same server's resource: the grant knows that of its own request.
    params.resource = bound.resources[0];
  }

  const isSignIn = (scope: string | undefined) => sign_in && (scope ?? '').split(' ').includes('openid');
  const resourceServer = (issue: Issue): ResourceServer => ({
    ...form,
    audience: issue.aud,
    scope: issue.scope,
    accessTokenTTL: issue.expires_in,
  });

  /** The last look, at what is about to be written: whatever came before, nothing leaves that was not allowed. */
  function check(ctx: KoaContextWithOIDC, token: Written, seconds: number): void {
    const issue = ctx.oidc.route === 'token' ? allowed.get(ctx) : undefined;
    if (issue !== undefined) {
      assertWithin(issue, token, seconds);
      return;
    }
    const grant = ctx.oidc.params?.grant_type;
    const signsIn = sign_in && token.aud === undefined && (grant === 'authorization_code' || grant === 'refresh_token');
    if (!signsIn) throw new Error('an access token of which audgate was not asked; nothing was issued');
  }

  function configure(base: Configuration): Configuration {
    const { findAccount, extraTokenClaims, formats, ttl, features } = base;
    if (findAccount === undefined) throw new TypeError('the configuration needs its own findAccount');
    return {
      ...base,
      async findAccount(ctx, sub, source) {
        if (ctx.oidc.route === 'token' && source !== undefined) await decideSource(ctx, source);
        return findAccount(ctx, sub, source);
      },
      async extraTokenClaims(ctx, token) {
        check(ctx, token, token.expiration);
        return { ...(await extraTokenClaims?.(ctx, token)), ...carried.get(token) };
      },
      formats: {
        ...formats,
        customizers: {
          ...formats?.customizers,
          async jwt(ctx, token, parts) {
            await formats?.customizers?.jwt?.(ctx, token, parts);
            const { aud, scope, iat, exp } = parts.payload;
            const written = { aud, scope, jkt: token.jkt, 'x5t#S256': token['x5t#S256'] };
            check(ctx, written, Number(exp) - Number(iat));
          },
        },
      },
      ttl: {
        ...ttl,
        AccessToken: (ctx, token, client) => shorter(ttl?.AccessToken, token)(ctx, token, client),
        ClientCredentials: (ctx, token, client) => shorter(ttl?.ClientCredentials, token)(ctx, token, client),
      },
      features: {
        ...features,
        resourceIndicators: {
          ...features?.resourceIndicators,
          enabled: true,
          async defaultResource(ctx, _client, oneOf) {
            // Several stand for no one server; audgate refused them before, and so does this.
            if (oneOf !== undefined) throw new errors.InvalidTarget();
            const isFront = FRONT.has(ctx.oidc.route);
            if (isFront && isSignIn(textOf(ctx.oidc.params?.scope))) return undefined;
            await decideRequest(ctx);
            // There is no resource, so this was no answer to the request.
            throw new errors.InvalidTarget();
          },
          getResourceServerInfo: async (ctx) => resourceServer(await decideRequest(ctx)),
          // An omitted resource was refused; one that the code does not hold cannot be granted.
          useGrantedResource: () => false,
        },
      },
    };
  }

  return { configure, decide, resourceServer, carry: (token, claims) => void carried.set(token, claims) };
}

/** A lifetime of one's own may be shorter than what audgate allows, never longer. */
function shorter<T extends Token, A extends readonly unknown[]>(
  own: number | ((...args: A) => number) | undefined,
  token: T,
) {
  return (...args: A): number => {
    const ceiling = token.resourceServer?.accessTokenTTL ?? SIGN_IN_SECONDS;
    return Math.min(typeof own === 'function' ? own(...args) : (own ?? ceiling), ceiling);
  };
}

/** Said before a refresh token is used up: whether the proof is a right one is judged by `oidc-provider`, and by `check`. */
function demandKey(ctx: KoaContextWithOIDC, { sender_constraint }: Issue): void {
  const dpop = ctx.get('DPoP') !== '';
  const mtls = ctx.oidc.client?.tlsClientCertificateBoundAccessTokens === true;
  const isBound = { none: true, dpop, mtls, any: dpop || mtls }[sender_constraint];
  if (!isBound)
    throw new errors.InvalidRequest(
      `tokens for this resource must be bound to a key of the client (${sender_constraint})`,
    );
}
