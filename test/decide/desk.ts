/** A decider as the service composes it, over a small registry with real keys and the real core; what it records is kept. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import type { Ask, Caller } from '../../src/decide/ask.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { Explanation } from '../../src/decision/explanation.ts';
import type { Reason } from '../../src/decision/reason.ts';
import { createProofs } from '../../src/facts/proof/create.ts';
import type { DecisionEvent } from '../../src/record/entry.ts';
import { createMetrics, type Metrics } from '../../src/record/metrics.ts';
import type { Recorder } from '../../src/record/write.ts';
import { createService, type Service } from '../../src/service.ts';
import { readCore } from '../../src/sources.ts';
import { mint, type TokenSpec } from '../../src/testing/mint.ts';
import { registerKeys } from '../../src/testing/register.ts';
import { FILES, NOW } from '../property/world.ts';

export const BILLING = 'https://billing.example.com/mcp';
export const EVERYONE: Caller = { name: 'local', servers: '*' };
/** May ask about `files` alone. */
export const EDGE: Caller = { name: 'edge', servers: ['files'] };

const waiver = (what: object, until: string) => ({
  issuer: 'corp',
  operations: ['tools/call read_file'],
  owner: 'team-files',
  reason: 'not yet',
  until,
  ...what,
});

const REGISTRY = {
  issuers: {
    corp: { issuer: 'https://login.example.com', algorithms: ['ES256'], extra_audiences: ['account'] },
    partner: { issuer: 'https://login.partner.example', algorithms: ['ES256'] },
  },
  servers: {
    files: {
      resource: FILES,
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      advertised_scopes: ['files:read'],
      tools: {
        read_file: { scopes: ['files:read'] },
        write_file: { scopes: ['files:write', 'files:own'] },
        many: { scopes: Array.from({ length: 20 }, (_, at) => `s${at}`) },
      },
      prompts: { greet: {} },
      resources: { 'file:///docs/*': {} },
      waivers: [
        waiver({ what: 'audience', client_id: 'desktop', audience: 'api://default' }, '2026-11-23T12:01:27.9Z'),
        waiver({ what: 'lifetime', client_id: 'nightly', max_lifetime_seconds: 7200 }, '2026-12-31T00:00:00Z'),
        waiver({ what: 'audience', client_id: 'late', audience: 'api://default' }, '2026-11-01T00:00:00Z'),
      ],
    },
    billing: { resource: BILLING, issuers: ['corp'], max_lifetime_seconds: 900 },
  },
};

/** A whole call of `read_file`. */
export const READ_FILE = { kind: 'call', method: 'tools/call', tool: 'read_file' } as const;

export interface Desk {
  readonly service: Service;
  readonly metrics: Metrics;
  /** What was recorded, in order. */
  readonly events: readonly DecisionEvent[];
  /** A right token of `corp` for `files` and `read_file`, bent. */
  token(spec?: TokenSpec, issuer?: 'corp' | 'partner'): Promise<string>;
  /** Asks about `files` and `read_file`, unless the question says otherwise. */
  decide(question: Partial<Ask>, caller?: Caller): Promise<Decision>;
  explain(question: Partial<Ask>, at?: number): Promise<Explanation>;
  /** The one reason of a right call with a token of these claims. */
  reasonFor(claims: NonNullable<TokenSpec['claims']>, question?: Partial<Ask>, caller?: Caller): Promise<Reason>;
}

/**
 * Closes with the test that opened it.
 * @param options.keyless the issuers' keys cannot be had
 * @param options.recorder gets the events in place of `events`
 * @param options.files laid over the record of `files`
 * @param options.issuers laid over theirs
 */
export async function openDesk(
  options: {
    readonly keyless?: boolean;
    readonly files?: object;
    readonly issuers?: { readonly [key in 'corp' | 'partner']?: object };
    readonly recorder?: Recorder;
  } = {},
): Promise<Desk> {
  const place = { origin: { file: 'registry.yaml', locate: () => ({ line: 7, column: 1 }) }, path: [] };
  const servers = { ...REGISTRY.servers, files: { ...REGISTRY.servers.files, ...options.files } };
  const { corp, partner } = REGISTRY.issuers;
  const issuers = { corp: { ...corp, ...options.issuers?.corp }, partner: { ...partner, ...options.issuers?.partner } };
  const registered = await registerKeys({ value: { issuers, servers }, place }, NOW);
  if (!registered.ok) throw new Error(JSON.stringify(registered.problems));
  const events: DecisionEvent[] = [];
  const core = await readCore();
  const metrics = createMetrics();
  const started = await createService({
    sources: {
      registry: () => Promise.resolve(options.keyless === true ? registered.keyless : registered.loaded),
      policy: () => Promise.resolve({ ok: true, sources: { core, allowModifiedCore: false, custom: null } }),
    },
    keys: defaultConfig().keys,
    fetch: () => () => Promise.reject(new Error('nothing is fetched here')),
    // Reads proofs, and remembers none.
    proofs: createProofs({ max_age_seconds: 60, store: { use: () => ({ kind: 'fresh' }), status: () => null } }),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics,
    recorder: options.recorder ?? {
      record: (event) => {
        if ('asked' in event) events.push(event);
      },
      flush: () => Promise.resolve(),
      dropped: () => 0,
    },
    now: () => NOW * 1000,
    ticks: () => 0n,
    newId: randomUUID,
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const { service } = started;
  onTestFinished(() => service.close());
  const whole = (question: Partial<Ask>): Ask => ({ server: FILES, source: READ_FILE, ...question });

  const desk: Desk = {
    service,
    metrics,
    events,
    token(spec = {}, issuer = 'corp') {
      const key = registered.keys.get(issuer);
      if (key === undefined) throw new Error(`no issuer ${issuer}`);
      const iss = REGISTRY.issuers[issuer].issuer;
      const right = { issuer: iss, type: 'at+jwt', audience: FILES, scopes: ['files:read'], token_id: '1', now: NOW };
      return mint(key, right, spec);
    },
    decide: (question, caller = EVERYONE) => service.decide(whole(question), caller),
    explain: (question, at) => service.explain(whole(question), at, EVERYONE),
    async reasonFor(claims, question = {}, caller = EVERYONE) {
      const decision = await desk.decide({ token: await desk.token({ claims }), ...question }, caller);
      const [reason] = decision.reasons;
      if (reason === undefined || decision.reasons.length > 1) throw new Error(JSON.stringify(decision));
      return reason;
    },
  };
  return desk;
}
