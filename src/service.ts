/**
 * The composition root: sources → snapshot → decider. One immutable snapshot is in force at a time; a reload builds the
 * next one off the decision path and swaps it only when registry, modules and the activation check are all right, so a
 * bad update never replaces a good one.
 */
import type { Config } from './config.ts';
import { decideAllowed } from './decide/allowed.ts';
import { decide, type Parts } from './decide/decide.ts';
import type { BundleStatus, Decider, ReloadProblem, ReloadReport } from './decide/decider.ts';
import { explain } from './decide/explain.ts';
import { shadowReader } from './decide/read-shadow.ts';
import type { Readers } from './decide/readers.ts';
import { createReceiver, type EventConfig } from './decide/receive.ts';
import { createShadow } from './decide/shadow.ts';
import type { Snapshot } from './decide/snapshot.ts';
import { NO_PROOFS, type Proofs } from './facts/proof/proofs.ts';
import { NO_REVOCATIONS, type Revocations } from './facts/revocation/revocations.ts';
import { createTokenReader } from './facts/token/read.ts';
import { decideIssuance } from './issuance/decide.ts';
import type { Observer } from './misuse/observe.ts';
import type { IssuerFetch } from './network/issuer-fetch.ts';
import type { Alarm } from './policy/judge.ts';
import type { PolicySources } from './policy/load.ts';
import { createLoader } from './policy/load-tried.ts';
import { trialThreads } from './policy/try-apart.ts';
import { reachToken } from './reach/reach-token.ts';
import { createAlarmLog } from './record/alarms.ts';
import type { Metrics } from './record/metrics.ts';
import type { LoadedRegistry, Registry } from './registry/registry.ts';
import { type IntrospectionParts, openIntrospection } from './service/introspection.ts';
import { openKeys, openShadowKeys } from './service/keys.ts';
import { logged } from './service/logged.ts';
import { assemble, unforeseen } from './service/make.ts';

/** Verified tokens held at most, about 1 KiB each. */
const TOKEN_CACHE_SIZE = 10_000;
/** The same for a shadow with a registry of its own, which judges what it can and no more. */
const SHADOW_CACHE_SIZE = 1000;

export type SourcedPolicy =
  | { readonly ok: true; readonly sources: Omit<PolicySources, 'onAlarm'> }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

/** With the registry that its bundle holds, if any. */
export type SourcedShadow =
  | (Extract<SourcedPolicy, { ok: true }> & { readonly registry?: Registry | undefined })
  | Extract<SourcedPolicy, { ok: false }>;

export type SourcedSettings =
  | {
      readonly ok: true;
      readonly warnings: readonly ReloadProblem[];
      /** Puts them in force. Called only when all else of the reload is right; must not fail. */
      readonly apply: () => void;
    }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

/** Registry and policy of one reload. None throws for what stands in the sources. */
export interface Reading {
  readonly registry: () => Promise<LoadedRegistry>;
  readonly policy: () => Promise<SourcedPolicy>;
  /**
   * Told whether they are in force now.
   * @returns whether there is another reading to try, where nothing is in force yet
   */
  readonly settled?: (ok: boolean, problems: readonly ReloadProblem[]) => Promise<boolean>;
}

/** What a source says of itself, for log and metrics. */
export type SourceEvent =
  | { readonly kind: 'bundle_checked'; readonly outcome: 'changed' | 'unchanged' }
  | { readonly kind: 'bundle_checked'; readonly outcome: 'failed'; readonly problem: string }
  | { readonly kind: 'bundle_stale' | 'bundle_fresh' };

