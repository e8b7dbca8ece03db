/** Ways in which a server could ask less of a user's authentication, or take details that it does not know, by one mistake. */
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { type Asked, strictest } from '../../registry/authentication.ts';
import { METHODS_BY_TARGET, TASK_METHODS, targetsOf } from '../../registry/method.ts';
import type { Registry, ServerRecord } from '../../registry/registry.ts';
import { PING, type RegistryMutant, type RegistryValue, type Seen, withMembers } from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/** Seconds: as long ago as a registry may allow. */
const LONGEST_AGO = 31_536_000;
const STRANGE_WAY = 'a-weaker-way';
const STRANGE_TYPE = 'a-type-that-it-does-not-know';

interface About {
  readonly server: ServerRecord;
  readonly registry: Registry;
  /** One of the server's, enabled. */
  readonly issuer: string;
  readonly value: RegistryValue;
  readonly seen: Seen;
}

export function userMutants(about: About): readonly RegistryMutant[] {
  const { server, seen } = about;
  // Where nobody uses authorization details, nobody lists a type by mistake.
  const uses = server.authorization_details_types.length + seen.types.length > 0;
  return [...askingEntries(server).flatMap((entry) => oneEntry(entry, about)), ...(uses ? [typeMutant(about)] : [])];
}

/** An entry that asks something, with a call that it stands for. */
interface Asking {
  readonly name: string;
  readonly call: Suggestion['call'];
  readonly own: Asked;
  /** Of the method where the entry is a target's, and the reverse. */
  readonly other: Asked | undefined;
  /** The server's members with this asked in its place; null: nothing. */
  readonly with: (asked: Asked | null) => JsonObject;
}

function oneEntry(entry: Asking, { server, registry, issuer, value, seen }: About): readonly RegistryMutant[] {
  const { key, source } = server;
  const { name, own, other } = entry;
  const tolerance = registry.issuers.get(issuer)?.clock_tolerance_seconds ?? 0;
  const mutant = (what: string, who: string, changed: Asked | null): readonly RegistryMutant[] => {
    const claims = claimsBetween(together(own, other), together(changed ?? undefined, other), tolerance);
    if (claims === null) return [];
    return [
      {
        what: `${key}: ${name} ${what}`,
        place: `${source.file}:${source.line}`,
        change: { kind: 'value', value: withMembers(value, 'servers', key, entry.with(changed)) },
        suggestion: {
          name: `${key}: ${name} is refused to a user who ${who}`,
          server: key,
          token: { issuer, claims },
          call: entry.call,
          expect: refusedFor('authentication_insufficient', 401),
        },
      },
    ];
  };
  const { acr_values: ways, max_age_seconds: age } = own;
  // What only one of method and target takes is closed, so that the mistake may be to let the other take it too.
  const known = new Set([STRANGE_WAY, ...seen.contexts, ...(other?.acr_values ?? [])]);
  const more = [...known].filter((way) => ways?.includes(way) === false);
  const longer = age === undefined ? 0 : Math.min(age * 2 + 60, LONGEST_AGO);
  return [
    ...mutant('no longer asks for an authentication of the user', 'was not authenticated as it asks', null),
    ...(ways === undefined
      ? []
      : mutant('takes another acr too', 'was authenticated in another way', {
          ...own,
          acr_values: [...ways, ...more],
        })),
    ...(age === undefined || longer <= age
      ? []
      : mutant(`takes an authentication of ${longer} seconds ago, not ${age}`, 'was authenticated too long ago', {
          ...own,
          max_age_seconds: longer,
        })),
  ];
}

const together = (...asked: readonly (Asked | undefined)[]) =>
  strictest(asked.map((authentication) => (authentication === undefined ? {} : { authentication })));

/** Claims that satisfy what is asked after, and not what was asked before; null: there are none. */
function claimsBetween(before: Asked = {}, after: Asked = {}, tolerance: number): JsonObject | null {
  const [usual] = after.acr_values ?? before.acr_values ?? [];
  const way = (after.acr_values ?? [STRANGE_WAY]).find((one) => before.acr_values?.includes(one) === false);
  if (way !== undefined) return { acr: way, auth_time: '+0' };
  const { max_age_seconds: then } = before;
  const { max_age_seconds: now } = after;
  if (then === undefined || (now !== undefined && now <= then)) return null;
  // Where no value satisfies both, none of any age does.
  if (after.acr_values?.length === 0) return null;
  return { ...(usual !== undefined && { acr: usual }), auth_time: `-${then + tolerance + 1}` };
}

