/** Facts and records → the document that policy judges (contract 6). Members that do not apply are absent. */
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { PolicyInput } from '../decision/input.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';

export interface InputParts {
  readonly call: CallFacts;
  readonly token: TokenFacts;
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
export function buildInput({ call, token, server, issuer, registry, now, context }: InputParts): PolicyInput {
  const operation = server.operation(call);
  return {
    now,
    time: timeOf(now),
    call: {
      method: call.method,
      ...(call.tool !== undefined && { tool: call.tool }),
      ...(call.prompt !== undefined && { prompt: call.prompt }),
      ...(call.uri !== undefined && { uri: call.uri }),
      ...(call.task !== undefined && { task: call.task }),
    },
    token: {
      type: token.type,
      algorithm: token.algorithm,
      key_id: token.key_id,
      audiences: [...token.audiences],
      scopes: [...token.scopes],
      ...(token.subject !== undefined && { subject: token.subject }),
      ...(token.client_id !== undefined && { client_id: token.client_id }),
      ...(token.issued_at !== undefined && { issued_at: token.issued_at }),
      ...(token.expires_at !== undefined && { expires_at: token.expires_at }),
      ...(token.not_before !== undefined && { not_before: token.not_before }),
      ...(token.confirmation !== undefined && { confirmation: token.confirmation }),
      ...(token.actor !== undefined && { actor: token.actor }),
    },
    registered: {
      server: server.inputFor(issuer.key),
      issuer: issuer.input,
      ...(operation !== undefined && { operation }),
      waivers: [...server.waiversFor(issuer.key, token.client_id)],
      elsewhere: token.audiences.filter((value) => isElsewhere(value, server, registry)),
    },
    context: {
      caller: context.caller,
      ...(context.client_ip !== undefined && { client_ip: context.client_ip }),
      ...(context.request_id !== undefined && { request_id: context.request_id }),
      ...(context.extra !== undefined && { extra: context.extra }),
    },
  };
}

function isElsewhere(audience: string, server: ServerRecord, registry: Registry): boolean {
  return registry.ownersOf(audience).some((owner) => owner.kind === 'issuer' || owner.key !== server.key);
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
