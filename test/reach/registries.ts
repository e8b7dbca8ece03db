/** Registries of these tests, loaded by the real loader, and the real core over them. */
import type { Snapshot } from '../../src/decide/snapshot.ts';
import type { Engine } from '../../src/policy/engine.ts';
import { openEngine } from '../../src/policy/engine.ts';
import { policyOf } from '../../src/policy/judge.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { readCore } from '../../src/sources.ts';

/** Seconds: 2026-11-23T12:00:00Z. */
export const NOW = 1_795_435_200;
export const END = '2026-12-10T00:00:00Z';

const issuer = (host: string, rest: object = {}) => ({
  issuer: `https://${host}.example.com`,
  jwks_uri: `https://${host}.example.com/jwks`,
  algorithms: ['ES256'],
  ...rest,
});
export const ISSUERS = { corp: issuer('login'), partner: issuer('partner', { extra_audiences: ['account'] }) };

export const waiver = (what: object) => ({
  issuer: 'corp',
  client_id: 'desktop',
  operations: ['tools/call read'],
  owner: 'team-move',
  reason: 'a move',
  until: END,
  ...what,
});

/** @param servers records without what every one of them has */
export function registryOf(servers: Readonly<Record<string, object>>, more: object = {}): Registry {
  const records = Object.entries(servers).map(([key, record]) => [
    key,
    {
      resource: `https://${key}.example.com/mcp`,
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      tools: { read: { scopes: ['read'] } },
      ...record,
    },
  ]);
  const value = { issuers: ISSUERS, servers: Object.fromEntries(records), ...more };
  const loaded = loadRegistryValue(value, { file: 'registry.yaml', now: NOW });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.registry;
}

/** As no file can say it: one server accepts another audience besides. */
export function alsoAccepting(registry: Registry, key: string, audience: string): Registry {
  const servers = [...registry.servers].map(([name, server]) => {
    if (name !== key) return [name, server] as const;
    const inputFor = (by: string) => {
      const input = server.inputFor(by);
      return { ...input, audiences: [...input.audiences, audience] };
    };
    return [name, { ...server, inputFor }] as const;
  });
  return { ...registry, servers: new Map(servers) };
}

const core = await readCore();
const opened = await openEngine(core.wasm);
if (!opened.ok) throw new Error('the core cannot be opened');
const { engine } = opened;

/** @param changed what the core says in place of its own answer */
export function snapshotOf(registry: Registry, changed?: (core: Engine) => Engine): Snapshot {
  const module = { engine: changed?.(engine) ?? engine, digest: 'sha256:0', modified: changed !== undefined };
  const policy = policyOf({ core: { ...module, rules: core.manifest.rules }, custom: null, onAlarm: () => {} });
  return { registry, policy, revision: 'sha256:1', loaded_at: 0 };
}
