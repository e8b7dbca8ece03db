/** Sentences about hubs: a token passed on, and a name that no server behind the hub has. */
import { nearestName } from '../json/nearest.ts';
import type { Backend } from '../registry/hub.ts';
import { mayAskAbout } from './ask.ts';
import type { Denied } from './message.ts';
import { shown } from './near-miss.ts';

/** The registered hub whose client's token this is; its key only to a caller that may see it. */
export function passthroughMessage({ denial, input, server, caller }: Denied): string {
  const passed = (denial.actual ?? []).map(String);
  const hub = input.registered.hubs?.find(({ audiences }) => passed.some((value) => audiences.includes(value)));
  const whose = hub !== undefined && mayAskAbout(caller, hub.key) ? `hub "${hub.key}"` : 'a hub';
  return `The token was issued for ${passed.map(shown).join(' and ')}, which is ${whose} in front of server "${server.key}": the hub passed on what its client sent it. Have the hub get a token of its own with resource=${server.resource}, by token exchange (RFC 8693) or client credentials, and send that.`;
}

/** At a hub: whose name this is, or how the one that is meant is called here. Undefined: nothing about hubs to say. */
export function unknownBehind({ input, server, caller }: Denied, kind: 'tool' | 'prompt'): string | undefined {
  if (server.backends.length === 0) return undefined;
  const name = input.call[kind] ?? '';
  const hop = server.hop({ method: input.call.method, [kind]: name });
  if (hop !== undefined)
    return unknownAt(hop.backend, hop.name, kind, server.key, mayAskAbout(caller, hop.backend.key));
  const meant = server.backends.find((one) => namesOf(one, kind).includes(name) && mayAskAbout(caller, one.key));
  const none = `Hub "${server.key}" has no registered ${kind} ${shown(name)}`;
  if (meant !== undefined)
    return `${none}: the ${kind} of server "${meant.key}" is called ${shown(meant.prefix + name)} here. Call it so, or add it under ${kind}s of the hub if it is the hub's own.`;
  const prefixes = server.backends.map(({ prefix }) => shown(prefix));
  return `${none} of its own; those of the servers behind it begin with ${prefixes.join(', ')}. Call a registered ${kind}, or add it under ${kind}s of the hub.`;
}

function unknownAt(backend: Backend, name: string, kind: 'tool' | 'prompt', hub: string, seen: boolean): string {
  const what = `which behind hub "${hub}" the prefix ${shown(backend.prefix)} stands for`;
  if (!seen)
    return `The server ${what} has no registered ${kind} ${shown(name)}. Call a registered ${kind}, or have it added there.`;
  const near = nearestName(name, namesOf(backend, kind));
  const hint = near === undefined ? '' : `; the nearest is ${shown(backend.prefix + near)}`;
  return `Server "${backend.key}", ${what}, has no registered ${kind} ${shown(name)}${hint}. Call a registered ${kind}, or add it under ${kind}s of server "${backend.key}".`;
}

const namesOf = (backend: Backend, kind: 'tool' | 'prompt') => (kind === 'tool' ? backend.tools : backend.prompts);
