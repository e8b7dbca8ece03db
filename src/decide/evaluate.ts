/**
 * The whole decision, in its order. No log, no side effect: `decide.ts` records what this concludes.
 * A refusal ends the work: 1 server, 2 scheme and call, 3 token, 4 policy (contract 2).
 */

import type { WaiverUse } from '../decision/decision.ts';
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { Reason } from '../decision/reason.ts';
import { comparePrecedence, type ReasonCode } from '../decision/reasons.ts';
import { readCall } from '../facts/call/read.ts';
import type { ProofReading } from '../facts/proof/proofs.ts';
import { buildInput } from '../policy/input.ts';
import type { CustomFacts, Judgement, Policy, Report } from '../policy/policy.ts';
import type { ServerRecord } from '../registry/registry.ts';
import { type Ask, type Caller, findServer } from './ask.ts';
import { proofContext, retryOf } from './prove.ts';
import type { Readers } from './readers.ts';
import {
  argumentsTooLarge,
  inOrder,
  keysUnavailable,
  otherSubject,
  policyUnavailable,
  proofForgotten,
  reasonsOf,
  refusal,
  replayStoreUnavailable,
  revocationUnavailable,
  revoked,
  serverUnknown,
  unfitRequest,
} from './refuse.ts';
import type { Snapshot } from './snapshot.ts';

/** What was concluded, and from what; `reasons` in the order of precedence, empty on allow only. */
export interface Evaluation {
  readonly outcome: 'allow' | 'deny' | 'indeterminate';
  readonly server: ServerRecord | null;
  readonly reasons: readonly Reason[];
  readonly call: CallFacts | null;
  /** JSON-RPC id of the client's message, for an error body that answers it. */
  readonly request_id?: string | number | undefined;
  /** Verified on allow; on a refusal perhaps not. */
  readonly token: TokenFacts | null;
  /** Whether the token's issuer stands behind what is said of it. Absent: no. */
  readonly verified?: boolean;
  readonly input: PolicyInput | null;
  readonly custom: CustomFacts | null;
  readonly required_scopes: readonly string[];
  readonly waivers: readonly WaiverUse[];
  /** Of an allow: codes that would have denied, in the order of precedence. */
  readonly would_deny: readonly ReasonCode[];
  /** What rules that only report would have denied, whatever was decided. */
  readonly reported: readonly Report[];
  /** By which the token was sent; absent: it was not looked at. */
  readonly scheme?: 'bearer' | 'dpop';
  /** That the client must get, whatever was decided; absent: none. */
  readonly response_headers?: ProofReading['response_headers'];
}

/** What judges once the facts are there: the snapshot's policy, or whoever asks it more than one question. */
export interface Judges {
  judge(...asked: Parameters<Policy['judge']>): Judgement | Promise<Judgement>;
  judgeUnverified(...asked: Parameters<Policy['judgeUnverified']>): Judgement | Promise<Judgement>;
}

