/** A recorded decision explained: its facts judged again, by the registry and rules given, and told beside what was recorded. */
import { answer } from '../decide/answer.ts';
import type { Evaluation } from '../decide/evaluate.ts';
import { explanationOf } from '../decide/explain.ts';
import { inOrder, reasonsOf, refusal, serverUnknown } from '../decide/refuse.ts';
import type { Snapshot } from '../decide/snapshot.ts';
import type { Explanation } from '../decision/explanation.ts';
import type { CallFacts } from '../decision/facts.ts';
import type { Reason } from '../decision/reason.ts';
import { entryOf } from '../decision/reasons.ts';
import { takesArguments } from '../facts/call/target.ts';
import { buildInput } from '../policy/input.ts';
import { ANY_CALL, targetsOf } from '../registry/method.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import { isAltered } from './altered.ts';
import { lacksTypes, proofOf } from './credentials.ts';
import { callOf, tokenOf } from './facts.ts';
import { DETAILS, OF_NO_RULE, refusedByIssuer } from './judge-again.ts';
import type { Reads } from './reads.ts';
import { isJudged, type JudgedRecord, type QuestionRecord, type Recorded } from './recorded.ts';

export interface ExplainedRecord {
  readonly recorded: {
    readonly decision_id: string;
    /** RFC 3339 */
    readonly timestamp: string;
    readonly decision: Recorded['result']['decision'];
    readonly codes: readonly string[];
    readonly revision: string;
  };
  /** What of the record's registry and policies is another than what it was judged by again. Empty: the same revision. */
  readonly differs: readonly ('registry' | 'core' | 'custom')[];
  /** `not_replayable`: nothing was decided again; `facts`: it ended before policy, and nothing there is decided again. */
  readonly replayed: 'all' | 'core' | 'facts' | 'not_replayable';
  /** JSON pointers to what is missing in the record, cut or digested, and would have been needed. */
  readonly missing: readonly string[];
  /** Whether it would be decided so again, for the same reasons; null where nothing was decided again. */
  readonly same: boolean | null;
  /** Null where nothing can be said. */
  readonly explanation: Explanation | null;
}

/** Whoever reads a decision log knows of all servers. */
const READER = { name: 'local', servers: '*' } as const;

/** @param reads what the custom rules of the snapshot's policy read */
export function explainEntry(entry: Recorded, at: Snapshot, reads: Reads): ExplainedRecord {
  const { result, bundles, decision_id, timestamp } = entry;
  const codes = result.reasons.map(({ code }) => code);
  const recorded = { decision_id, timestamp, decision: result.decision, codes, revision: result.revision };
  const differs = differing(bundles, at);
  const told = { recorded, differs };
  const altered = isJudged(entry.input) ? [...alteredIn(entry.input), ...unreadIn(entry, entry.input, at)] : [];
  if (altered.length > 0 || entry.path === 'audgate/allowed' || entry.path === 'audgate/reach')
    return { ...told, replayed: 'not_replayable', missing: altered, same: null, explanation: null };

  const { evaluation, now, missing } = isJudged(entry.input)
    ? judgedAgain(entry, entry.input, at, reads)
    : { ...endedBefore(entry, entry.input, at), missing: [] };
  const decision = answer(evaluation, decision_id, at.revision, READER);
  const explanation = explanationOf(decision, evaluation, contextOf(entry.input), READER, at, now);
  if (!isJudged(entry.input)) return { ...told, replayed: 'facts', missing, same: null, explanation };
  const again = evaluation.reasons.map(({ code }) => code);
  // Custom reasons of then are neither confirmed nor refuted by core alone.
  const ofCore = (list: readonly string[]) =>
    list.filter((code) => missing.length === 0 || !code.startsWith('custom:'));
  const same =
    ofCore(codes).join() === ofCore(again).join() && (missing.length > 0 || decision.decision === result.decision);
  return { ...told, replayed: missing.length > 0 ? 'core' : 'all', missing, same, explanation };
}

