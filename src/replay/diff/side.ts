/**
 * What one registry asks of a token, for one server, operation, issuer, client and time: each part of the token by itself. The
 * same questions as the core rules, asked of kinds of tokens rather than of one; a test holds them against the rules.
 */
import type { CallFacts } from '../../decision/facts.ts';
import type { ServerInput, WaiverInput } from '../../decision/input.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';

export interface Place {
  readonly registry: Registry;
  readonly server: ServerRecord;
  readonly issuer: IssuerRecord;
  readonly call: CallFacts;
  readonly name: string;
  /** Null: a client that no waiver names. */
  readonly client: string | null;
  /** Seconds since the epoch. */
  readonly now: number;
}

export interface Side {
  readonly algorithms: readonly string[];
  readonly types: readonly string[];
  readonly keys: readonly string[];
  readonly profile: string;
  readonly accepted: readonly string[];
  readonly extra: readonly string[];
  /** The one value that `aud` may be, by waivers in force. */
  readonly waived: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  readonly tolerance: number;
  /** For each required scope, those of which the token must hold one; null: the operation is not open. */
  readonly clauses: readonly (readonly string[])[] | null;
  readonly unknownCode: string;
  /** What a token must be bound to. What it is bound to is always proved, or it opens nothing on either side. */
  readonly constraint: ServerInput['sender_constraint'];
  /** Values of `acr` of which it must hold one; null: any. */
  readonly contexts: readonly string[] | null;
  /** Seconds since the user was authenticated, at most, with the issuer's tolerance; null: any. */
  readonly authenticated: number | null;
  /** Types of authorization details that it may hold. */
  readonly details: readonly string[];
  readonly actors: 'none' | 'any' | readonly string[];
  /** Codes that waivers in force observe for this call. */
  readonly observed: readonly string[];
  readonly isElsewhere: (audience: string) => boolean;
}

/** @returns null where no token of this issuer opens anything */
export function sideOf({ registry, server, issuer, call, name, client, now }: Place): Side | null {
  if (issuer.disabled || !server.issuers.includes(issuer.key)) return null;
  const reachable = call.method !== '*' || server.call_from === 'none';
  const operation = reachable ? server.operation(call) : undefined;
  const input = server.inputFor(issuer.key);
  const covers = (waiver: WaiverInput) =>
    waiver.issuer === issuer.key &&
    waiver.client_id === client &&
    now < waiver.until_seconds &&
    waiver.operations.includes(operation?.name ?? name);
  const waivers = server.waivers.filter(covers);
  const limits = waivers.flatMap(({ what, max_lifetime_seconds }) =>
    what === 'lifetime' ? (max_lifetime_seconds ?? 0) : [],
  );
  return {
    // Nobody looks at what signed a token of which its issuer is asked.
    algorithms: issuer.key_source.kind === 'introspection' ? ['introspection'] : issuer.algorithms,
    types: issuer.token_types,
    keys: keysOf(issuer),
    profile: issuer.profile.name,
    accepted: input.audiences,
    extra: issuer.extra_audiences,
    waived: waivers.flatMap(({ what, audience }) => (what === 'audience' ? (audience ?? []) : [])),
    lifetime: Math.max(server.max_lifetime_seconds, ...limits),
    tolerance: issuer.clock_tolerance_seconds,
    clauses:
      operation === undefined ? null : operation.scopes.map((scope) => [scope, ...(operation.implied_by[scope] ?? [])]),
    unknownCode: unknownCode(call),
    constraint: server.sender_constraint,
    contexts: operation?.authentication?.acr_values ?? null,
    authenticated:
      operation?.authentication?.max_age_seconds === undefined
        ? null
        : operation.authentication.max_age_seconds + issuer.clock_tolerance_seconds,
    details: server.authorization_details_types,
    actors: server.actors,
    observed: reachable ? waivers.flatMap(({ what, codes }) => (what === 'observe' ? (codes ?? []) : [])) : [],
    isElsewhere: (audience) => registry.isElsewhere(audience, server),
  };
}

