/** One issuer, one server and the real decider over them. */
import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { createNewId } from '../../src/decide/new-id.ts';
import { createProofs } from '../../src/facts/proof/create.ts';
import { createMemoryStore } from '../../src/facts/proof/memory.ts';
import type { ReadAt } from '../../src/facts/token/read.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { createRecorder } from '../../src/record/write.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Algorithm } from '../../src/registry/registry.ts';
import { createService, type Service } from '../../src/service.ts';
import { readCore } from '../../src/sources.ts';
import { createIssuerKey, type IssuerKey, signText, type TokenSpec } from '../../src/testing/mint.ts';

export const FILES = 'https://files.example.com/mcp';
const ISS = 'https://login.example.com';

export interface Stand {
  readonly key: IssuerKey;
  readonly service: Service;
  readonly at: ReadAt;
  /** Seconds since the epoch, the same all the time. */
  readonly now: number;
  token(claims?: JsonObject, header?: JsonObject, how?: TokenSpec['sign']): Promise<string>;
  close(): void;
}

export async function openStand(algorithm: Algorithm): Promise<Stand> {
  const key = await createIssuerKey('key-1', algorithm);
  const now = Math.floor(Date.now() / 1000);
  const written = {
    issuers: { corp: { issuer: ISS, jwks: { keys: [key.jwk] }, algorithms: [algorithm] } },
    servers: {
      files: {
        resource: FILES,
        issuers: ['corp'],
        max_lifetime_seconds: 3600,
        tools: { read_file: { scopes: ['files:read'] } },
      },
    },
  };
  const loaded = loadRegistryValue(written, { now, file: 'bench', locate: () => ({ line: 1, column: 1 }) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const core = await readCore();
  const metrics = createMetrics();
  const clock = () => now * 1000;
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const store = createMemoryStore({ max_entries: 10_000_000, started_at: 0, now: clock, ticks: () => 0n, wait });
  const started = await createService({
    sources: {
      registry: () => Promise.resolve(loaded),
      policy: () => Promise.resolve({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    keys: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 },
    fetch: () => () => Promise.reject(new Error('nothing is fetched here')),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics,
    recorder: createRecorder({
      destination: sink,
      labels: {},
      arguments: false,
      onDropped: (message) => console.error(message),
    }),
    now: clock,
    ticks: () => process.hrtime.bigint(),
    newId: createNewId((bytes) => crypto.getRandomValues(bytes), clock),
    proofs: createProofs({ max_age_seconds: 60, store }),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const { service } = started;
  return {
    key,
    service,
    now,
    at: { registry: loaded.registry, server: { key: 'files', resource: FILES, issuers: ['corp'] } },
    token(claims = {}, header = {}, how = 'valid') {
      const head = { alg: algorithm, kid: 'key-1', typ: 'at+jwt', ...header };
      const right = { iss: ISS, aud: FILES, sub: 'user-1', client_id: 'client-1', jti: 'token', scope: 'files:read' };
      return signText(
        key,
        JSON.stringify(head),
        JSON.stringify({ ...right, iat: now, exp: now + 3600, ...claims }),
        how,
      );
    },
    close: () => service.close(),
  };
}
