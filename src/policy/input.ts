/** Facts and records → the document that policy judges (contract 6). Members that do not apply are absent. */
import type { CallFacts, ProofFacts, TokenFacts } from '../decision/facts.ts';
import type { PolicyInput } from '../decision/input.ts';
import { LISTEN } from '../registry/method.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';

export interface InputParts {
  readonly call: CallFacts;
  readonly token: TokenFacts;
  /** Absent: nothing was shown. */
  readonly proof?: ProofFacts | PolicyInput['proof'];
  readonly server: ServerRecord;
  readonly issuer: IssuerRecord;
  readonly registry: Registry;
  /** Seconds since the epoch, an integer. */
  readonly now: number;
  readonly context: {
    readonly caller: string;
    readonly client_ip?: string;
    readonly request_id?: string;
    readonly extra?: NonNullable<PolicyInput['context']['extra']>;
  };
}

/** Without arguments and claims: what only custom rules see is handed to `judge` beside this. */
export function buildInput({ call, token, proof, server, issuer, registry, now, context }: InputParts): PolicyInput {
  const operation = server.operation(call);
  const registered: PolicyInput['registered'] = {
    server: server.inputFor(issuer.key),
    issuer: issuer.input,
    waivers: [...server.waiversFor(issuer.key, token.client_id)],
    elsewhere: token.audiences.filter((value) => registry.isElsewhere(value, server)),
  };
  const hubs = server.hubsFor(issuer.key);
  if (hubs.length > 0) registered.hubs = [...hubs];
  if (operation !== undefined) registered.operation = operation;
  else if (call.method === LISTEN) registered.unlisted = unlistedOf(server, call);
  const input: PolicyInput = {
    now,
    time: timeOf(now),
    call: callOf(call),
    token: tokenOf(token),
    registered,
    context: contextOf(context),
  };
  if (proof?.dpop !== undefined || proof?.mtls !== undefined) input.proof = { ...proof };
  return input;
}

/** The same facts, for another call at the same server. */
export function withCall(input: PolicyInput, call: CallFacts, server: ServerRecord): PolicyInput {
  const { operation: _, unlisted: __, ...registered } = input.registered;
  const operation = server.operation(call);
  const found =
    operation === undefined ? call.method === LISTEN && { unlisted: unlistedOf(server, call) } : { operation };
  return { ...input, call: callOf(call), registered: { ...registered, ...found } };
}

// Members are assigned one by one, where spreads of what may be absent would read better: each spread makes a new shape of
// object, and both building and serialising such objects cost two to three times as much (measured).

function callOf({ method, tool, prompt, uri, task, lists, uris, tasks }: CallFacts): PolicyInput['call'] {
  const call: PolicyInput['call'] = { method };
  if (tool !== undefined) call.tool = tool;
  if (prompt !== undefined) call.prompt = prompt;
  if (uri !== undefined) call.uri = uri;
  if (task !== undefined) call.task = task;
  if (lists !== undefined) call.lists = [...lists];
  if (uris !== undefined) call.uris = [...uris];
  if (tasks !== undefined) call.tasks = [...tasks];
  return call;
}

function unlistedOf(server: ServerRecord, call: CallFacts): NonNullable<PolicyInput['registered']['unlisted']> {
  const { uris, tasks } = server.unlisted(call);
  return { uris: [...uris], tasks: [...tasks] };
}

function tokenOf(facts: TokenFacts): PolicyInput['token'] {
  const { type, audiences, scopes } = facts;
  const token: PolicyInput['token'] = { type, audiences: [...audiences], scopes: [...scopes] };
  if (facts.algorithm !== undefined) token.algorithm = facts.algorithm;
  if (facts.key_id !== undefined) token.key_id = facts.key_id;
  if (facts.subject !== undefined) token.subject = facts.subject;
  if (facts.client_id !== undefined) token.client_id = facts.client_id;
  if (facts.issued_at !== undefined) token.issued_at = facts.issued_at;
  if (facts.expires_at !== undefined) token.expires_at = facts.expires_at;
  if (facts.not_before !== undefined) token.not_before = facts.not_before;
  if (facts.confirmation !== undefined) token.confirmation = facts.confirmation;
  if (facts.actor !== undefined) token.actor = facts.actor;
  if (facts.actors !== undefined) token.actors = [...facts.actors];
  if (facts.authentication_context !== undefined) token.authentication_context = facts.authentication_context;
  if (facts.authenticated_at !== undefined) token.authenticated_at = facts.authenticated_at;
  if (facts.authorization_details !== undefined) token.authorization_details = [...facts.authorization_details];
  return token;
}

function contextOf({ caller, client_ip, request_id, extra }: InputParts['context']): PolicyInput['context'] {
  const context: PolicyInput['context'] = { caller };
  if (client_ip !== undefined) context.client_ip = client_ip;
  if (request_id !== undefined) context.request_id = request_id;
  if (extra !== undefined) context.extra = extra;
  return context;
}

function timeOf(now: number): PolicyInput['time'] {
  const date = new Date(now * 1000);
  return {
    // ISO 8601: the week begins on Monday, and Sunday is 7.
    weekday: date.getUTCDay() || 7,
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    date: date.toISOString().slice(0, 10),
  };
}
