/**
 * What is counted, for Prometheus. Every label has a bounded set of values: none is written by a client, a token or a
 * custom rule. The names are part of what is promised; see docs.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Decision } from '../decision/decision.ts';
import type { Grant, IssuanceDecision } from '../decision/issuance.ts';
import type { Registry as Loaded } from '../registry/registry.ts';
import { type BundleAge, createBundleMetrics } from './bundle-metrics.ts';
import type { Door } from './entry.ts';
import { createIntrospectionMetrics, type IntrospectionOutcome } from './introspection-metrics.ts';
import { createIssuanceMetrics } from './issuance-metrics.ts';
import { createMisuseMetrics, type MisuseMetrics } from './misuse-metrics.ts';
import { createProofMetrics, type ProofGauges, type ProofUseOutcome } from './proof-metrics.ts';
import { createRevocationMetrics, type EventOutcome, type RevocationGauges } from './revocation-metrics.ts';
import { createWaiverMetrics } from './waiver-metrics.ts';

/** Seconds. A decision takes some tens of microseconds; the upper ones show a key fetch in the way. */
const DURATION_BUCKETS = [25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1, 5];

/** What changes by itself, read when metrics are rendered. */
export interface Gauges {
  readonly version: string;
  readonly revision: string;
  /** Keys held, by registry key of the issuer. */
  readonly issuerKeys: Readonly<Record<string, number>>;
  /** The registry in force, of whose waivers is told how long they still hold; now in seconds since the epoch. */
  readonly waivers?: { readonly registry: Loaded; readonly now: number };
  /** Absent or null: there is no bundle that a server must confirm. */
  readonly bundle?: BundleAge | null;
  /** Absent or null: no list of revoked tokens is configured. */
  readonly revocation?: RevocationGauges | null;
  /** Absent or null: there is no store of used proofs. */
  readonly proofs?: ProofGauges | null;
}

export interface Metrics {
  /** One decision that was answered; explanations are not decisions. */
  decided(decision: Decision, seconds: number, door: Door): void;
  /** One decision about an issuance that was answered. */
  issued(decision: IssuanceDecision, grant: Grant): void;
  /** One request that got a problem instead of a decision. @param name of the problem, as in its type */
  refused(name: string): void;
  reloaded(ok: boolean): void;
  /** Something that must never happen did, and was refused. @param kind a constant of the code */
  alarmed(kind: string): void;
  /** Records that were not written, or allows that were refused for it. */
  recordsLost(outcome: 'dropped' | 'refused', records: number): void;
  /** What rules that only report would have denied in one decision. @param reports names are files', codes not labels */
  reported(reports: readonly { readonly rule: string; readonly code: string }[]): void;
  /** One decision that the shadow judged again, or was to. */
  shadowed(outcome: 'same' | 'would_deny' | 'would_allow' | 'unavailable' | 'dropped'): void;
  /** One question to the server of bundles. */
  bundleChecked(outcome: 'changed' | 'unchanged' | 'failed'): void;
  /** One fetch of a key set. @param issuer registry key */
  keysFetched(issuer: string, ok: boolean): void;
  /** One question to an issuer about a token. @param issuer registry key */
  introspected(issuer: string, outcome: IntrospectionOutcome): void;
  /** One look at a list of revoked tokens. */
  revocationRead(source: 'file' | 'valkey', ok: boolean): void;
  /** One proof that was to be marked as used. */
  proofUsed(outcome: ProofUseOutcome): void;
  /** One security event. */
  eventReceived(outcome: EventOutcome): void;
  readonly misuse: MisuseMetrics;
  readonly contentType: string;
  render(gauges: Gauges): Promise<string>;
}

