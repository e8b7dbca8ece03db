/** A call with something about it changed, decided again. Nothing is signed, recorded or answered: facts and rules alone. */

import type { Side } from '../decision/explanation.ts';
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { Evidence } from '../decision/reason.ts';
import type { ReasonCode } from '../decision/reasons.ts';
import type { JsonObject } from '../json/value.ts';
import { buildInput, type InputParts } from '../policy/input.ts';
import type { CustomFacts, Policy } from '../policy/policy.ts';
import type { IssuerRecord, Registry, ServerRecord } from '../registry/registry.ts';
import type { Caller } from './ask.ts';

export interface Trial {
  readonly call: CallFacts;
  readonly token: TokenFacts;
  /** Absent: nothing was shown with the call. */
  readonly proof?: InputParts['proof'];
  readonly issuer: IssuerRecord;
  readonly server: ServerRecord;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** What stays as it is in every trial. */
export interface Setting {
  readonly registry: Registry;
  readonly policy: Policy;
  readonly caller: Caller;
  readonly context: InputParts['context'];
  /** Null: custom rules are not asked. */
  readonly custom: CustomFacts | null;
}

export interface Denial {
  readonly code: ReasonCode;
  readonly expected?: Evidence;
  readonly actual?: Evidence;
  readonly rule?: string;
}

/** What one side could change about one denial. */
export interface Proposal {
  readonly side: Side;
  readonly change: string;
  readonly why: string;
  readonly where?: string;
  /** @returns null where it cannot be done to this trial */
  readonly apply: (trial: Trial) => Trial | null;
}

/** A proposal, or why there is none that is safe; null: this side has nothing to do with it. */
export type Proposed = Proposal | { readonly unsafe: string } | null;
export type Propose = (denial: Denial, trial: Trial, setting: Setting) => Proposed;

/** @returns why it would be denied; nothing for an allow; null when nobody can tell */
export function tryOut(trial: Trial, setting: Setting): readonly Denial[] | null {
  const { call, token, proof, issuer, server, now } = trial;
  const { registry, policy, context } = setting;
  const input = buildInput({ call, token, proof, server, issuer, registry, now, context });
  const judgement = policy.judge(input, customOf(trial, setting));
  if (judgement.kind === 'unavailable') return null;
  if (judgement.kind === 'allow') return [];
  return [
    ...judgement.denials,
    ...judgement.custom.map(({ rule, code, expected, actual }) => ({
      code: `custom:${rule}/${code}` as const,
      rule,
      ...(expected && { expected }),
      ...(actual && { actual }),
    })),
  ];
}

function customOf({ call, token, server }: Trial, { custom }: Setting): CustomFacts | null {
  if (custom === null) return null;
  const labels = server.eachLabels(call);
  return {
    claims: token.claims,
    ...(call.arguments && { arguments: call.arguments }),
    ...(labels && { labels }),
  };
}

/** Claims by their own names and as facts, so that core and custom rules see the same token. */
interface Bent {
  readonly audiences?: readonly string[];
  readonly scopes?: readonly string[];
  readonly times?: { readonly issued_at: number; readonly expires_at: number };
  readonly unbound?: true;
  /** In place of the former, with `unbound`. */
  readonly confirmation?: JsonObject;
  readonly unacted?: true;
  readonly issuer?: string;
  /** Members that are absent stay as they are. */
  readonly authenticated?: { readonly acr?: string; readonly auth_time?: number };
  readonly details?: readonly JsonObject[];
}

export function bend(token: TokenFacts, bent: Bent): TokenFacts {
  const { audiences, scopes, times, unbound, unacted, issuer, authenticated = {}, details } = bent;
  const bound = bent.confirmation ?? (unbound ? undefined : token.confirmation);
  const { confirmation: _, actor, actors, not_before, claims, ...rest } = token;
  const { acr, auth_time } = authenticated;
  const { cnf: __, act, nbf, ...others } = claims;
  const written: JsonObject = {
    ...others,
    ...(bound !== undefined && { cnf: bound }),
    ...(!unacted && act !== undefined && { act }),
    ...(!times && nbf !== undefined && { nbf }),
    ...(audiences && { aud: audiences.length === 1 ? (audiences[0] ?? '') : [...audiences] }),
    ...(scopes && { scope: scopes.join(' ') }),
    ...(times && { iat: times.issued_at, exp: times.expires_at }),
    ...(issuer !== undefined && { iss: issuer }),
    ...authenticated,
    ...(details && { authorization_details: details }),
  };
  return {
    ...rest,
    ...(bound !== undefined && { confirmation: bound }),
    ...(!unacted && actor !== undefined && { actor }),
    ...(!unacted && actors !== undefined && { actors }),
    ...(!times && not_before !== undefined && { not_before }),
    ...(audiences && { audiences }),
    ...(scopes && { scopes }),
    ...times,
    ...(issuer !== undefined && { issuer }),
    ...(acr !== undefined && { authentication_context: acr }),
    ...(auth_time !== undefined && { authenticated_at: auth_time }),
    ...(details && { authorization_details: details }),
    claims: written,
  };
}

/** Seconds that a usual short token lives. */
const LIFETIME = 300;

/** Issued now, and as short as the server wants it. */
export function freshTimes({ now, server }: Pick<Trial, 'now' | 'server'>): {
  readonly issued_at: number;
  readonly expires_at: number;
} {
  return { issued_at: now, expires_at: now + Math.min(LIFETIME, server.max_lifetime_seconds) };
}
