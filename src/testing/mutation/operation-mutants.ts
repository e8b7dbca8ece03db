/** Ways in which a server could open more operations, or to more scopes, by one mistake. */
import type { CallFacts } from '../../decision/facts.ts';
import { isJsonObject, type JsonObject } from '../../json/value.ts';
import { type ListedOperation, listedOperations } from '../../registry/listed.ts';
import { PSEUDO_METHODS, TASK_METHODS } from '../../registry/method.ts';
import type { ServerRecord } from '../../registry/registry.ts';
import { type RegistryMutant, type RegistryValue, withMembers } from './registry-mutant.ts';
import { refusedFor, type Suggestion } from './suggestion.ts';

/** @param issuer one of the server's, enabled */
export function operationMutants(
  server: ServerRecord,
  issuer: string,
  value: RegistryValue,
): readonly RegistryMutant[] {
  return [
    ...toolMutants(server, issuer, value),
    ...methodMutants(server, issuer, value),
    ...prefixMutants(server, issuer, value),
    ...scopeMutants(server, issuer, value),
    ...impliedMutants(server, issuer, value),
  ];
}

interface Wider {
  readonly what: string;
  readonly members: JsonObject;
  readonly suggestion: Omit<Suggestion, 'server'>;
  readonly probe?: CallFacts;
}

const mutantOf = (
  { key, source }: ServerRecord,
  value: RegistryValue,
  { what, members, suggestion, probe }: Wider,
): RegistryMutant => ({
  what: `${key}${what}`,
  place: `${source.file}:${source.line}`,
  change: { kind: 'value', value: withMembers(value, 'servers', key, members) },
  ...(probe && { probe: { server: key, call: probe } }),
  suggestion: { ...suggestion, name: `${key}: ${suggestion.name}`, server: key },
});

function toolMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  if (server.effective.unlisted_tools !== 'deny') return [];
  return [
    mutantOf(server, value, {
      what: ' opens tools that it does not list',
      members: { unlisted_tools: { scopes: [] } },
      suggestion: {
        name: 'a tool that is not listed is refused',
        token: { issuer },
        call: { method: 'tools/call', tool: 'a_tool_that_is_not_listed', arguments: {} },
        expect: refusedFor('tool_unknown', 403),
      },
    }),
  ];
}

/** Methods that are open only where the registry lists them: all at once, so that a case for any of them notices. */
function methodMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  const listed = isJsonObject(server.effective.methods) ? server.effective.methods : {};
  const closed = ['tasks/list', ...TASK_METHODS, ...PSEUDO_METHODS].filter((name) => !Object.hasOwn(listed, name));
  // No message is a pseudo-method, so that a case needs another.
  const method = closed.find((name) => !PSEUDO_METHODS.includes(name));
  if (method === undefined) return [];
  const opened = Object.fromEntries(closed.map((name) => [name, { scopes: [] }]));
  return [
    mutantOf(server, value, {
      what: ' opens methods that it does not list',
      members: { methods: { ...listed, ...opened } },
      suggestion: {
        name: 'a method that is not listed is refused',
        token: { issuer },
        call: callOf({ kind: 'method', name: method }),
        expect: refusedFor(TASK_METHODS.includes(method) ? 'task_unknown' : 'method_unknown', 403),
      },
    }),
  ];
}

/** `file:///` of `file:///docs/*`: the scheme and the authority. */
const ROOT = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#*]*\/)?/i;

/** An entry for some resources that opens all of their scheme and authority. */
function prefixMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  const { resources } = server.effective;
  if (!isJsonObject(resources)) return [];
  return Object.entries(resources).flatMap(([name, entry]) => {
    const [root = ''] = ROOT.exec(name) ?? [];
    const wide = `${root}*`;
    if (root === '' || Object.hasOwn(resources, wide)) return [];
    const uri = `${root}a-resource-that-is-not-listed`;
    // Another entry may be open to it already.
    if (server.operation({ method: 'resources/read', uri }) !== undefined) return [];
    const scopes = isJsonObject(entry) && Array.isArray(entry.scopes) ? entry.scopes : [];
    return [
      mutantOf(server, value, {
        what: `: the entry for ${name} opens ${wide}`,
        members: { resources: { ...resources, [wide]: entry } },
        suggestion: {
          name: `a resource that is not listed, beside ${name}, is refused`,
          token: { issuer, ...(scopes.length > 0 && { claims: { scope: scopes.join(' ') } }) },
          call: { method: 'resources/read', uri },
          expect: refusedFor('resource_unknown', 403),
        },
      }),
    ];
  });
}

