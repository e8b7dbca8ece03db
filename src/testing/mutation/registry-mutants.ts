/** Ways in which a registry could be wider by one mistake; a case should notice each of them. */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { type ListedOperation, listedOperations } from '../../registry/listed.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';
import { showRegistry } from '../../registry/show.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/** Plain value of a registry file. */
export type RegistryValue = { readonly [part in 'issuers' | 'servers']: Readonly<Record<string, JsonObject>> };

export interface RegistryMutant {
  readonly what: string;
  /** `file:line` of the record. */
  readonly place: string;
  readonly change:
    | { readonly kind: 'value'; readonly value: RegistryValue }
    /** What no registry may say, because the lint refuses it: the server accepts another's audience. */
    | { readonly kind: 'audience'; readonly server: string; readonly audience: string };
  /** Where needed scopes change: a call that needs fewer, else the change changes nothing. */
  readonly probe?: { readonly server: string; readonly call: CallFacts };
  readonly suggestion: Suggestion;
}

/** Seconds: the longest lives and the largest tolerance that a registry may allow (contract 1). */
const LONGEST = 3600;
const LONGEST_WAIVED = 86_400;
const MOST_TOLERANT = 60;

/** Open to each right token. */
const PING = { method: 'ping' };

/** The registry as it could stand in one file, without what is another each time: places and keys. */
export function writtenForm(registry: Registry): RegistryValue {
  const shown = showRegistry(registry);
  const strip = (part: 'issuers' | 'servers') => {
    const records = isJsonObject(shown[part]) ? Object.entries(shown[part]) : [];
    return Object.fromEntries(
      records.map(([key, record]) => {
        const members = isJsonObject(record) ? Object.entries(record) : [];
        return [key, Object.fromEntries(members.filter(([name]) => !NOT_WRITTEN.includes(name)))];
      }),
    );
  };
  return { issuers: strip('issuers'), servers: strip('servers') };
}

const NOT_WRITTEN = ['key', 'source', 'jwks', 'jwks_uri', 'allow_private_network'];

/** @param now seconds since the epoch, by which waivers are dated */
export function registryMutants(registry: Registry, now: number): readonly RegistryMutant[] {
  const value = writtenForm(registry);
  const servers = [...registry.servers.values()];
  return [
    ...servers.flatMap((server) => serverMutants(server, registry, value, now)),
    ...[...registry.issuers.values()].flatMap((issuer) => issuerMutants(issuer, servers, value)),
  ];
}

function serverMutants(
  server: ServerRecord,
  registry: Registry,
  value: RegistryValue,
  now: number,
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
    change: { kind: 'audience', server: key, audience },
    suggestion: told('a token for another is refused', { aud: audience }, 'audience_mismatch'),
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
  const { unlisted_tools } = server.effective;
  if (unlisted_tools === 'deny') {
    mutants.push({
      what: `${key} opens tools that it does not list`,
      place,
      change: changed({ unlisted_tools: { scopes: [] } }),
      suggestion: {
        name: `${key}: a tool that is not listed is refused`,
        server: key,
        token: { issuer },
        call: { method: 'tools/call', tool: 'a_tool_that_is_not_listed', arguments: {} },
        expect: refusedFor('tool_unknown', 403),
      },
    });
  }
  return [...mutants, ...waiverMutants(server, value, now), ...scopeMutants(server, issuer, value)];
}

/** An operation that no longer needs one of its scopes. */
function scopeMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  const { key, source, effective } = server;
  return listedOperations(server).flatMap((listed) =>
    listed.operation.scopes.flatMap((scope) => {
      const { implied_by } = listed.operation;
      const others = listed.operation.scopes.filter((other) => other !== scope);
      // Whoever holds the others holds it too.
      if (others.some((other) => implied_by[scope]?.includes(other))) return [];
      const call = callOf(listed);
      const without = withoutScope(effective, listed, scope);
      if (without === null) return [];
      return [
        {
          what: `${key}: ${listed.operation.name} no longer needs ${scope}`,
          place: `${source.file}:${source.line}`,
          change: { kind: 'value', value: withMembers(value, 'servers', key, without) },
          probe: { server: key, call },
          suggestion: {
            name: `${key}: ${listed.operation.name} without ${scope} is refused`,
            server: key,
            token: { issuer, claims: { scope: others.join(' ') } },
            call:
              listed.kind === 'resource' ? call : { ...call, ...(call.tool || call.prompt ? { arguments: {} } : {}) },
            expect: refusedFor('scope_insufficient', 403),
          },
        } satisfies RegistryMutant,
      ];
    }),
  );
}

const PARTS = { tool: 'tools', prompt: 'prompts', resource: 'resources', method: 'methods' } as const;

