/**
 * One masked record a decision, in the shape of an event of OPA's decision log (contract 9). Masking is by type: an entry
 * is built member by member, and no member of it has a place for a token, a proof, a key or the claims.
 */
import type { Decision } from '../decision/decision.ts';
import { evidence, legible } from '../decision/evidence.ts';
import { type ReferenceId, referencesOfAll } from '../decision/frameworks.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import { type Digest, digestOf, maskConfirmation, maskJson, maskResult } from './mask.ts';
import { maskDetails, maskProof } from './mask-credentials.ts';

/** How a question came in, as records and metrics name it: a constant of the code, never made of what was asked. */
export type Door = `audgate/${string}`;

/** What was decided, as the decider tells it. Still holds arguments and claims: never written as it is. */
export interface DecisionEvent {
  readonly path: Door;
  readonly decision: Decision;
  /** What policy judged; null when the decision ended before it. */
  readonly input: PolicyInput | null;
  /** What was asked, as the caller and its client wrote it. */
  readonly asked: { readonly server: string; readonly method?: string; readonly target?: string };
  readonly arguments?: JsonObject;
  /** Name of the caller. */
  readonly caller: string;
  /** `context.client_ip` */
  readonly client_ip?: string;
  /** `context.request_id` */
  readonly request_id?: string;
  /** W3C Trace Context trace-id, where there is one. */
  readonly trace_id?: string;
  readonly revisions: { readonly registry: string; readonly core: string; readonly custom: string | null };
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly duration_ns: number;
}

type Registered = PolicyInput['registered'];

interface RecordedCall {
  readonly method: string;
  readonly tool?: string | undefined;
  readonly prompt?: string | undefined;
  readonly uri?: string | undefined;
  readonly task?: string | undefined;
  readonly lists?: readonly (string | number)[] | undefined;
  readonly uris?: readonly (string | number)[] | undefined;
  readonly tasks?: readonly (string | number)[] | undefined;
  readonly arguments?: Digest | JsonObject | undefined;
}

interface RecordedContext {
  readonly caller: string;
  readonly client_ip?: string | undefined;
  readonly request_id?: string | undefined;
  readonly extra?: Digest | JsonObject | undefined;
}

/** The policy input without what nobody may log: claims, and all of `cnf` and of proofs but thumbprints. */
export interface RecordedInput {
  readonly now: number;
  readonly time: PolicyInput['time'];
  readonly call: RecordedCall;
  readonly token: {
    readonly type: string;
    readonly algorithm?: string | undefined;
    readonly key_id?: string | undefined;
    readonly audiences: readonly (string | number)[];
    readonly scopes: readonly (string | number)[];
    readonly subject?: string | undefined;
    readonly client_id?: string | undefined;
    readonly issued_at?: number | undefined;
    readonly expires_at?: number | undefined;
    readonly not_before?: number | undefined;
    readonly confirmation?: Readonly<Record<string, string>> | undefined;
    readonly actor?: string | undefined;
    readonly actors?: readonly (string | number)[] | undefined;
    readonly authentication_context?: string | undefined;
    readonly authenticated_at?: number | undefined;
    /** Each with its type; the rest as a digest, unless arguments are written. */
    readonly authorization_details?: readonly JsonObject[] | undefined;
  };
  /** Thumbprints and codes. */
  readonly proof?: PolicyInput['proof'];
  readonly registered: Omit<Registered, 'operation' | 'unlisted' | 'elsewhere'> & {
    readonly operation?: Registered['operation'] | undefined;
    readonly unlisted?:
      | { readonly uris: readonly (string | number)[]; readonly tasks: readonly (string | number)[] }
      | undefined;
    readonly elsewhere: readonly (string | number)[];
  };
  readonly context: RecordedContext;
}

/** What is known when a decision ended before policy: the question, cut and escaped. */
export interface RecordedQuestion {
  readonly server: string;
  readonly call?:
    | {
        readonly method: string;
        readonly target?: string | undefined;
        readonly arguments?: Digest | JsonObject | undefined;
      }
    | undefined;
  readonly context: RecordedContext;
}

/** A member that is undefined is not written: `JSON.stringify` leaves it out. */
export interface Entry {
  readonly decision_id: string;
  /** RFC 3339, when the decision began. */
  readonly timestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>;
  readonly path: DecisionEvent['path'];
  readonly input: RecordedInput | RecordedQuestion;
  readonly result: Decision;
  /** What its reasons stand against (`docs/frameworks.md`); absent where none do, as of an allow. */
  readonly references?: readonly ReferenceId[] | undefined;
  /** JSON pointers to what was taken out or replaced by a digest. */
  readonly erased: readonly string[];
  readonly metrics: { readonly timer_decision_ns: number };
  readonly requested_by: string;
  readonly req_id?: string | undefined;
  readonly trace_id?: string | undefined;
}