/** Where registry and policy come from; asked anew at every reload. */
export interface Sources extends Reading {
  /** What both come from is read once a reload, so that no version of one meets another of the other. Absent: as they are. */
  readonly begin?: () => Promise<Reading>;
  /** Starts to look for changes. @returns what ends it */
  readonly watch?: (reload: () => Promise<ReloadReport>, onEvent: (event: SourceEvent) => void) => () => void;
  readonly bundle?: () => BundleStatus;
  /** Nothing may be allowed now. Asked at each decision. */
  readonly isHeldBack?: () => boolean;
  /** A policy, and perhaps a registry, that is judged beside the one in force, and decides nothing. */
  readonly shadow?: () => Promise<SourcedShadow>;
  /** What else a reload replaces, as callers and certificates; not asked at the start. */
  readonly settings?: () => Promise<SourcedSettings>;
}

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ServiceParts extends Omit<Parts, keyof Readers> {
  /** Looks at decisions once they are made; absent: nobody does. */
  readonly misuse?: Observer;
  /** Absent: no proof can be verified, and a bound token is refused. */
  readonly proofs?: Proofs;
  /** Absent: no list of revoked tokens is configured. */
  readonly revocations?: Revocations;
  /** Who may feed it with security events; absent: nobody. */
  readonly events?: EventConfig;
  /** Absent: no issuer can be asked about a token. */
  readonly introspection?: IntrospectionParts;
  readonly sources: Sources;
  readonly keys: Config['keys'];
  readonly fetch: IssuerFetch;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Service extends Decider {
  /** Builds the next snapshot and swaps it in if all of it is right. One at a time: a second call waits for the first. */
  reload(): Promise<ReloadReport>;
  /** Ends what runs in the background. Decisions under way end as they can. */
  close(): void;
}

export type StartedService =
  | { readonly ok: true; readonly service: Service; readonly warnings: readonly ReloadProblem[] }
  | { readonly ok: false; readonly problems: readonly ReloadProblem[] };

export async function createService(parts: ServiceParts): Promise<StartedService> {
  const { now, log, metrics } = parts;
  const keys = openKeys(parts);
  const introspector = openIntrospection(parts, keys);
  const tokens = createTokenReader({
    lookup: keys.lookup,
    cacheSize: TOKEN_CACHE_SIZE,
    ...(introspector && { introspector }),
  });
  const { proofs = NO_PROOFS, revocations = NO_REVOCATIONS } = parts;
  const readers: Readers = { tokens, proofs, revocations };
  const deciding: Parts = { ...parts, ...readers };
  const tell = createAlarmLog({
    now,
    write: (alarm) => log.error(alarm, 'the policy answered what it must never answer; the call was refused'),
  });
  const tellReport = createAlarmLog({
    now,
    write: (alarm) => log.warn(alarm, 'rules that only report broke; no decision was changed'),
  });
  const onAlarm = ({ kind, detail }: Alarm) => {
    // Nothing was refused: its metric counts it by rule.
    if (kind === 'report') return tellReport(kind, detail);
    metrics.alarmed(kind);
    tell(kind, detail);
  };

  const shadow = createShadow({
    readers,
    now,
    onOutcome: metrics.shadowed,
    onDifference: (difference) => log.info({ ...difference }, 'the shadow would have decided otherwise'),
  });
  const threads = trialThreads();
  const source = parts.sources.shadow;
  const shadowKeys = openShadowKeys(parts);
  const readShadow = shadowReader({
    shadow,
    source,
    load: createLoader(threads),
    apart: {
      tokens: createTokenReader({ lookup: shadowKeys.lookup, cacheSize: SHADOW_CACHE_SIZE }),
      retain: shadowKeys.retain,
    },
    now,
    warn: log.warn.bind(log),
  });
  const load = createLoader(threads);
  const next = (former?: Snapshot) => assemble({ ...parts, load, onAlarm, former });

  let first = await next();
  while (!first.ok && (await first.settled(false, first.problems))) {
    metrics.reloaded(false);
    log.error({ ...logged(first.problems) }, 'what was to be started with was refused; the last good bundle is tried');
    first = await next();
  }
  const wrong = await readShadow(first.ok ? first.snapshot.registry : null);
  if (!first.ok || wrong.length > 0) {
    threads.close();
    return { ok: false, problems: [...(first.ok ? [] : first.problems), ...wrong] };
  }
  await first.settled(true, []);
  let snapshot = first.snapshot;
  let last: ReloadReport | null = null;
  let reloading: Promise<unknown> = Promise.resolve();
  keys.retain(snapshot.registry.issuers.values());

  async function reloadOnce(): Promise<ReloadReport> {
    const { settings = noSettings } = parts.sources;
    // First, because they may say which bundle is wanted.
    const set = await settings().catch(unforeseen);
    const made = await next(snapshot).catch(unforeseen);
    // All or nothing: what is in force was found right together.
    const ok = made.ok && set.ok;
    if (made.ok && set.ok) {
      snapshot = made.snapshot;
      keys.retain(snapshot.registry.issuers.values());
      set.apply();
    }
    if (!made.ok || ok) await made.settled(ok, made.ok ? [] : made.problems);
    const problems = [made, set].flatMap((part) => {
      if (part.ok) return ok ? part.warnings : [];
      return part.problems;
    });
    // It decides nothing: a bad one holds up no good registry or bundle.
    const unread = await readShadow(snapshot.registry);
    if (unread.length > 0) log.warn({ ...logged(unread) }, 'the shadow could not be read again; the former stays');
    problems.push(...unread.map((problem) => ({ ...problem, severity: 'warning' as const })));
    last = { at: new Date(now()).toISOString(), ok, problems };
    metrics.reloaded(ok);
    if (ok) log.info({ revision: snapshot.revision }, 'reloaded');
    else
      log.error(
        { ...logged(problems), revision: snapshot.revision },
        'the reload was refused; the last good revision stays',
      );
    return last;
  }

  const seconds = () => Math.floor(now() / 1000);
  const reload = () => {
    const report = reloading.then(reloadOnce);
    reloading = report;
    return report;
  };
  const unwatch = parts.sources.watch?.(reload, (event) => {
    if (event.kind === 'bundle_stale') log.error({}, 'the bundle is stale: its source has not confirmed it in time');
    if (event.kind === 'bundle_fresh') log.info({}, 'the bundle is confirmed by its source again');
    if (event.kind !== 'bundle_checked') return;
    metrics.bundleChecked(event.outcome);
    if (event.outcome !== 'failed') return;
    log.warn({ problem: event.problem }, 'the bundle could not be fetched; the last good one stays');
  });
  const trouble = parts.sources.bundle?.().last_error ?? null;
  if (trouble !== null)
    log.warn({ problems: trouble.problems }, 'the bundle’s source has trouble; what was kept is in force');
  return {
    ok: true,
    warnings: first.warnings,
    service: {
      async decide(ask, caller) {
        const tick = parts.ticks();
        const { door = 'audgate/decide' } = ask;
        const [at, second] = [snapshot, seconds()];
        const { decision, evaluation } = await decide(ask, caller, at, deciding, door, second);
        shadow.offer({ ask, caller, at, seconds: second, decision, evaluation });
        parts.misuse?.observe({ ask, caller, decision, evaluation, registry: at.registry });
        if (evaluation.reported.length > 0) metrics.reported(evaluation.reported);
        metrics.decided(decision, Number(parts.ticks() - tick) / 1e9, door);
        return decision;
      },
      async allowed(ask, caller) {
        const tick = parts.ticks();
        const answer = await decideAllowed(ask, caller, snapshot, deciding, seconds());
        metrics.decided(answer, Number(parts.ticks() - tick) / 1e9, 'audgate/allowed');
        return answer;
      },
      async issue(question, caller, trace_id) {
        const decision = await decideIssuance(question, caller, snapshot, deciding, trace_id);
        metrics.issued(decision, question.grant);
        parts.misuse?.observeIssuance({ question, caller, decision, registry: snapshot.registry });
        return decision;
      },
      explain: (ask, at, caller) => explain(ask, caller, snapshot, deciding, at ?? seconds()),
      reach: (ask, at, caller) => reachToken(ask, caller, snapshot, deciding, at ?? seconds()),
      current: () => snapshot,
      issuerStatus: () => introspector?.status(keys.status(), snapshot.registry) ?? keys.status(),
      lastReload: () => last,
      shadowStatus: () => shadow.current(),
      bundleStatus: () => parts.sources.bundle?.() ?? null,
      revocationStatus: () => revocations.status(),
      proofsStatus: () => proofs.status(),
      ...(parts.events && {
        receive: createReceiver({
          ...parts.events,
          at: () => ({ registry: snapshot.registry, lookup: keys.lookup, now: seconds() }),
          log,
        }),
      }),
      reload,
      close() {
        unwatch?.();
        shadow.close();
        shadowKeys.close();
        threads.close();
        introspector?.close();
        keys.close();
      },
    },
  };
}

const noSettings = (): Promise<SourcedSettings> => Promise.resolve({ ok: true, warnings: [], apply: () => {} });
