/**
 * One masked record of a decision about an issuance, in the shape of an event of OPA's decision log like all others. Built
 * member by member: grants, codes and subject tokens never come here, only what they were bound to.
 */
import { evidence, legible } from '../decision/evidence.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../decision/issuance.ts';
import type { IssuanceInput } from '../decision/issuance-input.ts';
import { type Entry, type EntryOptions, referencesOrAbsent } from './entry.ts';
import { maskReason } from './mask.ts';

export interface IssuanceEvent {
  readonly path: 'audgate/issuance';
  readonly decision: IssuanceDecision;
  /** What policy judged. */
  readonly input: IssuanceInput;
  /** What was asked, as the authorization server and its client wrote it. */
  readonly question: IssuanceQuestion;
  /** Name of the caller. */
  readonly caller: string;
  readonly trace_id?: string;
  readonly revisions: { readonly registry: string; readonly core: string; readonly custom: string | null };
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly duration_ns: number;
}

type Values = readonly (string | number)[];

export interface RecordedIssuance {
  readonly now: number;
  readonly issuer: string;
  readonly grant: string;
  readonly client_id: string;
  readonly resources: Values;
  readonly audiences: Values;
  readonly scopes?: Values | undefined;
  readonly lifetime_seconds?: number | undefined;
  readonly requested_token_type?: string | undefined;
  readonly bound?:
    | {
        readonly resources: Values;
        /** Registry keys of the servers that these are. */
        readonly servers: Values;
        readonly scopes: Values;
        readonly client_id?: string | undefined;
        readonly expires_at?: number | undefined;
      }
    | undefined;
  /** Edges of the registry that lead there for this client. */
  readonly exchanges: IssuanceInput['registered']['exchanges'];
  readonly context: { readonly caller: string; readonly request_id?: string | undefined };
}

/** A member that is undefined is not written: `JSON.stringify` leaves it out. */
export interface IssuanceEntry {
  readonly decision_id: string;
  /** RFC 3339, when the decision began. */
  readonly timestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>;
  readonly path: IssuanceEvent['path'];
  readonly input: RecordedIssuance;
  readonly result: IssuanceDecision;
  readonly references?: Entry['references'];
  readonly erased: readonly string[];
  readonly metrics: { readonly timer_decision_ns: number };
  readonly requested_by: string;
  readonly req_id?: string | undefined;
  readonly trace_id?: string | undefined;
}

/** Pure: the same event gives the same entry. */
export function writeIssuanceEntry(event: IssuanceEvent, { labels }: Pick<EntryOptions, 'labels'>): IssuanceEntry {
  const { registry, core, custom } = event.revisions;
  const bundles = { registry: { revision: registry }, core: { revision: core } };
  return {
    decision_id: event.decision.decision_id,
    timestamp: new Date(event.started).toISOString(),
    labels,
    bundles: custom === null ? bundles : { ...bundles, custom: { revision: custom } },
    path: event.path,
    input: recorded(event),
    result: maskIssuance(event.decision),
    references: referencesOrAbsent(event.decision),
    erased: [],
    metrics: { timer_decision_ns: event.duration_ns },
    requested_by: legible(event.caller),
    req_id: orAbsent(event.question.context?.request_id),
    trace_id: orAbsent(event.trace_id),
  };
}

const orAbsent = (text: string | undefined) => (text === undefined ? undefined : legible(text));

function recorded({ input, question, caller }: IssuanceEvent): RecordedIssuance {
  const { request, bound, registered } = input;
  return {
    now: input.now,
    issuer: legible(question.issuer),
    grant: request.grant,
    client_id: legible(request.client_id),
    resources: evidence(question.resources ?? []),
    audiences: evidence(question.audiences ?? []),
    scopes: request.scopes && evidence(request.scopes),
    lifetime_seconds: request.lifetime_seconds,
    requested_token_type: orAbsent(request.requested_token_type),
    bound: bound && {
      resources: evidence(question.bound?.resources ?? []),
      servers: evidence(bound.servers),
      scopes: evidence(bound.scopes),
      client_id: orAbsent(bound.client_id),
      expires_at: bound.expires_at,
    },
    exchanges: registered.exchanges,
    context: { caller: legible(caller), request_id: orAbsent(question.context?.request_id) },
  };
}

/** The answer, cut and escaped once more: a record must not rely on its writer. */
function maskIssuance(decision: IssuanceDecision): IssuanceDecision {
  if (decision.decision !== 'allow') return { ...decision, reasons: decision.reasons.map(maskReason) };
  const { issue } = decision;
  return { ...decision, reasons: [], issue: { ...issue, scope: evidence(issue.scope.split(' ')).join(' ') } };
}
