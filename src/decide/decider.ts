import type { Allowed } from '../decision/allowed.ts';
import type { Decision } from '../decision/decision.ts';
import type { Explanation } from '../decision/explanation.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import type { Reach, ReachAsk } from '../decision/reach.ts';
import type { ProofsStatus } from '../facts/proof/proofs.ts';
import type { RevocationStatus } from '../facts/revocation/revocations.ts';
import type { Problem } from '../registry/registry.ts';
import type { AllowedAsk } from './allowed.ts';
import type { Ask, Caller } from './ask.ts';
import type { Receipt } from './receive.ts';
import type { Snapshot } from './snapshot.ts';

/** State of one issuer's keys (`/v1/status`). Times are RFC 3339. */
export interface IssuerStatus {
  readonly keys: number;
  readonly fetched_at: string | null;
  readonly last_error: string | null;
}

/** A problem of a registry file, with its place, or one of a module, of the activation check or of the configuration. */
export type ReloadProblem = Problem | { readonly severity: 'error' | 'warning'; readonly message: string };

export interface ReloadReport {
  /** RFC 3339 */
  readonly at: string;
  readonly ok: boolean;
  readonly problems: readonly ReloadProblem[];
}

/** Where the bundle of custom rules comes from, and how it stands with it (`/v1/status`). Times are RFC 3339. */
export interface BundleStatus {
  readonly source: 'file' | 'url';
  /** Path, or URL without its query. */
  readonly location: string;
  /** SHA-256 of the bundle's bytes: what a pin or `sha256sum` names. Null: none from there is in force, or it is no URL's. */
  readonly digest: string | null;
  /** What its manifest calls it. */
  readonly revision: string | null;
  /** The registry in force came with it. */
  readonly registry: boolean;
  /** Signatures are required, so that it has a right one. */
  readonly signed: boolean;
  readonly from_cache: boolean;
  /** Last answer of the server, or last reading of the file. */
  readonly checked_at: string | null;
  /** When the source last had what is in force. */
  readonly confirmed_at: string | null;
  readonly stale: boolean;
  readonly pinned: string | null;
  /** Digests in the cache, the last used first. */
  readonly kept: readonly string[];
  /** Why the source’s newest is not in force. */
  readonly last_error: null | { readonly at: string; readonly problems: readonly string[] };
}

/** What http, mcp and the commands ask: one decision, made the same way everywhere. */
export interface Decider {
  /** Decides and records once. Never throws for anything that a client or gateway wrote. */
  decide(ask: Ask, caller: Caller): Promise<Decision>;
  /** Decides what a token opens, and records once. Never throws likewise. */
  allowed(ask: AllowedAsk, caller: Caller): Promise<Allowed>;
  /**
   * Decides what an authorization server may issue, and records once. Never throws likewise.
   * @param trace_id W3C Trace Context trace-id of the request to audgate, for the record
   */
  issue(question: IssuanceQuestion, caller: Caller, trace_id?: string): Promise<IssuanceDecision>;
  /** @param at the time to decide for, seconds since the epoch; undefined: now */
  explain(ask: Ask, at: number | undefined, caller: Caller): Promise<Explanation>;
  /**
   * Tells what a token opens at every server that the caller may see, and records once. It opens nothing.
   * @param at the time that is asked about, seconds since the epoch; undefined: now
   */
  reach(ask: ReachAsk, at: number | undefined, caller: Caller): Promise<Reach>;
  /** The snapshot in force. */
  current(): Snapshot;
  issuerStatus(): Readonly<Record<string, IssuerStatus>>;
  lastReload(): ReloadReport | null;
  /** The bundle that is judged beside the one in force; null: none. */
  shadowStatus(): { readonly digest: string; readonly rules: readonly string[] } | null;
  /** Null: there is no bundle. */
  bundleStatus(): BundleStatus | null;
  /**
   * Takes a security event, which may revoke tokens (RFC 8417). Absent: no transmitters are configured.
   * @param text as it was sent
   */
  readonly receive?: (text: string) => Promise<Receipt>;
  /** Null: no list of revoked tokens is configured. */
  revocationStatus(): RevocationStatus | null;
  /** The store of used proofs; null: there is none. */
  proofsStatus(): ProofsStatus | null;
}
