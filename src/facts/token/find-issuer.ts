/** Step 3: the issuer. `iss` picks a registered one by exact match (RFC 9068 §4); nothing else of the token is trusted for it. */
import type { JsonObject } from '../../json/value.ts';
import type { IssuerRecord, Registry } from '../../registry/registry.ts';
import { found, quote, type Refused, refuse } from './refuse.ts';

export interface Found {
  readonly kind: 'found';
  readonly issuer: IssuerRecord;
}

export function findIssuer(claims: JsonObject, registry: Pick<Registry, 'issuerByIss'>): Found | Refused {
  const { iss } = claims;
  if (typeof iss !== 'string')
    return refuse(
      'claims_invalid',
      'The claim "iss" must be the issuer\'s identifier, a string. Have the issuer put it into its tokens.',
      { actual: [found(iss)] },
    );
  const issuer = registry.issuerByIss.get(iss);
  if (issuer === undefined) {
    const near = nearMiss(iss, registry);
    return near === undefined
      ? refuse(
          'issuer_unknown',
          `The token's iss ${quote(iss)} is not a registered issuer. Get a token from an authorization server of this server, or register the issuer.`,
          { actual: [iss] },
        )
      : refuse(
          'issuer_unknown',
          `The token's iss ${quote(iss)} is not a registered issuer: the registered ${quote(near)} differs from it, and they are compared byte for byte. Register exactly what the issuer writes.`,
          { expected: [near], actual: [iss] },
        );
  }
  if (issuer.disabled)
    return refuse(
      'issuer_disabled',
      `The token's issuer ${quote(iss)} is disabled in the registry. Get a token from another issuer, or enable this one.`,
      { actual: [iss] },
    );
  return { kind: 'found', issuer };
}

/** A registered issuer that is this one but for case, trailing slash, http or default port. For the message only. */
function nearMiss(iss: string, registry: Pick<Registry, 'issuerByIss'>): string | undefined {
  const lower = iss.toLowerCase();
  const bases = [iss, lower, lower.replace(/^http:/, 'https:'), lower.replace(/^(https:\/\/[^/]*):443(?=\/|$)/, '$1')];
  for (const base of bases)
    for (const variant of [base, `${base}/`, base.replace(/\/$/, '')])
      if (registry.issuerByIss.has(variant)) return variant;
  return undefined;
}
