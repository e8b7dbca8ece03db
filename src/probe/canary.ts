/** A canary's token from the authorization server itself, and whether it is harmless enough to be shown to a server under test. */
import type { IssuerRecord } from '../registry/registry.ts';
import type { Fetched } from './credentials.ts';
import { audiencesOf, type EndpointParts, type Issued, openEndpoint } from './token-endpoint.ts';
import { LIFETIME_SECONDS } from './tokens.ts';

/** @param canary a resource that the authorization server knows, and that is nobody's in the registry */
export async function fetchCanary(canary: string, parts: EndpointParts): Promise<Fetched> {
  const opened = await openEndpoint(parts);
  if (!opened.ok) return { ok: false, why: `issuer "${parts.issuer.key}": ${opened.detail}` };
  const issued = await opened.endpoint.ask([canary]);
  const why = whyNot(issued, canary, parts);
  return issued.kind === 'token' && why === null ? { ok: true, token: issued.token } : { ok: false, why: why ?? '' };
}

function whyNot(issued: Issued, canary: string, { issuer, now }: EndpointParts): string | null {
  const name = `issuer "${issuer.key}"`;
  if (issued.kind === 'failed') return `${name}: ${issued.detail}`;
  if (issued.kind === 'refused') return `${name} issues no token for the canary: the error ${issued.error}`;
  const { claims, scope } = issued;
  if (claims === null) return `${name} issued an opaque token, of which nobody can say that it is the canary’s`;
  const [audience, ...others] = audiencesOf(claims);
  if (audience !== canary || others.length > 0) return `${name} issued a token that is not for the canary alone`;
  if (scope !== '' || hasScopes(claims, issuer)) return `${name} issued a token with scopes: the canary must have none`;
  const { iat, exp } = claims;
  const life = Math.max(
    Number(exp) - Number(iat),
    Number(exp) - Math.floor(now() / 1000) - issuer.clock_tolerance_seconds,
  );
  if (!(life <= LIFETIME_SECONDS))
    return `${name} issued a token for more than ${LIFETIME_SECONDS} s: shorten what it issues for the canary`;
  return null;
}

function hasScopes(claims: Readonly<Record<string, unknown>>, { profile }: IssuerRecord): boolean {
  return profile.scopes.some(({ claim }) => {
    const value = claims[claim];
    return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  });
}