function differing(bundles: Recorded['bundles'], { registry, policy }: Snapshot): ExplainedRecord['differs'] {
  const found: ('registry' | 'core' | 'custom')[] = [];
  if (bundles.registry.revision !== registry.digest) found.push('registry');
  if (bundles.core.revision !== policy.core.digest) found.push('core');
  if ((bundles.custom?.revision ?? null) !== (policy.custom?.digest ?? null)) found.push('custom');
  return found;
}

/** A value that was cut or escaped is not what was judged. */
function alteredIn({ call, token: { authorization_details: details, ...token } }: JudgedRecord): readonly string[] {
  const { arguments: _arguments, ...rest } = call;
  const within = (part: object, pointer: string) =>
    Object.entries(part).flatMap(([name, value]) => (isAltered(value) ? [`${pointer}/${name}`] : []));
  return [...within(rest, '/input/call'), ...within(token, '/input/token'), ...(lacksTypes(details) ? [DETAILS] : [])];
}

/** As it was asked about: an adapter's route holds the key. */
function serverOf({ path }: Recorded, { registered: { server } }: JudgedRecord, registry: Registry) {
  const byKey = path.startsWith('audgate/gateways');
  return byKey ? registry.servers.get(server.key) : registry.serverByResource.get(server.resource);
}

/** Where nobody looked at the call then, or nobody would now, the record's call is not what would be judged. */
function unreadIn(entry: Recorded, logged: JudgedRecord, { registry }: Snapshot): readonly string[] {
  const server = serverOf(entry, logged, registry);
  const [was, is] = [logged.call.method === ANY_CALL, server?.call_from === 'none'];
  const byAdapter = entry.path.startsWith('audgate/gateways');
  return server !== undefined && was !== is && (was || byAdapter) ? ['/input/call'] : [];
}

interface Again {
  readonly evaluation: Evaluation;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly missing: readonly string[];
}

const NOTHING = {
  ...{ call: null, token: null, input: null, custom: null, required_scopes: [], waivers: [], would_deny: [] },
  reported: [],
} as const;

function judgedAgain(entry: Recorded, logged: JudgedRecord, at: Snapshot, reads: Reads): Again {
  const { registry, policy } = at;
  const { now } = logged;
  const call = callOf(logged.call);
  const ended = (server: ServerRecord | null, reasons: readonly Reason[]): Again => ({
    evaluation: { ...NOTHING, outcome: 'deny', server, reasons, call: server && call },
    now,
    missing: [],
  });
  const named = logged.registered.server;
  const server = serverOf(entry, logged, registry);
  if (server === undefined) return ended(null, [serverUnknown(named.resource, registry, READER)]);
  const iss = logged.registered.issuer.issuer;
  const issuer = registry.issuerByIss.get(iss);
  const refused = refusedByIssuer(logged.token, issuer);
  if (issuer === undefined || refused !== null)
    return ended(server, [refusal(refused ?? 'issuer_unknown', undefined, [iss])]);

  const token = tokenOf(logged.token, iss);
  const proof = logged.proof && proofOf(logged.proof);
  const input = buildInput({ call, token, proof, server, issuer, registry, now, context: contextOf(logged) });
  const verified = entry.result.reasons.every((reason) => reason.verified !== false);
  const missing = policy.custom === null ? [] : missingIn(entry, logged, reads);
  const args = logged.call.arguments;
  const labels = server.eachLabels(call);
  const custom =
    verified && missing.length === 0
      ? { claims: {}, ...(args && { arguments: args }), ...(labels && { labels }) }
      : null;
  const judgement = verified ? policy.judge(input, custom) : policy.judgeUnverified(input);
  // What stood beside the rules' reasons: no registry changes it.
  const told = entry.result.reasons.map(reasonOf);
  const denials =
    judgement.kind === 'deny' ? reasonsOf(judgement, { input, server, registry, caller: READER }, verified) : [];
  const denying = [...denials, ...told.filter(({ code }) => BESIDE.includes(code))];
  const reasons = inOrder(denying.length > 0 ? denying : told.filter(isAskedLast));
  const facts = { ...NOTHING, server, call, token, input, custom, reasons };
  const unsure = judgement.kind === 'unavailable' || (!verified && denials.length === 0);
  if (unsure || judgement.kind === 'deny' || reasons.length > 0) {
    const required_scopes = judgement.kind === 'unavailable' ? [] : judgement.required_scopes;
    const outage = unsure && reasons.length === 0 ? [refusal('keys_unavailable')] : reasons;
    const outcome = outage.every(isOutage) ? 'indeterminate' : 'deny';
    return { evaluation: { ...facts, outcome, reasons: outage, required_scopes }, now, missing };
  }
  const { required_scopes, waivers, would_deny } = judgement;
  return { evaluation: { ...facts, outcome: 'allow', required_scopes, waivers, would_deny }, now, missing };
}