const TARGETS = { tool: 'tools', prompt: 'prompts', uri: 'resources' } as const;

function askingEntries({ effective }: ServerRecord): readonly Asking[] {
  const { methods, unlisted_tools: unlisted } = effective;
  const ofMethod = (method: string) => askedBy(entriesIn(methods)[method]);
  const found: Asking[] = [];
  for (const [method, kind] of METHODS_BY_TARGET) {
    // Reading stands for what else is done with a resource.
    if (method.startsWith('resources/') && method !== 'resources/read') continue;
    const listing = TARGETS[kind];
    const entries = entriesIn(effective[listing]);
    for (const [name, entry] of Object.entries(entries)) {
      const own = askedBy(entry);
      if (own === undefined) continue;
      const call = callOf(method, kind, name);
      found.push({
        name: `${method} ${name}`,
        call,
        own,
        other: ofMethod(method),
        with: changing(effective, listing, name),
      });
    }
    const own = ofMethod(method);
    // One that asks nothing itself shows what the method asks.
    const [target] = Object.entries(entries).toSorted(([, a], [, b]) => count(a) - count(b));
    if (own === undefined || target === undefined) continue;
    const [name, entry] = target;
    const call = callOf(method, kind, name);
    found.push({ name: method, call, own, other: askedBy(entry), with: changing(effective, 'methods', method) });
  }
  const own = askedBy(unlisted);
  if (own !== undefined && isJsonObject(unlisted)) {
    found.push({
      ...{ name: 'tools/call of a tool that is not listed', own, other: ofMethod('tools/call') },
      call: callOf('tools/call', 'tool', 'a_tool_that_is_not_listed'),
      with: (asked) => ({ unlisted_tools: asking(unlisted, asked) }),
    });
  }
  for (const [method, entry] of Object.entries(entriesIn(methods))) {
    const asked = askedBy(entry);
    const isTask = TASK_METHODS.includes(method);
    if (asked === undefined || METHODS_BY_TARGET.has(method) || (!isTask && targetsOf(method)?.length !== 0)) continue;
    const call = isTask ? { method, task: 'any' } : { method };
    found.push({ name: method, call, own: asked, other: undefined, with: changing(effective, 'methods', method) });
  }
  return found;
}

function entriesIn(listing: unknown): Readonly<Record<string, JsonObject>> {
  const entries = isJsonObject(listing) ? Object.entries(listing) : [];
  return Object.fromEntries(entries.filter((pair): pair is [string, JsonObject] => isJsonObject(pair[1])));
}

/** As the registry read it: a list of texts, a number. */
function askedBy(entry: unknown): Asked | undefined {
  const asked = isJsonObject(entry) ? entry.authentication : undefined;
  if (!isJsonObject(asked)) return undefined;
  const { acr_values: ways, max_age_seconds: age } = asked;
  return {
    ...(Array.isArray(ways) && { acr_values: ways.filter((way) => typeof way === 'string') }),
    ...(typeof age === 'number' && { max_age_seconds: age }),
  };
}

const count = (entry: JsonObject) => Object.keys(askedBy(entry) ?? {}).length;

function callOf(method: string, kind: keyof typeof TARGETS, name: string): Suggestion['call'] {
  if (kind === 'uri') return { method, uri: name.endsWith('*') ? `${name.slice(0, -1)}example` : name };
  return { method, [kind]: name, arguments: {} };
}

function changing(effective: JsonObject, listing: string, name: string): Asking['with'] {
  const entries = entriesIn(effective[listing]);
  return (asked) => ({ [listing]: { ...entries, [name]: asking(entries[name] ?? {}, asked) } });
}

function asking({ authentication: _, ...entry }: JsonObject, asked: Asked | null): JsonObject {
  return { ...entry, ...(asked && { authentication: { ...asked } }) };
}

function typeMutant({ server, issuer, value, seen }: About): RegistryMutant {
  const { key, source, authorization_details_types: listed } = server;
  const more = [STRANGE_TYPE, ...seen.types].filter((type) => !listed.includes(type));
  return {
    what: `${key} takes authorization details of a type that it does not know`,
    place: `${source.file}:${source.line}`,
    change: {
      kind: 'value',
      value: withMembers(value, 'servers', key, { authorization_details_types: [...listed, ...more] }),
    },
    suggestion: {
      name: `${key}: authorization details of a type that it does not know are refused`,
      server: key,
      token: { issuer, claims: { authorization_details: [{ type: STRANGE_TYPE }] } },
      call: PING,
      expect: refusedFor('authorization_details_unknown', 403),
    },
  };
}