/** Members of the server whose entry for this operation lacks the scope; null: it comes from elsewhere. */
function withoutScope(effective: JsonObject, { kind, name }: ListedOperation, scope: string): JsonObject | null {
  const less = (entry: unknown): JsonObject | null => {
    if (!isJsonObject(entry) || !Array.isArray(entry.scopes) || !entry.scopes.includes(scope)) return null;
    return { ...entry, scopes: entry.scopes.filter((one) => one !== scope) };
  };
  if (kind === 'unlisted') {
    const unlisted_tools = less(effective.unlisted_tools);
    return unlisted_tools === null ? null : { unlisted_tools };
  }
  const part = effective[PARTS[kind]];
  const entry = isJsonObject(part) ? less(part[name]) : null;
  return entry === null || !isJsonObject(part) ? null : { [PARTS[kind]]: { ...part, [name]: entry } };
}

type Call = Pick<CallFacts, 'method' | 'tool' | 'prompt' | 'uri' | 'task'>;

function callOf({ kind, name }: ListedOperation): Call {
  switch (kind) {
    case 'tool':
      return { method: 'tools/call', tool: name };
    case 'unlisted':
      return { method: 'tools/call', tool: 'a_tool_that_is_not_listed' };
    case 'prompt':
      return { method: 'prompts/get', prompt: name };
    case 'resource':
      return { method: 'resources/read', uri: name.endsWith('*') ? `${name.slice(0, -1)}example` : name };
    case 'method':
      return name.startsWith('tasks/') ? { method: name, task: 'any' } : { method: name };
  }
}

/** A waiver in force that allows a longer life. */
function waiverMutants(server: ServerRecord, value: RegistryValue, now: number): readonly RegistryMutant[] {
  const { key, source, effective } = server;
  const written = Array.isArray(effective.waivers) ? effective.waivers : [];
  return server.waivers.flatMap((waiver, at) => {
    const { max_lifetime_seconds: limit, issuer, client_id } = waiver;
    if (waiver.what !== 'lifetime' || limit === undefined || waiver.until_seconds <= now) return [];
    const longer = Math.min(limit * 2, LONGEST_WAIVED);
    const [method = '', tool] = waiver.operations.find((name) => name.startsWith('tools/call '))?.split(/ (.*)/) ?? [];
    if (longer === limit || tool === undefined) return [];
    const waivers = written.map((one, index) =>
      index === at && isJsonObject(one) ? { ...one, max_lifetime_seconds: longer } : one,
    );
    return [
      {
        what: `${key}: the waiver for ${client_id} allows a life of ${longer} seconds, not ${limit}`,
        place: `${source.file}:${source.line}`,
        change: { kind: 'value', value: withMembers(value, 'servers', key, { waivers }) },
        suggestion: {
          name: `${key}: a life beyond the waiver for ${client_id} is refused`,
          server: key,
          token: { issuer, claims: { client_id, exp: `+${limit + 1}` } },
          call: { method, tool, arguments: {} },
          expect: refusedFor('lifetime_exceeded', 401),
        },
      } satisfies RegistryMutant,
    ];
  });
}

function issuerMutants(
  issuer: IssuerRecord,
  servers: readonly ServerRecord[],
  value: RegistryValue,
): readonly RegistryMutant[] {
  const { key, source, clock_tolerance_seconds: tolerance, disabled } = issuer;
  const server = servers.find(({ issuers }) => issuers.includes(key));
  if (server === undefined) return [];
  const place = `${source.file}:${source.line}`;
  const changed = (members: JsonObject) => ({
    kind: 'value' as const,
    value: withMembers(value, 'issuers', key, members),
  });
  const about = { server: server.key, call: PING };
  if (disabled) {
    const what = `the issuer ${key} is not disabled`;
    const name = `${key}: a token of a disabled issuer is refused`;
    const expect = refusedFor('issuer_disabled', 401);
    return [
      {
        what,
        place,
        change: changed({ disabled: false }),
        suggestion: { name, ...about, token: { issuer: key }, expect },
      },
    ];
  }
  if (tolerance >= MOST_TOLERANT) return [];
  const life = Math.min(60, server.max_lifetime_seconds);
  const claims = { iat: `-${tolerance + life}`, exp: `-${tolerance}` };
  return [
    {
      what: `the clock of ${key} may be ${MOST_TOLERANT} seconds wrong, not ${tolerance}`,
      place,
      change: changed({ clock_tolerance_seconds: MOST_TOLERANT }),
      suggestion: {
        name: `${key}: a token that has ended is refused after ${tolerance} seconds`,
        ...about,
        token: { issuer: key, claims },
        expect: refusedFor('token_expired', 401),
      },
    },
  ];
}

function withMembers(
  value: RegistryValue,
  part: 'issuers' | 'servers',
  key: string,
  members: JsonObject,
): RegistryValue {
  return { ...value, [part]: { ...value[part], [key]: { ...value[part][key], ...members } } };
}