export function createMetrics(): Metrics {
  const register = new Registry();
  const registers = [register];
  const decisions = new Counter({
    name: 'audgate_decisions_total',
    help: 'Decisions by outcome and first reason; the codes of custom rules count as "custom".',
    labelNames: ['decision', 'reason'],
    registers,
  });
  const doors = new Counter({
    name: 'audgate_door_decisions_total',
    help: 'Decisions by the door that the question came in by, as records name it in path.',
    labelNames: ['door', 'decision'],
    registers,
  });
  const durations = new Histogram({
    name: 'audgate_decision_duration_seconds',
    help: 'Time from the question to its decision.',
    labelNames: ['decision'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const waivers = createWaiverMetrics(register);
  const reports = new Counter({
    name: 'audgate_reporting_rules_total',
    help: 'Decisions that a rule which only reports would have denied, or in which it broke.',
    labelNames: ['rule', 'outcome'],
    registers,
  });
  const problems = new Counter({
    name: 'audgate_problems_total',
    help: 'Requests that were refused before a decision, by name of the problem.',
    labelNames: ['problem'],
    registers,
  });
  const reloads = new Counter({
    name: 'audgate_reloads_total',
    help: 'Reloads of registry and policy.',
    labelNames: ['outcome'],
    registers,
  });
  const alarms = new Counter({
    name: 'audgate_alarms_total',
    help: 'Results that must never occur, all of them refused, and keys that issuers share. Anything above 0 needs a human.',
    labelNames: ['kind'],
    registers,
  });
  const lost = new Counter({
    name: 'audgate_records_lost_total',
    help: 'Decision records that were not written: dropped, or of allows that were refused for it (log_unavailable).',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['dropped', 'refused']) lost.inc({ outcome }, 0);
  const fetches = new Counter({
    name: 'audgate_key_fetches_total',
    help: 'Fetches of issuers’ key sets.',
    labelNames: ['issuer', 'outcome'],
    registers,
  });
  const keys = new Gauge({
    name: 'audgate_issuer_keys',
    help: 'Keys held for an issuer; 0 means that its tokens cannot be verified.',
    labelNames: ['issuer'],
    registers,
  });
  const info = new Gauge({
    name: 'audgate_info',
    help: 'Version and revision in force; always 1.',
    labelNames: ['version', 'revision'],
    registers,
  });

  const shadows = new Counter({
    name: 'audgate_shadow_decisions_total',
    help: 'Decisions judged again by the shadow bundle, by how it differs; dropped: it was behind.',
    labelNames: ['outcome'],
    registers,
  });
  const bundles = createBundleMetrics(register);
  const revocations = createRevocationMetrics(register);
  const used = createProofMetrics(register);

  const byReason = remembered((decision, reason) => decisions.labels({ decision, reason }));
  const byDoor = remembered((door, decision) => doors.labels({ door, decision }));
  const timed = {
    allow: durations.labels({ decision: 'allow' }),
    deny: durations.labels({ decision: 'deny' }),
    indeterminate: durations.labels({ decision: 'indeterminate' }),
  };

  return {
    decided(decision, seconds, door) {
      byReason(decision.decision, reasonLabel(decision)).inc();
      byDoor(door, decision.decision).inc();
      timed[decision.decision].observe(seconds);
      waivers.used(decision);
    },
    issued: createIssuanceMetrics(register).issued,
    refused: (name) => problems.inc({ problem: name }),
    reloaded: (ok) => reloads.inc({ outcome: outcome(ok) }),
    alarmed: (kind) => alarms.inc({ kind }),
    recordsLost: (outcome, records) => lost.inc({ outcome }, records),
    reported(found) {
      for (const { rule, code } of found) reports.inc({ rule, outcome: REPORTED[code] ?? 'would_deny' });
    },
    keysFetched: (issuer, ok) => fetches.inc({ issuer, outcome: outcome(ok) }),
    introspected: createIntrospectionMetrics(register).introspected,
    shadowed: (found) => shadows.inc({ outcome: found }),
    bundleChecked: bundles.checked,
    revocationRead: revocations.read,
    eventReceived: revocations.event,
    proofUsed: used.used,
    misuse: createMisuseMetrics(register),
    contentType: register.contentType,
    render({ version, revision, issuerKeys, bundle = null, revocation = null, proofs = null, waivers: held }) {
      if (held !== undefined) waivers.left(held.registry, held.now);
      bundles.age(bundle);
      revocations.gauges(revocation);
      used.gauges(proofs);
      info.reset();
      info.set({ version, revision }, 1);
      keys.reset();
      for (const [issuer, count] of Object.entries(issuerKeys)) keys.set({ issuer }, count);
      return register.metrics();
    },
  };
}

/** Codes that are not a rule's own. */
const REPORTED: Readonly<Record<string, string>> = { policy_error: 'broken', rule_not_satisfied: 'not_satisfied' };

const outcome = (ok: boolean) => (ok ? 'ok' : 'failed');

function reasonLabel({ reasons }: Decision): string {
  const code = reasons[0]?.code ?? 'none';
  return code.startsWith('custom:') ? 'custom' : code;
}

/** Looking a child up by its labels costs more than counting; the pairs are few. */
function remembered(make: (first: string, second: string) => Counter.Internal) {
  const known = new Map<string, Counter.Internal>();
  return (first: string, second: string): Counter.Internal => {
    const pair = `${first} ${second}`;
    const found = known.get(pair);
    if (found !== undefined) return found;
    const made = make(first, second);
    known.set(pair, made);
    return made;
  };
}
