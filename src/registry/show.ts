import type { Json, JsonObject } from '../json/value.ts';
import type { IssuerRecord, KeySource, Registry } from './registry.ts';

/** Content of `registry show` (contract 8): every record in force, with defaults and where it stands. */
export function showRegistry(registry: Registry): JsonObject {
  const { digest, issuers, servers, exchanges } = registry;
  return {
    digest,
    issuers: Object.fromEntries([...issuers].map(([key, record]) => [key, showIssuer(record)])),
    servers: Object.fromEntries([...servers].map(([key, record]) => [key, record.effective])),
    exchanges: exchanges.map(({ source, ...exchange }) => ({
      ...exchange,
      scopes: [...exchange.scopes],
      source: `${source.file}:${source.line}`,
    })),
  };
}

function showIssuer(record: IssuerRecord): JsonObject {
  const { source } = record;
  return {
    key: record.key,
    issuer: record.issuer,
    ...showKeySource(record.key_source),
    algorithms: record.algorithms,
    profile: record.profile.name,
    token_types: record.token_types,
    extra_audiences: record.extra_audiences,
    clock_tolerance_seconds: record.clock_tolerance_seconds,
    disabled: record.disabled,
    source: `${source.file}:${source.line}`,
  };
}

function showKeySource(from: KeySource): JsonObject {
  if (from.kind === 'jwks') return { jwks: { keys: from.keys.map(nameOfKey) } };
  const { allow_private_network } = from;
  if (from.kind === 'jwks_uri') return { jwks_uri: from.url, allow_private_network };
  if (from.kind === 'discovery') return { discovery: true, allow_private_network };
  const { endpoint, signed } = from;
  return { introspection: { endpoint, ...(signed && { signed }) }, allow_private_network };
}

/** Of an inline key what names it, never its numbers. */
function nameOfKey({ kid, kty, crv, alg }: JsonObject): JsonObject {
  const named = Object.entries({ kid, kty, crv, alg }).filter((pair): pair is [string, Json] => pair[1] !== undefined);
  return Object.fromEntries(named);
}
