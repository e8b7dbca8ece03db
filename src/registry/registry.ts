/**
 * The registry in force: reviewed records of issuers and servers, immutable once loaded. Everything that a decision
 * looks up is indexed here, so that a decision costs the same with ten servers and with ten thousand.
 */

import type { CallFacts } from '../decision/facts.ts';
import type { HubInput, IssuerInput, OperationInput, ServerInput, WaiverInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import type { Backend, Hop } from './hub.ts';
import type { Profile } from './profile/profile.ts';
import type { Unlisted } from './subscription.ts';

/** Where a record stands in its file; 1-based. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

export type Algorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'EdDSA'
  | 'Ed25519';

export type KeySource =
  | { readonly kind: 'jwks_uri'; readonly url: string; readonly allow_private_network: boolean }
  | { readonly kind: 'jwks'; readonly keys: readonly JsonObject[] }
  /** The issuer's own metadata names its key set. `issuer` is its `iss`, which the metadata must repeat. */
  | { readonly kind: 'discovery'; readonly issuer: string; readonly allow_private_network: boolean }
  /** No keys of tokens: the issuer is asked about each. */
  | ({ readonly kind: 'introspection' } & Introspection);

export interface Introspection {
  readonly endpoint: string;
  /** Where the keys are with which it signs its answers (RFC 9701); null: they are not signed. */
  readonly signed: { readonly jwks_uri: string } | null;
  readonly allow_private_network: boolean;
}

export interface IssuerRecord {
  readonly key: string;
  /** Exact `iss`. */
  readonly issuer: string;
  readonly key_source: KeySource;
  readonly algorithms: readonly Algorithm[];
  /** Where its tokens put each fact. */
  readonly profile: Profile;
  /** Media types without `application/`, lower case; of an issuer that is asked about its tokens, `introspection` alone. */
  readonly token_types: readonly string[];
  readonly extra_audiences: readonly string[];
  readonly clock_tolerance_seconds: number;
  readonly disabled: boolean;
  readonly source: Source;
  /** What policy sees of it; made once, at load. */
  readonly input: IssuerInput;
}

export interface ServerRecord {
  readonly key: string;
  readonly resource: string;
  /** `audiences` as written: strings first, then those of one issuer. */
  readonly audiences: readonly (string | { readonly value: string; readonly issuer: string })[];
  readonly issuers: readonly string[];
  readonly max_lifetime_seconds: number;
  readonly advertised_scopes: readonly string[];
  /** All scopes that mean anything here: of operations, advertised, base, implying and implied. In no order. */
  readonly known_scopes: ReadonlySet<string>;
  readonly sender_constraint: ServerInput['sender_constraint'];
  readonly actors: 'none' | 'any' | readonly string[];
  /** Types of authorization details that it knows (RFC 9396); a token with any other is refused. */
  readonly authorization_details_types: readonly string[];
  /** Which part of a client's request its call is read from, where a gateway hands on the request (contract 7). */
  readonly call_from: 'body' | 'headers' | 'none';
  readonly labels: JsonObject;
  readonly waivers: readonly WaiverInput[];
  /** The servers behind this one, where it is a hub; none behind any other. */
  readonly backends: readonly Backend[];
  readonly resource_metadata: string;
  readonly source: Source;
  /** The record with defaults, as `/v1/servers/{key}` and `registry show` print it. */
  readonly effective: JsonObject;

  /** What policy sees of it for tokens of one issuer; made once an issuer, at load. Issuers it does not list too. */
  inputFor(issuerKey: string): ServerInput;
  /** The registered operation that a call is, or undefined: then it is not open (deny by default). */
  operation(call: CallFacts): OperationInput | undefined;
  /** The call that a hub makes at one of its backends for this one; undefined for what it answers itself. */
  hop(call: CallFacts): Hop | undefined;
  /** The hubs in front of this server, and what each accepts in tokens of this issuer (registry key). */
  hubsFor(issuerKey: string): readonly HubInput[];
  /** Which targets of a `subscriptions/listen` are not open. */
  unlisted(call: CallFacts): Unlisted;
  /** Labels of each operation that a call is at once (a subscription, `*`), all different; undefined where it is one. */
  eachLabels(call: CallFacts): readonly JsonObject[] | undefined;
  /** Waivers for this issuer (registry key) and client, ended ones too. */
  waiversFor(issuerKey: string, clientId: string | undefined): readonly WaiverInput[];
}

/** Who may turn a token for one server into a token for another, and how far (RFC 8693). */
export interface ExchangeRecord {
  /** Registry keys. */
  readonly from: string;
  readonly to: string;
  /** `client_id` of who exchanges. */
  readonly client: string;
  /** All that the token for `to` may have. */
  readonly scopes: readonly string[];
  /** Registry key of the issuer that exchanges; one of those that `to` lists. */
  readonly issuer: string;
  readonly source: Source;
}

/** Why an audience value stands for more than one server. */
export type Generic = 'issuer' | 'extra' | 'waived' | 'parent';

/** Whom an audience value or URL belongs to. */
export type Owner =
  | { readonly kind: 'server'; readonly key: string }
  | { readonly kind: 'issuer'; readonly key: string };

export interface Registry {
  /** `sha256:…` over what is in force, whatever its file layout, order of keys or comments. */
  readonly digest: string;
  /** By key, sorted. */
  readonly issuers: ReadonlyMap<string, IssuerRecord>;
  readonly servers: ReadonlyMap<string, ServerRecord>;
  /** Ordered by from, to, client and issuer. */
  readonly exchanges: readonly ExchangeRecord[];
  /** Those of one client, in whichever issuer's tokens; keys of servers. */
  exchangesOf(from: string, to: string, client: string): readonly ExchangeRecord[];
  /**
   * Why a value that is no server's stands for a platform: an `iss`, an issuer's extra audience, a waived one, or a URL above two
   * or more registered resources, in whichever spelling. Undefined: it does not. Never a reason to accept a value.
   */
  genericOf(audience: string): Generic | undefined;
  readonly issuerByIss: ReadonlyMap<string, IssuerRecord>;
  readonly serverByResource: ReadonlyMap<string, ServerRecord>;
  /** Exact owner of an audience value: every server that accepts it (in whichever issuer's tokens), every `iss`. */
  ownersOf(audience: string): readonly Owner[];
  /**
   * Whether an audience value opens another server, or is an issuer's: exactly, or, unless this server accepts it, in another
   * spelling that someone there may normalise. Never a reason to accept a value.
   */
  isElsewhere(audience: string, server: Pick<ServerRecord, 'key'>): boolean;
  /**
   * Server whose resource is this but for case, default port, trailing slash and the like, or lies above or below it: for
   * messages only. Nobody for a text longer than 2,048 characters.
   */
  nearestServer(resource: string): ServerRecord | undefined;
  /**
   * Where a member of a record stands: `whereIs('servers', 'files', 'tools', 'read_file')`. Of one that is not written, the
   * nearest mapping around it. Reads the record's text again: for explanations, not for decisions.
   */
  whereIs(records: 'issuers' | 'servers', key: string, ...path: readonly (string | number)[]): Source;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** JSON pointer to the place, in the file. */
  readonly path: string;
  /** What stood there; null for key material. */
  readonly value: unknown;
  readonly message: string;
  /** What to write instead. */
  readonly remedy: string;
}

export type LoadedRegistry =
  | { readonly ok: true; readonly registry: Registry; readonly warnings: readonly Problem[] }
  /** `missing`: the path itself cannot be read, which is wrong usage rather than a mistake in a file. */
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly missing: boolean };
