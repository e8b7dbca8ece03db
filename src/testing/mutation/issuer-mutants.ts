/** Ways in which an issuer's record could let more tokens in by one mistake. */
import type { JsonObject } from '../../json/value.ts';
import type { IssuerRecord, ServerRecord } from '../../registry/registry.ts';
import { PING, type RegistryMutant, type RegistryValue, type Seen, withMembers } from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/** Seconds: the largest tolerance that a registry may allow (contract 1). */
const MOST_TOLERANT = 60;
/** Belongs to nobody. */
export const STRANGE_AUDIENCE = 'urn:example:another-service';

export function issuerMutants(
  issuer: IssuerRecord,
  servers: readonly ServerRecord[],
  value: RegistryValue,
  seen: Seen,
): readonly RegistryMutant[] {
  const { key, source, clock_tolerance_seconds: tolerance, disabled, extra_audiences: extra, token_types } = issuer;
  const server = servers.find(({ issuers }) => issuers.includes(key));
  if (server === undefined) return [];
  const mutant = (what: string, members: JsonObject, suggestion: Pick<Suggestion, 'name' | 'token' | 'expect'>) => ({
    what,
    place: `${source.file}:${source.line}`,
    change: { kind: 'value' as const, value: withMembers(value, 'issuers', key, members) },
    suggestion: { ...suggestion, server: server.key, call: PING },
  });
  if (disabled) {
    const name = `${key}: a token of a disabled issuer is refused`;
    const expect = refusedFor('issuer_disabled', 401);
    return [mutant(`the issuer ${key} is not disabled`, { disabled: false }, { name, token: { issuer: key }, expect })];
  }
  const mutants: RegistryMutant[] = [];
  if (tolerance < MOST_TOLERANT) {
    const life = Math.min(60, server.max_lifetime_seconds);
    const claims = { iat: `-${tolerance + life}`, exp: `-${tolerance}` };
    mutants.push(
      mutant(
        `the clock of ${key} may be ${MOST_TOLERANT} seconds wrong, not ${tolerance}`,
        { clock_tolerance_seconds: MOST_TOLERANT },
        {
          name: `${key}: a token that has ended is refused after ${tolerance} seconds`,
          token: { issuer: key, claims },
          expect: refusedFor('token_expired', 401),
        },
      ),
    );
  }
  const more = [...new Set([...extra, STRANGE_AUDIENCE, ...seen.audiences])];
  mutants.push(
    mutant(
      `${key} may add other values to aud`,
      { extra_audiences: more },
      {
        name: `${key}: a token that is for something else as well is refused`,
        token: { issuer: key, claims: { aud: [server.resource, STRANGE_AUDIENCE] } },
        expect: refusedFor('audience_not_exclusive', 401),
      },
    ),
  );
  if (!token_types.includes('jwt')) {
    mutants.push(
      mutant(
        `${key} issues access tokens of the type JWT`,
        { token_types: [...token_types, 'JWT'] },
        {
          name: `${key}: a token of another type is refused`,
          token: { issuer: key, header: { typ: 'JWT' } },
          expect: refusedFor('token_type_not_allowed', 401),
        },
      ),
    );
  }
  return mutants;
}
