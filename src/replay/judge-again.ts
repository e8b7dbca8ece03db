/** One recorded decision, decided again at its time by another registry and other rules. */

import { MAX_ARGUMENTS_BYTES } from '../decide/refuse.ts';
import { CUSTOM_CODE, comparePrecedence, type FixedCode, isFixedCode, type ReasonCode } from '../decision/reasons.ts';
import { takesArguments } from '../facts/call/target.ts';
import type { JsonObject } from '../json/value.ts';
import { buildInput } from '../policy/input.ts';
import type { Judgement, Policy } from '../policy/policy.ts';
import { ANY_CALL } from '../registry/method.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import { isAltered } from './altered.ts';
import { lacksTypes, proofOf } from './credentials.ts';
import { endedBefore } from './ended-before.ts';
import { isAboutIssuance, isJudged, type JudgedInput, type LoggedEntry } from './entry.ts';
import { callOf, tokenOf } from './facts.ts';
import type { Reads } from './reads.ts';

export interface Candidate {
  readonly registry: Registry;
  readonly policy: Policy;
  /** Of the policy's custom rules. */
  readonly reads: Reads;
}

export type Outcome = 'allow' | 'deny' | 'indeterminate';

/** Why a record cannot be decided again. */
export type WhyNot =
  /** Custom rules read what is not in the record. */
  | 'arguments'
  | 'claims'
  | 'extra'
  | 'confirmation'
  | 'details'
  /** It was not recorded, or made for another resource than the server has now. */
  | 'proof'
  /** It ended before policy, in what the new registry may read otherwise. */
  | 'call'
  | 'token'
  | 'server'
  /** A value was cut or escaped in the record. */
  | 'cut'
  /** Keys, policy or log could not be had. */
  | 'outage'
  /** A list of what a token opens, not one call. */
  | 'list';

export type Again =
  /** No decision: an explanation. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'not_replayable'; readonly why: WhyNot }
  /** Denied before policy, by what no registry or rule changes. */
  | { readonly kind: 'facts' }
  | {
      readonly kind: 'judged';
      readonly outcome: Outcome;
      /** In the order of precedence. */
      readonly codes: readonly string[];
      /** Custom rules could not be asked: codes of theirs may be missing. */
      readonly partial: boolean;
    };

const OUTAGES: readonly string[] = ['keys_unavailable', 'policy_unavailable', 'log_unavailable'];
/** Where a record says that it holds digests. */
export const DETAILS = '/input/token/authorization_details';
/** Denials beside those of the rules. */
export const OF_NO_RULE: readonly string[] = ['claims_invalid', 'token_revoked'];

export function judgeAgain(entry: LoggedEntry, candidate: Candidate): Again {
  const { path, input, result, erased } = entry;
  if (path === 'audgate/explain' || path === 'audgate/reach' || isAboutIssuance(entry)) return { kind: 'skipped' };
  if (path === 'audgate/allowed') return not('list');
  if (result.decision === 'indeterminate' || result.reasons.some(({ code }) => OUTAGES.includes(code)))
    return not('outage');
  if (!isJudged(input)) return endedBefore(entry, input, candidate);
  const { arguments: args, ...call } = input.call;
  const { authorization_details: details, ...token } = input.token;
  if (isAltered(call) || isAltered(token) || lacksTypes(details)) return not('cut');
  if (erased.includes('/input/proof')) return not('proof');

  const { registry } = candidate;
  const named = input.registered.server;
  const byKey = path.startsWith('audgate/gateways');
  const server = byKey ? registry.servers.get(named.key) : registry.serverByResource.get(named.resource);
  if (server === undefined) return denied(['server_unknown']);
  if ((call.method === ANY_CALL) !== (server.call_from === 'none') && (byKey || call.method === ANY_CALL))
    return not('call');
  // Only a route that names its server by key comes here with another resource, for which the client made its proof.
  if (input.proof?.dpop !== undefined && server.resource !== named.resource) return not('proof');
  const issuer = registry.issuerByIss.get(input.registered.issuer.issuer);
  const refused = refusedByIssuer(input.token, issuer);
  if (issuer === undefined || refused !== null) return denied([refused ?? 'issuer_unknown']);
  return judged(entry, input, server, issuer, candidate);
}

const not = (why: WhyNot): Again => ({ kind: 'not_replayable', why });
const denied = (codes: readonly string[], partial = false): Again => ({
  kind: 'judged',
  outcome: 'deny',
  codes,
  partial,
});

/** What the token's header is compared with. Its claims were read by the issuer's profile of then. */
export function refusedByIssuer(
  token: Pick<JudgedInput['token'], 'algorithm' | 'type' | 'key_id'>,
  issuer: IssuerRecord | undefined,
): FixedCode | null {
  if (issuer === undefined) return 'issuer_unknown';
  if (issuer.disabled) return 'issuer_disabled';
  const { key_source } = issuer;
  // Of an issuer that is asked about its tokens nobody knows what it would say of this one: as of a key set elsewhere.
  if (key_source.kind === 'introspection') return null;
  // What its issuer was asked about may be no JWT at all, and was never read as one.
  if (token.algorithm === undefined) return 'token_malformed';
  if (!issuer.algorithms.some((algorithm) => algorithm === token.algorithm)) return 'algorithm_not_allowed';
  if (!issuer.token_types.includes(token.type)) return 'token_type_not_allowed';
  if (key_source.kind === 'jwks' && !key_source.keys.some(({ kid }) => kid === token.key_id)) return 'key_unknown';
  return null;
}