/** What the token's signature may verify with, or who says that it is active: an address, or each key. */
function keysOf({ key_source: from }: IssuerRecord): readonly string[] {
  if (from.kind === 'jwks') return from.keys.map((key) => JSON.stringify(key));
  if (from.kind === 'jwks_uri') return [from.url];
  return from.kind === 'discovery' ? [`discovery ${from.issuer}`] : [`introspection ${from.endpoint}`];
}

function unknownCode({ method, tool, prompt, uri, task }: CallFacts): string {
  if (tool !== undefined) return 'tool_unknown';
  if (prompt !== undefined) return 'prompt_unknown';
  if (uri !== undefined) return 'resource_unknown';
  return task === undefined || method === '*' ? 'method_unknown' : 'task_unknown';
}

/** A part of a token, and what a side says of it: `ok`, or the code that it is denied by. `!` behind: good elsewhere. */
export type Status = string;

export function audienceStatus({ accepted, extra, waived, isElsewhere }: Side, audiences: readonly string[]): Status {
  const some = audiences.some((value) => accepted.includes(value));
  const all = audiences.every((value) => accepted.includes(value) || extra.includes(value));
  const [only] = audiences;
  const byWaiver = audiences.length === 1 && only !== undefined && waived.includes(only);
  const code = (some && all) || byWaiver ? 'ok' : some ? 'audience_not_exclusive' : 'audience_mismatch';
  return audiences.some(isElsewhere) ? `${code}!` : code;
}

export function scopeStatus({ clauses }: Side, scopes: readonly string[]): Status {
  if (clauses === null) return 'unknown';
  return clauses.every((clause) => clause.some((scope) => scopes.includes(scope))) ? 'ok' : 'scope_insufficient';
}

export function actorStatus({ actors }: Side, actor: string | null): Status {
  return actor === null || actors === 'any' || (actors !== 'none' && actors.includes(actor))
    ? 'ok'
    : 'actor_not_allowed';
}

/** @param binding what the token is bound to, and the call proved; null: nothing */
export function bindingStatus({ constraint }: Side, binding: 'dpop' | 'mtls' | null): Status {
  return constraint === 'none' || constraint === binding || (constraint === 'any' && binding !== null)
    ? 'ok'
    : 'token_not_bound';
}

export function contextStatus({ contexts }: Side, acr: string | null): Status {
  return contexts === null || (acr !== null && contexts.includes(acr)) ? 'ok' : 'authentication_insufficient';
}

/** @param age seconds; null: the token does not say */
export function authenticatedStatus({ authenticated }: Side, age: number | null): Status {
  return authenticated === null || (age !== null && age <= authenticated) ? 'ok' : 'authentication_insufficient';
}

/** @param type of the token's authorization details; null: it has none */
export function detailsStatus({ details }: Side, type: string | null): Status {
  return type === null || details.includes(type) ? 'ok' : 'authorization_details_unknown';
}

export interface Statuses {
  /** Of what no waiver observes: `ok`, or anything else. */
  readonly firm: readonly Status[];
  readonly audience: Status;
  readonly lifetime: Status;
  readonly scope: Status;
}

/** Whether a token is allowed: all is well, or waivers observe all that is not. */
export function allows({ clauses, unknownCode: unknown, observed }: Side, statuses: Statuses): boolean {
  const { firm, audience, lifetime, scope } = statuses;
  if (firm.some((status) => status !== 'ok')) return false;
  const plain = audience.replace('!', '');
  if (plain === 'ok' && lifetime === 'ok' && scope === 'ok') return true;
  const tolerable = (status: Status) => status === 'ok' || observed.includes(status);
  return (
    !audience.endsWith('!') &&
    tolerable(plain) &&
    tolerable(lifetime) &&
    (clauses === null ? observed.includes(unknown) : tolerable(scope))
  );
}