/** A scope that all others of the server imply, but for those that it implies itself: a cycle is no registry. */
function impliedMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  const listed = listedOperations(server);
  const needed = [...new Set(listed.flatMap(({ operation }) => operation.scopes))];
  const implies = isJsonObject(server.effective.scope_implies) ? server.effective.scope_implies : {};
  const below = (scope: string): readonly string[] => {
    const next = implies[scope];
    const direct = Array.isArray(next) ? next.filter((one) => typeof one === 'string') : [];
    return direct.flatMap((one) => [one, ...below(one)]);
  };
  return needed.flatMap((scope) => {
    const others = needed.filter(
      (other) => other !== scope && !below(scope).includes(other) && !below(other).includes(scope),
    );
    const target = listed.find(
      ({ operation: { scopes } }) => scopes.includes(scope) && others.some((other) => !scopes.includes(other)),
    );
    const held = others.find((other) => target?.operation.scopes.includes(other) === false);
    if (target === undefined || held === undefined) return [];
    const more = others.map((other) => [other, [...below(other), scope]]);
    const rest = target.operation.scopes.filter((one) => one !== scope);
    return [
      mutantOf(server, value, {
        what: `: each other scope implies ${scope}`,
        members: { scope_implies: { ...implies, ...Object.fromEntries(more) } },
        suggestion: {
          name: `${target.operation.name} is refused with ${held} in place of ${scope}`,
          token: { issuer, claims: { scope: [...new Set([...rest, held])].join(' ') } },
          call: asked(target),
          expect: refusedFor('scope_insufficient', 403),
        },
      }),
    ];
  });
}

/** An operation that no longer needs one of its scopes. */
function scopeMutants(server: ServerRecord, issuer: string, value: RegistryValue): readonly RegistryMutant[] {
  const { effective } = server;
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
        mutantOf(server, value, {
          what: `: ${listed.operation.name} no longer needs ${scope}`,
          members: without,
          probe: call,
          suggestion: {
            name: `${listed.operation.name} without ${scope} is refused`,
            token: { issuer, claims: { scope: others.join(' ') } },
            call: asked(listed),
            expect: refusedFor('scope_insufficient', 403),
          },
        }),
      ];
    }),
  );
}

const PARTS = { tool: 'tools', prompt: 'prompts', resource: 'resources', method: 'methods' } as const;

/** Members of the server whose entry for this operation lacks the scope; null: it comes from elsewhere. */
function withoutScope(effective: JsonObject, listed: ListedOperation, scope: string): JsonObject | null {
  const entry = entryOf(effective, listed);
  const { scopes } = entry?.value ?? {};
  if (entry === null || !Array.isArray(scopes) || !scopes.includes(scope)) return null;
  return entry.with({ scopes: scopes.filter((one) => one !== scope) });
}

/** The entry that stands for an operation, and the server's members once it is changed; null: none is written. */
export function entryOf(effective: JsonObject, { kind, name }: ListedOperation) {
  if (kind === 'unlisted') {
    const value = effective.unlisted_tools;
    if (!isJsonObject(value)) return null;
    return { value, with: (members: JsonObject): JsonObject => ({ unlisted_tools: { ...value, ...members } }) };
  }
  const listing = PARTS[kind];
  const part = effective[listing];
  const value = isJsonObject(part) ? part[name] : undefined;
  if (!isJsonObject(part) || !isJsonObject(value)) return null;
  return {
    value,
    with: (members: JsonObject): JsonObject => ({ [listing]: { ...part, [name]: { ...value, ...members } } }),
  };
}

type Call = Pick<CallFacts, 'method' | 'tool' | 'prompt' | 'uri' | 'task'>;

export function callOf({ kind, name }: Pick<ListedOperation, 'kind' | 'name'>): Call {
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
      return TASK_METHODS.includes(name) ? { method: name, task: 'any' } : { method: name };
  }
}

/** As a case has it. */
export function asked(listed: ListedOperation): Suggestion['call'] {
  const call = callOf(listed);
  return call.tool !== undefined || call.prompt !== undefined ? { ...call, arguments: {} } : call;
}
