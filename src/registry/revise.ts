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
 * @returns null when the registry would refuse the record. Its waivers stay as they are: nothing here dates them anew.
 */
export function revise(
  server: ServerRecord,
  registry: Registry,
  members: JsonObject,
  now: number,
): ServerRecord | null {
  const { key: _key, source: _source, waivers: _waivers, ...written } = server.effective;
  const record: JsonObject = { ...written, ...members };
  const issuers: Record<string, JsonObject> = {};
  for (const key of mentioned(record)) {
    const issuer = registry.issuers.get(key);
    if (issuer !== undefined) issuers[key] = { issuer: issuer.issuer, algorithms: [...issuer.algorithms] };
  }
  const loaded = loadRegistryValue(
    { issuers, servers: { [server.key]: record } },
    { file: server.source.file, now, replaceKeySource: () => ({ kind: 'jwks', keys: [] }) },
  );
  const revised = loaded.ok ? loaded.registry.servers.get(server.key) : undefined;
  if (revised === undefined) return null;
  return { ...revised, source: server.source, waivers: server.waivers, waiversFor: server.waiversFor };
}

/** Keys of the issuers that a record names. */
function mentioned({ issuers, audiences }: JsonObject): readonly string[] {
  const listed = Array.isArray(issuers) ? issuers : [];
  const foreign = (Array.isArray(audiences) ? audiences : []).map((one) =>
    isJsonObject(one) ? one.issuer : undefined,
  );
  return [...listed, ...foreign].filter((key) => typeof key === 'string');
}