const BESIDE: readonly string[] = [...OF_NO_RULE, 'arguments_too_large'];

const isOutage = ({ code }: Reason) => entryOf(code).wire === 'unavailable';
/** What is asked only of a call that all else allows. */
const isAskedLast = (reason: Reason) => isOutage(reason) || reason.code === 'proof_replayed';

/** It was refused by what the call or the token is: the recorded reasons, with the server and the call as far as told. */
function endedBefore(entry: Recorded, logged: QuestionRecord, { registry }: Snapshot): Omit<Again, 'missing'> {
  const server = registry.serverByResource.get(logged.server) ?? registry.servers.get(logged.server) ?? null;
  const reasons = entry.result.reasons.map(reasonOf);
  const outcome = entry.result.decision === 'indeterminate' ? 'indeterminate' : 'deny';
  const call = server !== null && logged.call !== undefined ? askedCall(logged.call) : null;
  const now = Math.floor(Date.parse(entry.timestamp) / 1000);
  return { evaluation: { ...NOTHING, outcome, server, reasons, call }, now };
}

function askedCall({ method, target }: NonNullable<QuestionRecord['call']>): CallFacts | null {
  if (target === undefined) return { method };
  const [kind, other] = targetsOf(method) ?? [];
  return kind === undefined || other !== undefined || isAltered(target) ? null : { method, [kind]: target };
}

function reasonOf({ code, message, expected, actual, verified, rule }: Recorded['result']['reasons'][number]): Reason {
  return {
    code,
    message,
    ...(expected && { expected }),
    ...(actual && { actual }),
    ...(verified === false && { verified }),
    ...(rule !== undefined && { rule }),
  };
}

/** What the custom rules read, and the record does not hold. */
function missingIn({ erased }: Recorded, { call, context, token }: JudgedRecord, reads: Reads): readonly string[] {
  const found: string[] = [];
  const args = '/input/call/arguments';
  const untold = call.arguments === undefined && takesArguments(call.method);
  if (reads.arguments && (untold || erased.includes(args) || isAltered(call.arguments))) found.push(args);
  if (reads.claims) found.push('/input/token/claims');
  if (reads.extra && (erased.includes('/input/context/extra') || isAltered(context.extra)))
    found.push('/input/context/extra');
  if (reads.confirmation && erased.includes('/input/token/confirmation')) found.push('/input/token/confirmation');
  if (reads.details && (erased.includes(DETAILS) || isAltered(token.authorization_details))) found.push(DETAILS);
  if (reads.proof && erased.includes('/input/proof')) found.push('/input/proof');
  return found;
}

function contextOf({ context }: Recorded['input']) {
  const { caller, client_ip, request_id } = context;
  return {
    caller,
    ...(client_ip !== undefined && { client_ip }),
    ...(request_id !== undefined && { request_id }),
    ...('extra' in context && context.extra !== undefined && { extra: context.extra }),
  };
}
