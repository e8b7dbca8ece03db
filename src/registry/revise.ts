/**
 * A server's record with some members changed, as the registry would take it: for explanations, which try a change before
 * they propose it. Never used to decide a call.
 */
import { isJsonObject, type JsonObject } from '../json/value.ts';
import { loadRegistryValue } from './load.ts';
import type { Registry, ServerRecord } from './registry.ts';

/**
 * @param members in place of the record's own
 * @param now seconds since the epoch
 * @param behind likewise of servers behind it, by key
 * @returns null when the registry would refuse the record. Its waivers stay as they are: nothing here dates them anew.
 */
export function revise(
  server: ServerRecord,
  registry: Registry,
  members: JsonObject,
  now: number,
  behind: Readonly<Record<string, JsonObject>> = {},
): ServerRecord | null {
  const record: JsonObject = { ...writtenOf(server), ...members };
  const servers: Record<string, JsonObject> = { [server.key]: record };
  for (const { key } of server.backends) {
    const backend = registry.servers.get(key);
    if (backend !== undefined) servers[key] = { ...writtenOf(backend), ...behind[key] };
  }
  const issuers: Record<string, JsonObject> = {};
  for (const key of Object.values(servers).flatMap(mentioned)) {
    const issuer = registry.issuers.get(key);
    if (issuer !== undefined) issuers[key] = { issuer: issuer.issuer, algorithms: [...issuer.algorithms] };
  }
  const loaded = loadRegistryValue(
    { issuers, servers },
    { file: server.source.file, now, replaceKeySource: () => ({ kind: 'jwks', keys: [] }) },
  );
  const revised = loaded.ok ? loaded.registry.servers.get(server.key) : undefined;
  if (revised === undefined) return null;
  const { source, waivers, waiversFor, hubsFor } = server;
  return { ...revised, source, waivers, waiversFor, hubsFor };
}

/** Without its waivers, which a load would date anew. */
function writtenOf({ effective }: ServerRecord): JsonObject {
  const { key: _key, source: _source, waivers: _waivers, ...written } = effective;
  return written;
}

/** Keys of the issuers that a record names. */
function mentioned({ issuers, audiences }: JsonObject): readonly string[] {
  const listed = Array.isArray(issuers) ? issuers : [];
  const foreign = (Array.isArray(audiences) ? audiences : []).map((one) =>
    isJsonObject(one) ? one.issuer : undefined,
  );
  return [...listed, ...foreign].filter((key) => typeof key === 'string');
}
