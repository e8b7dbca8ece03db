/**
 * What an issuer of a known make puts where (contract 1). A profile only says where facts stand and what more tells an ID
 * token. It never changes which audience, lifetime or signature is accepted.
 */
import type { JsonObject } from '../../json/value.ts';
import type { Algorithm } from '../registry.ts';

export const PROFILE_NAMES = [
  'rfc9068',
  'entra',
  'okta',
  'auth0',
  'keycloak',
  'cognito',
  'google',
  'workos',
] as const satisfies readonly string[];
export type ProfileName = (typeof PROFILE_NAMES)[number];

/**
 * In `token_types`: a token whose header has no `typ` at all. No media type, so a `typ` of this spelling is none of them; and
 * only for makers that write no `typ`, whose claims alone tell an access token (contract 5).
 */
export const UNTYPED = 'untyped';

/** The type of a token that its issuer was asked about (RFC 7662): what its header says, if it has one, does not count. */
export const INTROSPECTED = 'introspection';

export interface Profile {
  readonly name: ProfileName;
  /** As its maker calls it. */
  readonly title: string;
  /** The claim of the subject. */
  readonly subject: string;
  /** The claims that may name the client. One must be there, and all that are there must agree. */
  readonly client: readonly [string, ...string[]];
  /** Where scopes may stand. The first place that is there counts, alone. */
  readonly scopes: readonly [ScopePlace, ...ScopePlace[]];
  /** What each access token of this issuer has, and its ID tokens have not. */
  readonly marks: readonly Mark[];
  /** Values of `typ` that it writes, as media types in lower case; `untyped`: it writes none. */
  readonly writes_types: readonly string[];
  /** Default of `token_types`. */
  readonly token_types: readonly [string, ...string[]];
  /** What it can sign with; undefined: anything that audgate knows. */
  readonly algorithms?: readonly Algorithm[];
  /** What its `iss` looks like, where that is always the same. */
  readonly issuer_form?: { readonly pattern: RegExp; readonly example: string };
  /** The claim that is its `jti`; null: none. */
  readonly token_id: string | null;
  /** Claims that its access tokens hold always, for tokens of cases and for the reader. */
  readonly constants: JsonObject;
  readonly remedies: Readonly<Record<Topic, Remedy>>;
  /** What it puts beside the server's own audience unless it is told not to. Never accepted unless the registry lists it. */
  readonly adds?: Addition;
  /** What it cannot do, or does otherwise than one would think. Each a sentence or two. */
  readonly limits: readonly string[];
  /** Its maker's own pages that say so. */
  readonly sources: readonly string[];
}

/** What of a token may have to be put right at the issuer. */
export type Topic = 'audience' | 'lifetime' | 'type';

export interface Remedy {
  /** One or two sentences, which follow a reason's message. `{resource}` stands for the server's resource. */
  readonly sentence: string;
  readonly steps: readonly Step[];
}

/** An audience of the issuer's own, and how to be rid of it. */
export interface Addition extends Remedy {
  /** As it stands in `aud`; `{issuer}` stands for the iss without a final slash. */
  readonly value: string;
  /** What whoever holds such a token could do at the issuer: ends a sentence that begins with "can". */
  readonly risk: string;
}

/** One setting of the issuer. */
export interface Step {
  readonly where: string;
  readonly set: string;
}

export interface ScopePlace {
  readonly claim: string;
  /** `text`: one string, separated by spaces. `list`: an array of strings. */
  readonly form: 'text' | 'list';
  /** Counts only in tokens where this claim has this value. */
  readonly when?: { readonly claim: string; readonly value: string };
}

export interface Mark {
  /** At least one of these claims is there. */
  readonly claims: readonly [string, ...string[]];
  /** And each of them that is there has one of these values. */
  readonly values?: readonly string[];
}
