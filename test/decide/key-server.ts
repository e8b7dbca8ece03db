/** A service in process over a real key server whose every answer a test chooses, with a clock to be moved. */
import { randomUUID } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createIssuerFetch } from '../../src/network/issuer-fetch.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import { createService, type Service } from '../../src/service.ts';
import { readCore } from '../../src/sources.ts';
import { createIssuerKey, type IssuerKey, mint, type TokenSpec } from '../../src/testing/mint.ts';
import { type KeyServer, serveKeys } from '../facts/keys/serve.ts';

/** Seconds since the epoch: 2026-11-23T12:00:00Z. */
const NOW = 1_795_435_200;
export const FILES = 'https://files.example.com/mcp';
export const BILLING = 'https://billing.example.com/mcp';
const ISS = 'https://login.example.com';

export interface Desk {
  readonly service: Service;
  readonly server: KeyServer;
  readonly key: IssuerKey;
  readonly logged: readonly object[];
  /** A right token for `files` as of now, and how it departs from that. */
  token(spec?: TokenSpec, by?: IssuerKey): Promise<string>;
  decide(token: string): Promise<Decision>;
  /** The decision in a word, or a few. */
  said(token: string): Promise<string>;
  /** Seconds that go by, for audgate; they may be negative. */
  pass(seconds: number): void;
  /** What a reload reads from now on of the issuer. */
  write(over: JsonObject): void;
}

export interface DeskParts {
  /** Laid over the issuer's record. */
  readonly issuer?: JsonObject;
  /** Names resolve by it, not as the machine would have it. */
  readonly lookup?: LookupFunction;
  readonly timeout_ms?: number;
  readonly algorithm?: IssuerKey['algorithm'];
}

const unresolved: LookupFunction = () => {
  throw new Error('no name is looked up here');
};

/** Closes with the test that opened it. */
export async function openDesk(parts: DeskParts = {}): Promise<Desk> {
  const { lookup = unresolved, timeout_ms = 60_000, algorithm = 'ES256' } = parts;
  const key = await createIssuerKey('key-1', algorithm);
  const server = await serveKeys([key.jwk]);
  onTestFinished(() => server.close());
  let clock = NOW * 1000;
  let tokens = 0;
  let written: JsonObject = parts.issuer ?? {};
  const registry = (): JsonObject => ({
    issuers: { corp: { issuer: ISS, jwks_uri: server.url, algorithms: [algorithm], ...written } },
    servers: {
      files: {
        resource: FILES,
        issuers: ['corp'],
        max_lifetime_seconds: 900,
        tools: { read_file: { scopes: ['files:read'] } },
      },
      billing: { resource: BILLING, issuers: ['corp'], max_lifetime_seconds: 900 },
    },
  });
  const core = await readCore();
  const logged: object[] = [];
  const log = (fields: object) => void logged.push(fields);
  const started = await createService({
    sources: {
      registry: async () =>
        loadRegistryValue(registry(), { now: NOW, file: 'registry', locate: () => ({ line: 1, column: 1 }) }),
      policy: () => Promise.resolve({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    keys: { ...defaultConfig().keys, timeout_ms },
    fetch: createIssuerFetch({ lookup }),
    log: { info: log, warn: log, error: log },
    metrics: createMetrics(),
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
    now: () => clock,
    ticks: () => 0n,
    newId: randomUUID,
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const { service } = started;
  onTestFinished(() => service.close());
  const decide = (token: string) =>
    service.decide(
      { server: FILES, token, source: { kind: 'call', method: 'tools/call', tool: 'read_file' } },
      { name: 'local', servers: '*' },
    );
  return {
    service,
    server,
    key,
    logged,
    token(spec = {}, by = key) {
      tokens += 1;
      const right = { issuer: ISS, type: 'at+jwt', audience: FILES, scopes: ['files:read'] };
      return mint(by, { ...right, now: Math.floor(clock / 1000), token_id: `token-${tokens}` }, spec);
    },
    decide,
    said: async (token) => {
      const { decision, reasons } = await decide(token);
      return [decision, ...reasons.map(({ code, verified }) => (verified === false ? `${code}?` : code))].join(' ');
    },
    pass: (seconds) => {
      clock += seconds * 1000;
    },
    write: (over) => {
      written = over;
    },
  };
}
