import type { Challenge } from './challenge.ts';
import type { Reason } from './reason.ts';
import type { ReasonCode } from './reasons.ts';

/** Whom the token speaks for. Members are null where the token lacks them. */
export interface Principal {
  /** The token's exact `iss`. */
  readonly issuer: string;
  readonly subject: string | null;
  readonly client_id: string | null;
  readonly scopes: readonly string[];
  /** `act.sub` of the outermost actor. */
  readonly actor: string | null;
}

export interface WaiverUse {
  readonly what: 'audience' | 'lifetime' | 'observe';
  readonly owner: string;
  /** RFC 3339 */
  readonly until: string;
}

/** The call that a hub makes at a server behind it: a decision of its own, about a token that was got for that server. */
export interface NextHop {
  /** The registered resource of the server. */
  readonly server: string;
  /** By the server's own name; one of the two is there. */
  readonly tool?: string;
  readonly prompt?: string;
}

export interface Advice {
  readonly waivers?: readonly WaiverUse[];
  /** Codes that would have denied: observed by a waiver, or of a rule that only reports. In the order of precedence. */
  readonly would_deny?: readonly ReasonCode[];
  /** Present where nobody looked at the call: token and server are all that was decided (contract 7). */
  readonly call_from?: 'none';
  /** Of a hub's tool or prompt that a server behind it has, to callers that may ask about that server. */
  readonly hop?: NextHop;
}

/** Members that every answer has. `server` is the registry key, null when unknown. */
interface Answer {
  readonly decision_id: string;
  readonly server: string | null;
  readonly reasons: readonly Reason[];
  /** Hash of registry and policy modules, without keys. */
  readonly revision: string;
}

export interface Allow extends Answer {
  readonly decision: 'allow';
  readonly principal: Principal;
  /** RFC 3339: the earliest end of token and waiver. Close streams then; never cache an allow. */
  readonly valid_until: string;
  readonly advice: Advice;
  /** That the client must get with the server's answer; absent: none. Lower-case names. */
  readonly response_headers?: Readonly<Record<string, readonly string[]>>;
}

export interface Deny extends Answer {
  readonly decision: 'deny';
  readonly challenge: Challenge;
}

/** A dependency failed: nobody knows, so everyone must refuse. */
export interface Indeterminate extends Answer {
  readonly decision: 'indeterminate';
}

export type Decision = Allow | Deny | Indeterminate;