/** @param now seconds since the epoch */
export async function evaluate(
  ask: Ask,
  caller: Caller,
  now: number,
  at: Snapshot,
  readers: Readers,
  judges: Judges = at.policy,
): Promise<Evaluation> {
  const { registry, policy } = at;

  // Stage 1: the server that the gateway is about to call, byte for byte.
  const server = findServer(ask.server, registry);
  if (server === undefined) return refused(null, [serverUnknown(ask.server, registry, caller)]);

  // Stage 2: scheme and call; the token only once there is nothing wrong with them.
  const reading = readCall(ask, { custom_rules: policy.custom !== null, call_from: server.call_from });
  const { request_id } = reading;
  const unfit = unfitRequest(ask);
  if (!reading.ok) return refused(server, [...unfit, ...reading.reasons], { request_id });
  if (unfit.length > 0) return refused(server, unfit, { call: reading.call, request_id });
  const { call } = reading;
  if (!ask.token) return refused(server, [refusal('token_missing')], { call, request_id });

  // Stage 3: token text to claims, verified by a key that the registry names.
  const read = await readers.tokens.read(ask.token, { registry, server });
  if (read.kind === 'refused') return refused(server, [read.reason], { call, request_id });
  if (read.kind === 'unavailable') return unknown(server, [read.reason], { call, request_id });
  const { token, issuer } = read;
  const verified = read.kind === 'verified';
  const revocation = readers.revocations.judge(token, issuer.key);
  const context = proofContext(ask, ask.token, token, server, now);
  const proof = await readers.proofs.read(ask.proof, context);
  const { response_headers } = proof;
  const { scheme } = context;

  // Stage 4: facts and records to the rules; all denials of all rules. A proof that is ahead of its time is answered when
  // that has come, so the token is judged by then.
  const input = buildInput({
    call,
    token,
    proof: proof.facts,
    server,
    issuer,
    registry,
    now: Math.max(now, proof.once?.issued_at ?? now),
    context: { ...ask.context, caller: caller.name },
  });
  const tooLarge = policy.custom === null ? null : argumentsTooLarge(call);
  const judgeable = verified && tooLarge === null;
  const labels = server.eachLabels(call);
  const custom = judgeable
    ? { claims: token.claims, ...(call.arguments && { arguments: call.arguments }), ...(labels && { labels }) }
    : null;
  const facts = {
    call,
    request_id,
    token,
    verified,
    input,
    custom,
    scheme,
    ...(response_headers && { response_headers }),
  };
  const other = [...otherSubject(ask, token, verified), ...revoked(revocation, token, verified)];
  const about = { input, server, registry, caller, proof: proof.reasons };

  if (read.kind === 'unverified') {
    // Deny beats indeterminate: what the core rules refuse, no key could make acceptable (design 2).
    const judgement = await judges.judgeUnverified(input);
    if (judgement.kind === 'deny' || other.length > 0) {
      const denials = judgement.kind === 'deny' ? reasonsOf(judgement, about, false) : [];
      const required_scopes = judgement.kind === 'unavailable' ? [] : judgement.required_scopes;
      return refused(server, [...other, ...denials], { ...facts, required_scopes });
    }
    const broken = judgement.kind === 'unavailable' ? [policyUnavailable()] : [];
    return unknown(server, [keysUnavailable(issuer.key, read.detail), ...broken], facts);
  }

  const judgement = await judges.judge(input, custom);
  const ours = tooLarge === null ? other : [...other, tooLarge];
  if (judgement.kind === 'unavailable')
    return ours.length === 0 ? unknown(server, [policyUnavailable()], facts) : refused(server, ours, facts);
  const { required_scopes, reported = [] } = judgement;
  if (judgement.kind === 'deny' || ours.length > 0) {
    const denials = judgement.kind === 'deny' ? reasonsOf(judgement, about, true) : [];
    return refused(server, [...denials, ...ours], { ...facts, required_scopes, reported });
  }
  if (revocation.kind === 'unavailable')
    return unknown(server, [revocationUnavailable(revocation.detail)], { ...facts, required_scopes });

  // The last step, and the one side effect: a proof opens one call (RFC 9449 §11.1).
  const once = ask.proved_at === undefined ? proof.once : undefined;
  const use = once && (await readers.proofs.use(once, { mark: true, ...retryOf(ask, caller, call) }));
  if (use?.kind === 'replayed') return refused(server, [refusal('proof_replayed')], { ...facts, required_scopes });
  if (use?.kind === 'forgotten') return refused(server, [proofForgotten()], { ...facts, required_scopes });
  if (use?.kind === 'unavailable')
    return unknown(server, [replayStoreUnavailable(use.detail)], { ...facts, required_scopes });

  // That may have taken a while: a shared store, or a proof that is ahead of its time.
  const since = use === undefined ? revocation : readers.revocations.judge(token, issuer.key);
  const withdrawn = revoked(since, token, true);
  if (withdrawn.length > 0) return refused(server, withdrawn, { ...facts, required_scopes });
  if (since.kind === 'unavailable')
    return unknown(server, [revocationUnavailable(since.detail)], { ...facts, required_scopes });

  const { waivers } = judgement;
  const codes = [...judgement.would_deny, ...reported.map(({ code }) => code)];
  const would_deny = [...new Set(codes)].sort(comparePrecedence);
  return { ...facts, outcome: 'allow', server, reasons: [], required_scopes, waivers, would_deny, reported };
}

type Held = Partial<Omit<Evaluation, 'outcome' | 'server' | 'reasons'>>;

const NOTHING = {
  call: null,
  token: null,
  input: null,
  custom: null,
  required_scopes: [],
  waivers: [],
  would_deny: [],
  reported: [],
};

/** A dependency failed: nobody knows, so everyone must refuse. */
function unknown(server: ServerRecord, reasons: readonly Reason[], held: Held): Evaluation {
  return { ...refused(server, reasons, held), outcome: 'indeterminate' };
}

function refused(server: ServerRecord | null, reasons: readonly Reason[], held: Held = {}): Evaluation {
  return { ...NOTHING, ...held, outcome: 'deny', server, reasons: inOrder(reasons) };
}
