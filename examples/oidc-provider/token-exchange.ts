/**
 * Token exchange (RFC 8693): a token for one server becomes a token for another where the registry lists the exchange, or, at an
 * identity provider, an ID token becomes an ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant).
 */
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { textOf, valuesOf } from './ask.ts';
import type { Guard } from './guard.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
export const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
export const ID_JAG_TYPE = 'oauth-id-jag+jwt';

export interface ExchangeParts {
  readonly guard: Guard;
  /** This server's own public keys, and the algorithms that it signs with. */
  readonly keys: JWTVerifyGetKey;
  readonly algorithms: string[];
  /** Signs an ID-JAG with this server's key and `typ`. Without it none is issued. */
  readonly signIdJag?: (claims: JWTPayload) => Promise<string>;
}

export interface Parameters {
  readonly subject_token?: string;
  readonly subject_token_type?: string;
  readonly requested_token_type?: string;
  readonly resource?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly scope?: string;
  readonly actor_token?: string;
}

/** The client's `grant_types` must list it; `oidc-provider` sees to that. */
export function registerTokenExchange(provider: Provider, parts: ExchangeParts): void {
  provider.registerGrantType<Parameters>(
    TOKEN_EXCHANGE,
    (ctx) => exchange(provider, parts, ctx),
    [
      ...['subject_token', 'subject_token_type', 'requested_token_type', 'actor_token', 'actor_token_type'],
      ...['resource', 'audience', 'scope'],
    ],
    ['resource', 'audience'],
  );
}

async function exchange(
  provider: Provider,
  { guard, keys, algorithms, signIdJag }: ExchangeParts,
  ctx: TokenEndpointGrantContext<Parameters>,
): Promise<void> {
  const { client, params } = ctx.oidc;
  // Whoever found a token could exchange it, if nobody had to say who they are.
  if (client.clientAuthMethod === 'none')
    throw new errors.UnauthorizedClient('an exchange needs client authentication');
  if (client.subjectType === 'pairwise')
    throw new errors.UnauthorizedClient('the subject would be another one for this client');
  if (params.actor_token !== undefined) throw new errors.InvalidRequest('actor_token is not supported');
  const requested = params.requested_token_type ?? ACCESS_TOKEN;
  const isIdJag = requested === ID_JAG && signIdJag !== undefined;
  if (requested !== ACCESS_TOKEN && !isIdJag) throw new errors.InvalidRequest('requested_token_type is not supported');
  if (params.subject_token_type !== (isIdJag ? ID_TOKEN : ACCESS_TOKEN))
    throw new errors.InvalidRequest('subject_token_type does not fit requested_token_type');

  const verified = await verify(params.subject_token ?? '', keys, { issuer: provider.issuer, algorithms }, isIdJag);
  const { sub, aud, exp, scope } = verified;
  const audiences = valuesOf(aud) ?? [];
  if (sub === undefined || exp === undefined) throw new errors.InvalidRequest('subject_token lacks sub or exp');
  const holder = isIdJag
    ? audiences.includes(client.clientId)
      ? client.clientId
      : undefined
    : textOf(verified.client_id);
  // A token that is bound to its holder's key would lose that, and be anybody's.
  if (!isIdJag && verified.cnf !== undefined && holder === client.clientId)
    throw new errors.InvalidRequest('a token that is bound to a key is not exchanged by its own client');

  const issue = await guard.decide(ctx, {
    grant: TOKEN_EXCHANGE,
    resources: valuesOf(params.resource),
    audiences: valuesOf(params.audience),
    scope: params.scope,
    ...(isIdJag && { requested_token_type: ID_JAG }),
    bound: { resources: audiences, scope: textOf(scope), client_id: holder, expires_at: exp },
  });

  if (isIdJag) {
    const now = Math.floor(Date.now() / 1000);
    const assertion = await signIdJag({
      ...{ iss: provider.issuer, sub, aud: issue.aud, resource: issue.resource, client_id: client.clientId },
      ...{ jti: crypto.randomUUID(), iat: now, exp: now + issue.expires_in },
      ...(issue.scope !== '' && { scope: issue.scope }),
    });
    answer(ctx, { access_token: assertion, issued_token_type: ID_JAG, token_type: 'N_A' }, issue);
    return;
  }
  const token = new provider.AccessToken({
    ...{ accountId: sub, client, grantId: '', gty: 'token_exchange', scope: issue.scope },
  });
  token.resourceServer = new provider.ResourceServer(issue.resource, guard.resourceServer(issue));
  // RFC 8693 §4.1: who acted before is not forgotten. Who acts now is the token's client_id.
  if (verified.act !== undefined) guard.carry(token, { act: verified.act });
  ctx.oidc.entity('AccessToken', token);
  const access_token = await token.save();
  answer(
    ctx,
    { access_token, issued_token_type: ACCESS_TOKEN, token_type: token.tokenType },
    { ...issue, expires_in: token.expiration },
  );
}

/** RFC 8693 §2.2.1. Its own `expires_in`, because a configured lifetime may be shorter than the ceiling. */
function answer(
  ctx: TokenEndpointGrantContext,
  token: object,
  { expires_in, scope }: { expires_in: number; scope: string },
) {
  ctx.body = { ...token, expires_in, ...(scope !== '' && { scope }) };
}

/** An access token and an ID token of the same issuer differ in `typ` (RFC 9068 §2.1): neither may pass for the other. */
async function verify(
  text: string,
  keys: JWTVerifyGetKey,
  options: { readonly issuer: string; readonly algorithms: string[] },
  isIdToken: boolean,
): Promise<JWTPayload> {
  try {
    const { payload, protectedHeader } = await jwtVerify(text, keys, options);
    const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
    if (isIdToken ? type === undefined || type === 'jwt' : type === 'at+jwt') return payload;
  } catch {
    // Below: why it is not valid is nothing that a client needs to know.
  }
  throw new errors.InvalidRequest('subject_token is not valid');
}
