/** Ways in which a registry could be wider by one mistake; a case should notice each of them. */
import type { JsonObject } from '../../json/value.ts';
import type { Registry, ServerRecord } from '../../registry/registry.ts';
import { issuerMutants, STRANGE_AUDIENCE } from './issuer-mutants.ts';
import { labelMutants } from './label-mutants.ts';
import { operationMutants } from './operation-mutants.ts';
import {
  PING,
  type RegistryMutant,
  type RegistryValue,
  type Seen,
  withMembers,
  writtenForm,
} from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';
import { userMutants } from './user-mutants.ts';
import { waiverMutants } from './waiver-mutants.ts';

/** Seconds: the longest life that a registry may allow (contract 1). */
const LONGEST = 3600;

/** @param now seconds since the epoch, by which waivers are dated */
export function registryMutants(registry: Registry, now: number, seen: Seen): readonly RegistryMutant[] {
  const value = writtenForm(registry);
  const servers = [...registry.servers.values()];
  return [
    ...servers.flatMap((server) => serverMutants(server, registry, value, now, seen)),
    ...[...registry.issuers.values()].flatMap((issuer) => issuerMutants(issuer, servers, value, seen)),
  ];
}

function serverMutants(
  server: ServerRecord,
  registry: Registry,
  value: RegistryValue,
  now: number,
  seen: Seen,
): readonly RegistryMutant[] {
  const { key, issuers, max_lifetime_seconds: limit, actors, sender_constraint, source } = server;
  const issuer = issuers.find((name) => registry.issuers.get(name)?.disabled === false);
  // All its tokens are refused, so nothing can open it.
  if (issuer === undefined) return [];
  const place = `${source.file}:${source.line}`;
  const changed = (members: JsonObject) => ({
    kind: 'value' as const,
    value: withMembers(value, 'servers', key, members),
  });
  const told = (what: string, claims: JsonObject, reason: string, token = issuer): Suggestion => ({
    name: `${key}: ${what}`,
    server: key,
    token: { issuer: token, ...(Object.keys(claims).length > 0 && { claims }) },
    call: PING,
    expect: refusedFor(reason, 401),
  });
  const mutants: RegistryMutant[] = [];

  const neighbour = [...registry.servers.values()].find((other) => other.key !== key);
  const audience = neighbour?.resource ?? registry.issuers.get(issuer)?.issuer ?? '';
  mutants.push({
    what: `${key} accepts tokens for ${audience}`,
    place,
    change: { kind: 'audience', server: key, audiences: [audience] },
    suggestion: told('a token for another is refused', { aud: audience }, 'audience_mismatch'),
  });
  mutants.push({
    what: `${key} accepts an audience that is not its own`,
    place,
    change: { kind: 'audience', server: key, audiences: [STRANGE_AUDIENCE, ...seen.audiences] },
    suggestion: told('a token for nobody is refused', { aud: STRANGE_AUDIENCE }, 'audience_mismatch'),
  });
  const longer = Math.min(limit * 2, LONGEST);
  if (longer > limit) {
    mutants.push({
      what: `${key} allows tokens a life of ${longer} seconds, not ${limit}`,
      place,
      change: changed({ max_lifetime_seconds: longer }),
      suggestion: told('a token that lives too long is refused', { exp: `+${limit + 1}` }, 'lifetime_exceeded'),
    });
  }
  const foreign = [...registry.issuers.values()].find((other) => !issuers.includes(other.key) && !other.disabled);
  if (foreign !== undefined) {
    mutants.push({
      what: `${key} trusts the issuer ${foreign.key} too`,
      place,
      change: changed({ issuers: [...issuers, foreign.key] }),
      suggestion: told('a token of an issuer it does not list is refused', {}, 'issuer_not_trusted', foreign.key),
    });
  }
  if (actors !== 'any') {
    mutants.push({
      what: `${key} lets any actor stand in a token`,
      place,
      change: changed({ actors: 'any' }),
      suggestion: told(
        'an actor it does not list is refused',
        { act: { sub: 'an-unlisted-actor' } },
        'actor_not_allowed',
      ),
    });
  }
  if (sender_constraint !== 'none') {
    mutants.push({
      what: `${key} takes tokens that are bound to nobody`,
      place,
      change: changed({ sender_constraint: 'none' }),
      suggestion: told('a token that is not bound is refused', {}, 'token_not_bound'),
    });
  }
  return [
    ...mutants,
    ...waiverMutants(server, value, now, seen),
    ...operationMutants(server, issuer, value),
    ...userMutants({ server, registry, issuer, value, seen }),
    ...labelMutants(server, issuer, value, seen.readsLabel),
  ];
}
