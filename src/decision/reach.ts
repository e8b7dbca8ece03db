/** How far a token reaches: the answer of `/v1/reach` and `audgate reach`. It lets nothing through: calls are decided when they come. */
import type { JsonObject } from '../json/value.ts';
import type { WaiverUse } from './decision.ts';
import type { Reason } from './reason.ts';
import type { ReasonCode } from './reasons.ts';

/** Whose reach is asked about: a token, or the claims that one might have. */
export type ReachAsk = ({ readonly token: string } | { readonly claims: JsonObject }) & {
  /** W3C Trace Context trace-id of the request, for the record. */
  readonly trace_id?: string;
};

/** What the bearer of the token must show besides: a DPoP proof, the client certificate, a user who was authenticated anew. */
export const NEEDS = ['dpop', 'certificate', 'step_up'] as const;
export type Need = (typeof NEEDS)[number];

/** One operation of a server that the token opens, or would open with what it needs. */
export interface ReachedOperation {
  /** `unlisted`: tools that the registry does not list. `named`: one that a waiver names and the registry does not list by itself. */
  readonly kind: 'tool' | 'unlisted' | 'prompt' | 'resource' | 'method' | 'named';
  /** As registered; of `named` as the waiver writes it. */
  readonly name: string;
  /** Empty: it is open to whoever holds the token. */
  readonly needs: readonly Need[];
  /** RFC 3339: the earliest end of token and waivers. */
  readonly valid_until: string;
  /** By which it is open; empty: the token is good here by itself. */
  readonly waivers: readonly WaiverUse[];
  /** Codes that would deny but for a waiver that observes. */
  readonly would_deny: readonly ReasonCode[];
  /** With `step_up`: what the operation asks of the user's authentication (RFC 9470). */
  readonly authentication?: { readonly acr_values?: readonly string[]; readonly max_age_seconds?: number };
}

/** One server that the token opens something at, or would with what the operations need. */
export interface ReachedServer {
  readonly server: string;
  readonly resource: string;
  /** `open`: to whoever holds the token. `conditional`: nothing is, but with what the operations need something would be. */
  readonly state: 'open' | 'conditional';
  /** The last end of its operations. */
  readonly valid_until: string;
  /** All by which any operation is open. */
  readonly waivers: readonly WaiverUse[];
  readonly operations: readonly ReachedOperation[];
}

/** Servers at which the token opens nothing, or of which nobody knows, for the same reasons. */
export interface Unreached {
  readonly codes: readonly ReasonCode[];
  /** How many there are. */
  readonly count: number;
  /** Their keys; cut as evidence is. */
  readonly servers: readonly string[];
  /** Of the first of them. */
  readonly reasons: readonly Reason[];
}

/** Through which a token of one server leads to one of another, each a decision of its own and none of them the same token. */
export type Way =
  | {
      /** Its holder, as this client, may have it exchanged (RFC 8693). */
      readonly kind: 'exchange';
      readonly from: string;
      readonly to: string;
      readonly client_id: string;
      readonly scopes: readonly string[];
      /** Registry key of who issues the token for `to`. */
      readonly issuer: string;
    }
  /** The server calls the other one by itself, with a token of its own, for tools and prompts that begin so. */
  | { readonly kind: 'hub'; readonly from: string; readonly to: string; readonly prefix: string };

/** A way from what the token reaches, and how many tokens lie between; 1: the token itself is the one that is given for it. */
export type ReachedWay = Way & { readonly hops: number };

/** One entry that withdraws tokens, and the command that writes it. */
export interface Revocation {
  readonly by: 'jti' | 'issued_before';
  /** Registry key. */
  readonly issuer: string;
  readonly value: string;
  readonly sub?: string;
  readonly client_id?: string;
  /** RFC 3339: after which nothing that it withdraws could still be accepted. */
  readonly until: string;
  /** What it is for. */
  readonly why: string;
  /** For a POSIX shell; where a value holds what a terminal must not get, for bash and zsh. */
  readonly command: string;
}

export interface Leaked {
  /** RFC 3339: until when it is accepted somewhere if nothing is done; null: it opens nothing any more. */
  readonly dangerous_until: string | null;
  /** In the order in which to run them. */
  readonly revoke: readonly Revocation[];
  /** What no list of revoked tokens can do, or what nobody here can know. */
  readonly beyond: readonly string[];
  /** Keys of the servers whose log is to be looked at, and the command that finds the token's calls in it. */
  readonly look_at: { readonly servers: readonly string[]; readonly command: string };
}

/** Whose the token says it is. Null where it does not say, or could not be read. Cut and escaped. */
export interface ReachingToken {
  /** Registry key. */
  readonly issuer: string | null;
  readonly audiences: readonly (string | number)[];
  readonly scopes: readonly (string | number)[];
  readonly subject: string | null;
  readonly client_id: string | null;
  /** `jti` */
  readonly token_id: string | null;
  /** RFC 3339 */
  readonly issued_at: string | null;
  readonly expires_at: string | null;
  /** What it is bound to; empty: whoever has it can use it. `other`: to what no server here can verify, so that it opens nothing. */
  readonly bound: readonly ('dpop' | 'certificate' | 'other')[];
}

export interface Reach {
  readonly decision_id: string;
  /** RFC 3339: the time that this is about. */
  readonly at: string;
  /** False: claims, of which nobody knows whether an issuer ever signed them, or a token whose keys cannot be had. */
  readonly verified: boolean;
  /** Null: it could not be read, or not be verified. */
  readonly token: ReachingToken | null;
  /** How many servers were asked about: those that the caller may see. */
  readonly asked: number;
  /** Sorted by key. */
  readonly servers: readonly ReachedServer[];
  readonly closed: readonly Unreached[];
  /** A dependency failed, so that nobody knows. Empty: the answer is whole. */
  readonly unknown: readonly Unreached[];
  readonly ways: readonly ReachedWay[];
  /** What to do if somebody else has the token; null where it could not be read. */
  readonly leaked: Leaked | null;
  /** `not_judged`: there are custom rules, and they may still deny any of this, because they judge arguments too. */
  readonly custom: 'none' | 'not_judged';
  readonly revision: string;
}
