/**
 * The host's own look at what core lets be issued, without Rego and without the facts that Rego was given: from the question
 * and the registry alone. A module that was swapped, broken or miscompiled must not be able to issue a token for a server
 * that was not asked for, that does not trust the issuer, or that the grant is not for.
 */
import { type IssuanceQuestion, JWT_BEARER, TOKEN_EXCHANGE } from '../decision/issuance.ts';
import type { Issuable } from '../policy/issue.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { isIdJag, scopesOf } from './request.ts';

/** Seconds. An ID-JAG is used once, at once. */
const MAX_ID_JAG = 300;

/**
 * @param now seconds since the epoch
 * @returns what issuing this would break, for the alarm; null when nothing. Holds no client's text.
 */
export function belowIssuanceFloor(
  issue: Issuable,
  question: IssuanceQuestion,
  registry: Registry,
  now: number,
): string | null {
  const server = registry.serverByResource.get(issue.resource);
  const issuer = registry.issuerByIss.get(question.issuer);
  if (server === undefined) return 'core issued for a resource that is not registered';
  if (issuer === undefined || issuer.disabled) return 'core let an issuer issue that is not registered, or is disabled';
  const { resources = [], audiences = [] } = question;
  const [audience] = audiences;
  const idJag = isIdJag(question);
  // Whose token the server will be shown.
  const trusted = idJag && audience !== undefined ? registry.issuerByIss.get(audience) : issuer;
  if (trusted === undefined || trusted.disabled || !server.issuers.includes(trusted.key))
    return `core issued for server "${server.key}", which does not list who issues its token`;
  if (issue.aud !== (idJag ? audience : server.resource))
    return `core issued for server "${server.key}" with another aud than the registered one`;

  const accepted = server.inputFor(trusted.key).audiences;
  const asked = idJag ? resources : [...resources, ...audiences];
  const isOne = idJag ? resources.length === 1 && audiences.length === 1 : asked.length > 0;
  if (!isOne || resources.length > 1 || audiences.length > 1 || !asked.every((value) => accepted.includes(value)))
    return `core issued for server "${server.key}" what did not ask for it alone`;

  const limit = limitOf(question, server, issuer, trusted, registry);
  if (limit === 'foreign') return `core issued for server "${server.key}" from a grant for another`;
  const requested = scopesOf(question.scope);
  const within = (scope: string) =>
    server.known_scopes.has(scope) &&
    (limit === 'none' || limit.includes(scope)) &&
    (requested === undefined
      ? limit !== 'none' || server.advertised_scopes.includes(scope)
      : requested.includes(scope));
  if (!issue.scopes.every(within)) return `core issued for server "${server.key}" more scope than may be`;

  const { expires_in } = issue;
  if (expires_in < 1 || expires_in > lifetimeOf(question, server, now))
    return `core issued for server "${server.key}" a token that lives too long`;
  return issue.sender_constraint === server.sender_constraint
    ? null
    : `core issued for server "${server.key}" a token with another binding than it needs`;
}

/** Scopes that the grant limits this to; `none`: there is no grant yet. `foreign`: it is not for this server and client. */
function limitOf(
  question: IssuanceQuestion,
  server: ServerRecord,
  issuer: IssuerRecord,
  trusted: IssuerRecord,
  registry: Registry,
): readonly string[] | 'none' | 'foreign' {
  const { grant, bound, client_id } = question;
  if (grant === 'authorization_request' || grant === 'client_credentials')
    return bound === undefined ? 'none' : 'foreign';
  if (bound === undefined) return 'foreign';
  const isOwn = bound.client_id === client_id;
  if (isOwn && isFor(server, bound.resources, issuer)) return scopesOf(bound.scope) ?? [];
  if (grant !== TOKEN_EXCHANGE) return 'foreign';
  const [only] = bound.resources;
  if (isIdJag(question) && isOwn && bound.resources.length === 1 && only === client_id) return 'none';
  const edge = registry.exchanges.find(({ from, to, client, issuer: by }) => {
    const origin = registry.servers.get(from);
    return (
      to === server.key &&
      client === client_id &&
      by === trusted.key &&
      origin !== undefined &&
      isFor(origin, bound.resources, issuer)
    );
  });
  return edge?.scopes ?? 'foreign';
}

/** One value at least, and none that is neither accepted there nor the issuer's own. */
function isFor(server: ServerRecord, values: readonly string[], { key, extra_audiences }: IssuerRecord): boolean {
  const accepted = server.inputFor(key).audiences;
  return (
    values.some((value) => accepted.includes(value)) &&
    values.every((value) => accepted.includes(value) || extra_audiences.includes(value))
  );
}

function lifetimeOf(question: IssuanceQuestion, server: ServerRecord, now: number): number {
  const { grant, bound, lifetime_seconds: asked } = question;
  const left = bound?.expires_at === undefined ? Number.POSITIVE_INFINITY : bound.expires_at - now;
  // What has ended serves no grant.
  if (left <= 0) return 0;
  return Math.min(
    server.max_lifetime_seconds,
    asked ?? Number.POSITIVE_INFINITY,
    isIdJag(question) ? MAX_ID_JAG : Number.POSITIVE_INFINITY,
    grant === TOKEN_EXCHANGE || grant === JWT_BEARER ? left : Number.POSITIVE_INFINITY,
  );
}