export interface EntryOptions {
  /** What every record of this process carries: its version and the like. */
  readonly labels: Readonly<Record<string, string>>;
  /** `record.arguments`: write arguments and `context.extra`, cut and escaped, in place of their digests. */
  readonly arguments: boolean;
}

/** Pure: the same event gives the same entry. */
export function writeEntry(event: DecisionEvent, options: EntryOptions): Entry {
  const erased: string[] = [];
  const { registry, core, custom } = event.revisions;
  const bundles = { registry: { revision: registry }, core: { revision: core } };
  return {
    decision_id: event.decision.decision_id,
    timestamp: new Date(event.started).toISOString(),
    labels: options.labels,
    bundles: custom === null ? bundles : { ...bundles, custom: { revision: custom } },
    path: event.path,
    input: event.input === null ? question(event, options, erased) : judged(event.input, event, options, erased),
    result: maskResult(event.decision),
    references: referencesOrAbsent(event.decision),
    erased,
    metrics: { timer_decision_ns: event.duration_ns },
    requested_by: legible(event.caller),
    req_id: orAbsent(event.request_id),
    trace_id: orAbsent(event.trace_id),
  };
}

/** What the reasons stand against; undefined where they stand against nothing. */
export function referencesOrAbsent({ reasons }: Pick<Decision, 'reasons'>): readonly ReferenceId[] | undefined {
  const found = referencesOfAll(reasons.map(({ code }) => code));
  return found.length === 0 ? undefined : found;
}

const orAbsent = (text: string | undefined) => (text === undefined ? undefined : legible(text));

function question(event: DecisionEvent, options: EntryOptions, erased: string[]): RecordedQuestion {
  const { asked, caller, client_ip, request_id } = event;
  const call = asked.method !== undefined && {
    method: legible(asked.method),
    target: orAbsent(asked.target),
    arguments: recordedArguments(event.arguments, options, erased),
  };
  return {
    server: legible(asked.server),
    call: call || undefined,
    context: { caller: legible(caller), client_ip: orAbsent(client_ip), request_id: orAbsent(request_id) },
  };
}

function judged(input: PolicyInput, event: DecisionEvent, options: EntryOptions, erased: string[]): RecordedInput {
  const { call, token, registered, context } = input;
  if (token.claims !== undefined) erased.push('/input/token/claims');
  if (token.authorization_details !== undefined && !options.arguments)
    erased.push('/input/token/authorization_details');
  return {
    now: input.now,
    time: input.time,
    call: {
      method: legible(call.method),
      tool: orAbsent(call.tool),
      prompt: orAbsent(call.prompt),
      uri: orAbsent(call.uri),
      task: orAbsent(call.task),
      lists: call.lists && evidence(call.lists),
      uris: call.uris && evidence(call.uris),
      tasks: call.tasks && evidence(call.tasks),
      arguments: recordedArguments(event.arguments ?? call.arguments, options, erased),
    },
    token: {
      type: legible(token.type),
      algorithm: orAbsent(token.algorithm),
      key_id: orAbsent(token.key_id),
      audiences: evidence(token.audiences),
      scopes: evidence(token.scopes),
      subject: orAbsent(token.subject),
      client_id: orAbsent(token.client_id),
      issued_at: token.issued_at,
      expires_at: token.expires_at,
      not_before: token.not_before,
      confirmation: token.confirmation && maskConfirmation(token.confirmation, erased),
      actor: orAbsent(token.actor),
      actors: token.actors && evidence(token.actors),
      authentication_context: orAbsent(token.authentication_context),
      authenticated_at: token.authenticated_at,
      authorization_details: token.authorization_details && maskDetails(token.authorization_details, options.arguments),
    },
    proof: input.proof && maskProof(input.proof),
    registered: {
      server: registered.server,
      issuer: registered.issuer,
      operation: registered.operation && recordedOperation(registered.operation),
      unlisted: registered.unlisted && {
        uris: evidence(registered.unlisted.uris),
        tasks: evidence(registered.unlisted.tasks),
      },
      waivers: registered.waivers,
      elsewhere: evidence(registered.elsewhere),
    },
    context: {
      caller: legible(context.caller),
      client_ip: orAbsent(context.client_ip),
      request_id: orAbsent(context.request_id),
      extra: context.extra && masked(context.extra, '/input/context/extra', options, erased),
    },
  };
}

/** METHOD TARGET is as the client wrote it, where the registry opens what it does not list by name. */
function recordedOperation(operation: NonNullable<Registered['operation']>): NonNullable<Registered['operation']> {
  return { ...operation, name: legible(operation.name) };
}

function recordedArguments(values: JsonObject | undefined, options: EntryOptions, erased: string[]) {
  return values && masked(values, '/input/call/arguments', options, erased);
}

/** A free object that a client or gateway wrote: its digest, or itself made fit for a log. */
function masked(values: JsonObject, pointer: string, options: EntryOptions, erased: string[]): Digest | JsonObject {
  if (options.arguments) return maskJson(values);
  erased.push(pointer);
  return digestOf(values);
}
