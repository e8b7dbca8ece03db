/** Whether a decision costs the same with ten servers and with ten thousand: both in one process, in turn. */
import { Writable } from 'node:stream';
import type { Ask } from '../src/decide/ask.ts';
import { createNewId } from '../src/decide/new-id.ts';
import { createMetrics } from '../src/record/metrics.ts';
import { createRecorder } from '../src/record/write.ts';
import { loadRegistryValue } from '../src/registry/load.ts';
import { createService, type Service } from '../src/service.ts';
import { readCore } from '../src/sources.ts';
import { createIssuerKey, type IssuerKey, questionsOf, registryOf } from './fixture.ts';
import { median } from './measure.ts';

export interface Scale {
  readonly servers: number;
  /** Microseconds of wall time a decision, in process, with a recurring token. */
  readonly decision_us: number;
}

const SIZES = [10, 10_000] as const;
/** Servers that are asked about, the same in both: what grows is the registry, not the traffic. */
const ASKED = 10;
const ROUNDS = 15;
const DECISIONS = 5000;
const CALLER = { name: 'bench', servers: '*' } as const;

export async function measureScale(): Promise<readonly Scale[]> {
  const key = await createIssuerKey('ES256');
  const contenders = [];
  for (const servers of SIZES) {
    const service = await open(key, servers);
    const questions = await questionsOf({ warmth: 'hot', outcome: 'allow' }, key, Math.floor(Date.now() / 1000), ASKED);
    const asks = questions.map(
      ({ server, tool, token }): Ask => ({
        server,
        token,
        source: { kind: 'call', method: 'tools/call', tool, arguments: {} },
      }),
    );
    contenders.push({ servers, service, asks, times: [] as number[] });
  }
  for (let round = -3; round < ROUNDS; round++)
    for (const { service, asks, times } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const time = await decideAll(service, asks);
      // The first rounds warm the compilers up.
      if (round >= 0) times.push(time);
    }
  for (const { service } of contenders) service.close();
  return contenders.map(({ servers, times }) => ({ servers, decision_us: median(times) }));
}

async function decideAll(service: Service, asks: readonly Ask[]): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < DECISIONS; index++) {
    const ask = asks[index % asks.length];
    if (ask === undefined || (await service.decide(ask, CALLER)).decision !== 'allow')
      throw new Error('a right token must be allowed');
  }
  return ((performance.now() - start) * 1000) / DECISIONS;
}

async function open(key: IssuerKey, servers: number): Promise<Service> {
  const now = Date.now;
  const core = await readCore();
  const started = await createService({
    sources: {
      registry: async () =>
        loadRegistryValue(registryOf([key], servers), { now: Math.floor(now() / 1000), file: 'bench' }),
      policy: async () => ({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    keys: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms: 2000, outage_ceiling_seconds: 3600 },
    now,
    ticks: process.hrtime.bigint,
    newId: createNewId((bytes) => crypto.getRandomValues(bytes), now),
    fetch: () => globalThis.fetch,
    log: { info: () => {}, warn: () => {}, error: (fields, message) => console.error(message, fields) },
    metrics: createMetrics(),
    recorder: createRecorder({
      destination: new Writable({ write: (_chunk, _encoding, done) => done() }),
      labels: {},
      arguments: false,
      onDropped: (message) => console.error(message),
    }),
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems.slice(0, 3)));
  return started.service;
}
