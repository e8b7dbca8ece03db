/** Ways in which a waiver could let more through by one mistake. */
import type { WaiverInput } from '../../decision/input.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { listedOperations } from '../../registry/listed.ts';
import type { ServerRecord } from '../../registry/registry.ts';
import { STRANGE_AUDIENCE } from './issuer-mutants.ts';
import { asked } from './operation-mutants.ts';
import { type RegistryMutant, type RegistryValue, type Seen, withMembers } from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/** Seconds: the longest life that a waiver may allow (contract 1). */
const LONGEST_WAIVED = 86_400;
/** Seconds that an ended waiver is made to hold on. */
const DAY = 86_400;
const STRANGE_CLIENT = 'another-client';

/** @param now seconds since the epoch */
export function waiverMutants(
  server: ServerRecord,
  value: RegistryValue,
  now: number,
  seen: Seen,
): readonly RegistryMutant[] {
  return server.waivers.flatMap((waiver, at) => oneWaiver(waiver, at, { server, value, now, seen }));
}

interface About {
  readonly server: ServerRecord;
  readonly value: RegistryValue;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly seen: Seen;
}

function oneWaiver(waiver: WaiverInput, at: number, { server, value, now, seen }: About): readonly RegistryMutant[] {
  const { key, source, effective } = server;
  const { what, issuer, client_id, operations, until_seconds, max_lifetime_seconds: limit } = waiver;
  const written = (Array.isArray(effective.waivers) ? effective.waivers : []).filter(isJsonObject);
  const own = written[at];
  // As `asked` writes it; what names no listed operation is asked about by its own cases.
  const listed = listedOperations(server).filter(({ name }) => !name.includes('*'));
  const named = listed.find(({ operation }) => operations.includes(operation.name));
  const claims = claimsOf(waiver, server);
  if (own === undefined || claims === null) return [];
  const mutant = (
    text: string,
    waivers: readonly JsonObject[],
    suggestion: Omit<Suggestion, 'server'>,
  ): RegistryMutant => ({
    what: `${key}: the ${what} waiver for ${client_id} ${text}`,
    place: `${source.file}:${source.line}`,
    change: { kind: 'value', value: withMembers(value, 'servers', key, { waivers: [...waivers] }) },
    suggestion: { ...suggestion, name: `${key}: ${suggestion.name}`, server: key },
  });
  const instead = (members: JsonObject) => written.map((one) => (one === own ? { ...one, ...members } : one));
  const expect = refusedFor(claims.code, claims.status);
  const token = (client: string, more: JsonObject = {}) => ({
    issuer,
    claims: { client_id: client, ...claims.members, ...more },
  });
  if (until_seconds <= now) {
    if (named === undefined) return [];
    const until = new Date((now + DAY) * 1000).toISOString().replace('.000Z', 'Z');
    const name = `a waiver for ${client_id} that has ended covers nothing`;
    return [mutant('has not ended', instead({ until }), { name, token: token(client_id), call: asked(named), expect })];
  }
  const mutants: RegistryMutant[] = [];
  const longer = Math.min((limit ?? LONGEST_WAIVED) * 2, LONGEST_WAIVED);
  if (named !== undefined && limit !== undefined && longer > limit) {
    mutants.push(
      mutant(`allows a life of ${longer} seconds, not ${limit}`, instead({ max_lifetime_seconds: longer }), {
        name: `a life beyond the waiver for ${client_id} is refused`,
        token: token(client_id, { exp: `+${limit + 1}` }),
        call: asked(named),
        expect,
      }),
    );
  }
  const clients = [...new Set([STRANGE_CLIENT, ...seen.clients])].filter((one) => one !== client_id);
  if (named !== undefined) {
    const copies = clients.map((one) => ({ ...own, client_id: one }));
    mutants.push(
      mutant('is for other clients too', [...written, ...copies], {
        name: `what is waived for ${client_id} is refused to another client`,
        token: token(STRANGE_CLIENT),
        call: asked(named),
        expect,
      }),
    );
  }
  const beyond = listed.filter(
    ({ operation: { name, scopes } }) =>
      !operations.includes(name) && (claims.code !== 'scope_insufficient' || scopes.length > 0),
  );
  const [other] = beyond;
  if (other !== undefined) {
    const more = beyond.map(({ operation }) => operation.name);
    mutants.push(
      mutant('is for other operations too', instead({ operations: [...new Set([...operations, ...more])] }), {
        name: `what is waived for ${client_id} is refused for ${other.operation.name}`,
        token: token(client_id),
        call: asked(other),
        expect,
      }),
    );
  }
  return mutants;
}

/** What a token has that only the waiver lets pass; null: it is not the token that the waiver is about. */
function claimsOf({ what, audience, codes = [] }: WaiverInput, { max_lifetime_seconds: limit }: ServerRecord) {
  const [code] = what === 'observe' ? codes : [what === 'audience' ? 'audience_mismatch' : 'lifetime_exceeded'];
  switch (code) {
    case 'audience_mismatch':
      return { code, status: 401, members: { aud: audience ?? STRANGE_AUDIENCE } };
    case 'lifetime_exceeded':
      return { code, status: 401, members: { exp: `+${limit + 1}` } };
    case 'scope_insufficient':
      return { code, status: 403, members: { scope: null } };
    default:
      return null;
  }
}
