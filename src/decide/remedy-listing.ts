/** The entry that would open what the registry does not list. */
import { legible } from '../decision/evidence.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { LISTEN } from '../registry/method.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { revise } from '../registry/revise.ts';
import { mayAskAbout } from './ask.ts';
import { listingOf, texts } from './explain-entries.ts';
import { place } from './explain-where.ts';
import type { Propose, Trial } from './remedy-trial.ts';

export const openListing: Propose = ({ code }, { call, server, token, now }, { registry, caller }) => {
  const listing = code === 'task_unknown' ? 'methods' : listingOf(call);
  // What a prefix of a hub covers, the server behind it lists.
  const hop = server.hop(call);
  const backend = hop && registry.servers.get(hop.backend.key);
  const owner = backend ?? server;
  const names = hop === undefined ? missing(code, { call, server }) : [hop.name];
  const entry = { scopes: [...knownScopes(owner, token.scopes)] };
  const add = (record: ServerRecord): JsonObject => {
    const listed = record.effective[listing];
    return {
      [listing]: { ...(isJsonObject(listed) ? listed : {}), ...Object.fromEntries(names.map((name) => [name, entry])) },
    };
  };
  const change = (record: ServerRecord, at: number) =>
    backend === undefined
      ? revise(record, registry, add(record), at)
      : revise(record, registry, {}, at, { [backend.key]: add(backend) });
  if (backend !== undefined && !mayAskAbout(caller, backend.key))
    return { unsafe: 'A server behind this hub does not offer it, and whether it should, its owner decides.' };
  // What no registry can list, a misspelt method of MCP or a URI that climbs, is refused here as it would be at load.
  const tried = names.length === 0 ? null : change(server, now);
  if (tried === null) return { unsafe: 'No entry of a registry can open this.' };
  const written = names.map((name) => `${JSON.stringify(legible(name))}: { scopes: [${entry.scopes.join(', ')}] }`);
  return {
    side: 'operator',
    change: `Add ${written.join(', ')} to ${listing}${backend === undefined ? '' : ` of server "${backend.key}"`}.`,
    why:
      entry.scopes.length === 0
        ? 'Only if the server is to offer it. Every valid token for this server opens it so: name a scope that it needs.'
        : 'Only if the server is to offer it, and if these scopes are what it is to need.',
    where: place(registry.whereIs('servers', owner.key, listing)),
    apply: (at) => {
      const changed = change(at.server, at.now);
      return changed === null ? null : { ...at, server: changed };
    },
  };
};

function missing(code: string, { call, server }: Pick<Trial, 'call' | 'server'>): readonly string[] {
  if (code === 'task_unknown') return [call.method === LISTEN ? 'tasks/get' : call.method];
  if (call.method === LISTEN) return server.unlisted(call).uris;
  const name = call.tool ?? call.prompt ?? call.uri ?? call.method;
  return [name];
}

/** Scopes that the server advertises, else one of those that its entries name, as far as the token holds them. */
function knownScopes(server: ServerRecord, held: readonly string[]): readonly string[] {
  const advertised = server.advertised_scopes.filter((scope) => held.includes(scope));
  if (advertised.length > 0) return advertised;
  const entries = [
    server.effective.tools,
    server.effective.resources,
    server.effective.prompts,
    server.effective.methods,
  ];
  const named = entries.flatMap((listed) => (isJsonObject(listed) ? Object.values(listed) : []));
  const known = new Set(named.flatMap((entry) => (isJsonObject(entry) ? texts(entry.scopes) : [])));
  return held.filter((scope) => known.has(scope)).slice(0, 1);
}
