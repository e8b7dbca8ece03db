/** What a file's cases are asked: the decider in process, with its policy watched, and the real app over HTTP. */
import { defaultConfig } from '../config.ts';
import type { Ask } from '../decide/ask.ts';
import { type Parts as DecideParts, decide } from '../decide/decide.ts';
import type { ReloadProblem } from '../decide/decider.ts';
import type { Evaluation } from '../decide/evaluate.ts';
import type { Decision } from '../decision/decision.ts';
import type { Check } from '../decision/verdict.ts';
import { createKeys } from '../facts/keys/look-up.ts';
import { NO_PROOFS, type Proofs } from '../facts/proof/proofs.ts';
import { NO_REVOCATIONS, type Revocations } from '../facts/revocation/revocations.ts';
import { createTokenReader } from '../facts/token/read.ts';
import { createApp } from '../http/app.ts';
import { listen } from '../http/server.ts';
import type { Policy } from '../policy/policy.ts';
import { createMetrics } from '../record/metrics.ts';
import type { LoadedRegistry, Registry } from '../registry/registry.ts';
import { createService, type SourcedPolicy } from '../service.ts';
import type { Judged } from './agree.ts';
import { caseCredentials, caseFetch, caseIntrospector } from './introspected.ts';

export interface Bench {
  readonly registry: Registry;
  /** Names of all rules, core first, custom ones as `custom.<name>`. */
  readonly rules: readonly string[];
  /** What is revoked from now on, for both ways of asking. */
  revoke(list: Revocations): void;
  /** How proofs are read from now on, likewise. */
  prove(by: Proofs): void;
  decide(ask: Ask): Promise<Decided>;
  /** `POST /v1/decide`. */
  post(body: object): Promise<{ readonly status: number; readonly answer: unknown }>;
  close(): Promise<void>;
}

export interface Decided {
  readonly decision: Decision;
  readonly evaluation: Evaluation;
  /** Null: the work ended before the policy. */
  readonly judged: Judged | null;
  /** What each rule said; empty where none was asked. */
  readonly checks: readonly Check[];
}

export type OpenedBench =
  | { readonly ok: true; readonly bench: Bench }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export interface BenchParts {
  readonly loaded: LoadedRegistry;
  readonly policy: SourcedPolicy;
  /** Milliseconds since the epoch, the same for every decision. */
  readonly now: number;
  readonly newId: () => string;
  /** Asks the app over HTTP. */
  readonly fetch: typeof globalThis.fetch;
}

/** Tokens that are remembered; one is enough, because no case sends another's. */
const TOKENS = 1;
/** Milliseconds that open connections have to end. */
const STOP_MS = 1000;
/** No callers are configured: everyone is `local`. */
const NOBODY = {};
const CALLER = { name: 'local', servers: '*' } as const;

export async function openBench({ loaded, policy, now, newId, fetch }: BenchParts): Promise<OpenedBench> {
  const config = defaultConfig();
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const metrics = createMetrics();
  let revoked = NO_REVOCATIONS;
  const revocations: Revocations = { judge: (...asked) => revoked.judge(...asked), status: () => revoked.status() };
  let proving = NO_PROOFS;
  const proofs: Proofs = {
    read: (...asked) => proving.read(...asked),
    use: (...asked) => proving.use(...asked),
    status: () => null,
  };
  const shared = {
    keys: config.keys,
    now: () => now,
    ticks: () => 0n,
    newId,
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
    fetch: caseFetch,
    revocations,
    proofs,
  };
  const started = await createService({
    ...shared,
    ...(loaded.ok && {
      introspection: { config: caseCredentials(loaded.registry), readFile: () => Promise.resolve('case') },
    }),
    sources: { registry: () => Promise.resolve(loaded), policy: () => Promise.resolve(policy) },
    log: silent,
    metrics,
  });
  if (!started.ok) return started;
  const { service } = started;
  const snapshot = service.current();

  let judged: Judged | null = null;
  const watched = { ...snapshot, policy: watch(snapshot.policy, (seen) => (judged = seen)) };
  const keys = createKeys({ fetch: shared.fetch, now: shared.now, settings: config.keys, onEvent: () => {} });
  keys.retain(snapshot.registry.issuers.values());
  const parts: DecideParts = {
    ...shared,
    tokens: createTokenReader({
      lookup: keys.lookup,
      cacheSize: TOKENS,
      introspector: caseIntrospector(shared.now, keys.lookup),
    }),
  };

  const lifecycle = { stopping: false };
  const { limits } = config;
  const app = createApp({
    decider: service,
    limits,
    metrics,
    lifecycle,
    now: shared.now,
    startedAt: now,
    version: '0.0.0',
    callers: () => NOBODY,
    log: silent,
  });
  const loopback = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  const listening = await listen(app, { listen: loopback, limits, lifecycle, log: silent });

  return {
    ok: true,
    bench: {
      registry: snapshot.registry,
      rules: snapshot.policy.rules.map(({ name }) => name),
      revoke(list) {
        revoked = list;
      },
      prove(by) {
        proving = by;
      },
      async decide(ask) {
        judged = null;
        const { decision, evaluation } = await decide(
          ask,
          CALLER,
          watched,
          parts,
          ask.door ?? 'audgate/decide',
          Math.floor(now / 1000),
        );
        const { input, custom } = evaluation;
        const checks = judged === null || input === null ? [] : snapshot.policy.explain(input, custom);
        return { decision, evaluation, judged, checks };
      },
      async post(body) {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${listening.url}/v1/decide`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        const answer: unknown = await response.json();
        return { status: response.status, answer };
      },
      async close() {
        await listening.stop(STOP_MS);
        service.close();
        keys.close();
      },
    },
  };
}

/** The same policy; whoever watches is told each question with its answer. */
function watch(policy: Policy, seen: (judged: Judged) => void): Policy {
  return {
    ...policy,
    judge(input, custom) {
      const judgement = policy.judge(input, custom);
      seen({ input, custom: policy.custom === null ? null : custom, judgement });
      return judgement;
    },
    judgeUnverified(input) {
      const judgement = policy.judgeUnverified(input);
      seen({ input, custom: null, judgement });
      return judgement;
    },
  };
}
