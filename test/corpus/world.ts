/** The real decider over the authorities, with real key servers, and a switch for each thing that may fail under it. */
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import type { Ask } from '../../src/decide/ask.ts';
import type { Decision } from '../../src/decision/decision.ts';
import { createProofs } from '../../src/facts/proof/create.ts';
import { createMemoryStore } from '../../src/facts/proof/memory.ts';
import type { Proofs } from '../../src/facts/proof/proofs.ts';
import type { UseStore } from '../../src/facts/proof/store.ts';
import { NO_REVOCATIONS, type Revocations } from '../../src/facts/revocation/revocations.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createIssuerFetch } from '../../src/network/issuer-fetch.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import { createService, type Service } from '../../src/service.ts';
import { readCore } from '../../src/sources.ts';
import { type Authorities, createAuthorities, FILES, NOW } from './authorities.ts';

export const READ_FILE = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;

export interface World {
  readonly by: Authorities;
  readonly service: Service;
  readonly keys: KeyServer;
  /** `read_file` of `files` unless the question says otherwise. */
  decide(question: Partial<Ask>): Promise<Decision>;
  /** Seconds that go by, for audgate. */
  pass(seconds: number): void;
  /** What reloads read from now on. */
  write(registry: JsonObject): void;
}

export interface WorldParts {
  readonly by?: Authorities;
  readonly proofs?: Proofs;
  readonly revocations?: Revocations;
  /** Where `files` asks about tokens that are no JWT; absent: it does not. */
  readonly introspection?: string;
  readonly max_age_seconds?: number;
  readonly cooldown_seconds?: number;
}

/** Closes with the test that opened it. */
export async function openWorld(parts: WorldParts = {}): Promise<World> {
  const by = parts.by ?? (await createAuthorities());
  const keys = await startKeyServer(by);
  let now = NOW * 1000;
  let written =
    parts.introspection === undefined ? by.registry(keys.url) : asking(by.registry(keys.url), parts.introspection);
  const core = await readCore();
  const { max_age_seconds, cooldown_seconds } = parts;
  const started = await createService({
    sources: {
      registry: async () =>
        loadRegistryValue(written, { now: NOW, file: 'registry', locate: () => ({ line: 1, column: 1 }) }),
      policy: () => Promise.resolve({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    keys: {
      ...defaultConfig().keys,
      // Nothing here waits for a clock: what is slow is let go by hand.
      timeout_ms: 60_000,
      ...(max_age_seconds !== undefined && { max_age_seconds }),
      ...(cooldown_seconds !== undefined && { cooldown_seconds }),
    },
    fetch: createIssuerFetch({ lookup }),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: createMetrics(),
    ...(parts.introspection !== undefined && { introspection: { config: ASKING, readFile: async () => 'a secret' } }),
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
    now: () => now,
    ticks: () => 0n,
    newId: randomUUID,
    revocations: parts.revocations ?? NO_REVOCATIONS,
    ...(parts.proofs && { proofs: parts.proofs }),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const { service } = started;
  onTestFinished(() => service.close());
  const caller = { name: 'local', servers: '*' } as const;
  return {
    by,
    service,
    keys,
    decide: (question) => service.decide({ server: FILES, source: READ_FILE, ...question }, caller),
    pass: (seconds) => {
      now += seconds * 1000;
    },
    write: (registry) => {
      written = registry;
    },
  };
}

const ASKING = {
  credentials: { files: { client_id: 'files', method: 'client_secret_basic', secret_file: 'secret' } },
  cache_seconds: 0,
  timeout_ms: 60_000,
} as const;

/** The same registry, where `files` has an issuer of opaque tokens too. */
function asking(registry: JsonObject, endpoint: string): JsonObject {
  const { issuers, servers } = registry as { issuers: JsonObject; servers: { files: { issuers: readonly string[] } } };
  const opaque = { issuer: 'https://opaque.example.com', introspection: { endpoint }, algorithms: ['ES256'] };
  const files = { ...servers.files, issuers: [...servers.files.issuers, 'opaque'] };
  return { issuers: { ...issuers, opaque }, servers: { ...servers, files } };
}

/** The same with proofs, and the store of a service that is alone. */
export function provingWorld(parts: WorldParts & { readonly store?: UseStore } = {}): Promise<World> {
  const { store = memory(), ...rest } = parts;
  return openWorld({ ...rest, proofs: createProofs({ max_age_seconds: 60, store }) });
}

/** What was used before is not known to end, because the clock of the corpus stands still. */
export function memory(max_entries = 100_000): UseStore {
  const wait = () => Promise.resolve();
  return createMemoryStore({ max_entries, started_at: NOW - 3600, now: () => NOW * 1000, ticks: () => 0n, wait });
}

/** What a key server does from now on. `hold` answers only once it does something else. */
export type KeyServing = 'serve' | 'fail' | 'hold' | 'others' | 'empty';

export interface KeyServer {
  readonly url: string;
  readonly requests: () => number;
  turn(to: KeyServing): void;
}

/** One server for all issuers, each at its own path. `others` are different keys of the same names. */
async function startKeyServer(by: Authorities): Promise<KeyServer> {
  const other = await createAuthorities();
  let serving: KeyServing = 'serve';
  let requests = 0;
  const held: (() => void)[] = [];

  const answer = (issuer: string, response: ServerResponse) => {
    if (serving === 'hold') {
      held.push(() => answer(issuer, response));
      return;
    }
    response.setHeader('content-type', 'application/json');
    if (serving === 'fail') response.statusCode = 500;
    const own = (serving === 'others' ? other : by).key(issuer).jwk;
    // The second algorithm of `pair` stands nowhere: its key is of the first.
    response.end(JSON.stringify({ keys: serving === 'empty' ? [] : [own] }));
  };
  const server = createServer(({ url = '' }, response) => {
    requests += 1;
    answer(url.replace('/', ''), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    turn(to) {
      serving = to;
      for (const go of held.splice(0)) go();
    },
  };
}

export const codesOf = (decision: Decision): readonly string[] => decision.reasons.map(({ code }) => code);

/** What was decided, in a word or a few. */
export const said = (decision: Decision) => [decision.decision, ...codesOf(decision)].join(' ');