function judged(
  { result, erased }: LoggedEntry,
  logged: JudgedInput,
  server: ServerRecord,
  issuer: IssuerRecord,
  { registry, policy, reads }: Candidate,
): Again {
  const call = callOf(logged.call);
  const token = tokenOf(logged.token, issuer.issuer);
  const { caller, client_ip, request_id, extra } = logged.context;
  const context = {
    caller,
    ...(client_ip !== undefined && { client_ip }),
    ...(request_id !== undefined && { request_id }),
    ...(extra !== undefined && { extra }),
  };
  const proof = logged.proof && proofOf(logged.proof);
  const input = buildInput({ call, token, proof, server, issuer, registry, now: logged.now, context });
  // No rule's: the asker's word about the subject, which differed from the token's, and what was revoked. That stays so.
  const own = result.reasons.map(({ code }) => code).filter((code) => OF_NO_RULE.includes(code));
  const unverified = result.reasons.some(({ verified }) => verified === false);
  const core = policy.judgeUnverified(input);
  if (unverified) {
    // Nobody knows what its keys would have said; only a denial needs none.
    return core.kind === 'deny' || own.length > 0 ? denied(sorted([...codesOf(core), ...own])) : not('outage');
  }
  const used = result.reasons.some(({ code }) => code === 'proof_replayed');
  if (policy.custom === null) return concluded(core, own, used);

  const size = sizeOf(logged.call.arguments, erased);
  const missing = missingFor(reads, logged, erased, size);
  if (size !== 'unknown' && size > MAX_ARGUMENTS_BYTES)
    return denied(sorted([...codesOf(core), 'arguments_too_large', ...own]));
  if (missing !== null)
    return core.kind === 'deny' || own.length > 0 ? denied(sorted([...codesOf(core), ...own]), true) : not(missing);
  const labels = server.eachLabels(call);
  const args = logged.call.arguments;
  return concluded(
    policy.judge(input, { claims: {}, ...(args && { arguments: args }), ...(labels && { labels }) }),
    own,
    used,
  );
}

/** @param used the proof had been used before, which is asked only of what all else allows */
function concluded(judgement: Judgement, own: readonly string[], used: boolean): Again {
  if (judgement.kind === 'unavailable') return not('outage');
  const codes = sorted([...codesOf(judgement), ...own]);
  if (judgement.kind === 'deny' || own.length > 0) return denied(codes);
  if (used) return denied(['proof_replayed']);
  return { kind: 'judged', outcome: 'allow', codes: [], partial: false };
}

function codesOf(judgement: Judgement): readonly string[] {
  if (judgement.kind !== 'deny') return [];
  return [
    ...judgement.denials.map(({ code }) => code),
    ...judgement.custom.map(({ rule, code }) => `custom:${rule}/${code}`),
  ];
}

/** Each once, in the order in which the first sets the challenge; codes of another version last. */
export function sorted(codes: readonly string[]): readonly string[] {
  const isCode = (code: string): code is ReasonCode => isFixedCode(code) || CUSTOM_CODE.test(code);
  const once = [...new Set(codes)].sort();
  return [...once.filter(isCode).sort(comparePrecedence), ...once.filter((code) => !isCode(code))];
}

/** Bytes of the call's arguments as JSON. */
function sizeOf(args: JsonObject | undefined, erased: readonly string[]): number | 'unknown' {
  if (args === undefined) return 0;
  if (erased.includes('/input/call/arguments')) return typeof args.size === 'number' ? args.size : 'unknown';
  return isAltered(args) ? 'unknown' : Buffer.byteLength(JSON.stringify(args));
}

/** What the custom rules need of the record and is not in it. */
function missingFor(
  reads: Reads,
  { call, context, token }: JudgedInput,
  erased: readonly string[],
  size: number | 'unknown',
): WhyNot | null {
  // Without arguments nobody can say whether the client sent none or the gateway did not tell.
  const untold = call.arguments === undefined && takesArguments(call.method);
  const digested = erased.includes('/input/call/arguments');
  if (untold || size === 'unknown' || (reads.arguments && digested)) return 'arguments';
  if (reads.claims) return 'claims';
  if (reads.extra && (erased.includes('/input/context/extra') || isAltered(context.extra))) return 'extra';
  if (reads.confirmation && erased.includes('/input/token/confirmation')) return 'confirmation';
  if (reads.details && (erased.includes(DETAILS) || isAltered(token.authorization_details))) return 'details';
  return isAltered({ ...context, extra: null }) ? 'cut' : null;
}
