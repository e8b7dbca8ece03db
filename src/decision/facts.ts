/**
 * What TypeScript established about one call. Facts hold no judgement: whether they are acceptable is policy.
 */
import type { Json, JsonObject } from '../json/value.ts';
import type { FixedCode } from './reasons.ts';

/** Where the call comes from: exactly one of the three, or none (`call_missing`). */
export type CallSource =
  /** The gateway's own record of the call; unlike a fact it may name several targets, and nothing in it is checked. */
  | ({ readonly kind: 'call' } & CallFacts)
  | { readonly kind: 'message'; readonly message: Json }
  /** The message's exact bytes, or their text. */
  | { readonly kind: 'body'; readonly body: string | Uint8Array }
  /** No call: asked is what the token opens (`/v1/allowed`). */
  | { readonly kind: 'any' }
  /** The client's HTTP request, as a gateway hands it on; the server's `call_from` says which part of it is the call. */
  | { readonly kind: 'request'; readonly method: string; readonly body: RequestBody };

/** What a gateway handed on of its client's body. Whatever is not whole is never judged. */
export type RequestBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'absent' }
  /** `why` completes "the body …": audgate's own words. */
  | { readonly kind: 'partial'; readonly why: string };

/**
 * The MCP call, from JSON-RPC bytes, a message, a request or the caller's own record. At most one of tool, prompt, uri and
 * task is present; `lists`, `uris` and `tasks` belong to `subscriptions/listen` alone, which touches many.
 */
export interface CallFacts {
  /** Of MCP, or a pseudo-method: http/get, http/delete, rpc/response, and `*` where the server's `call_from` is none. */
  readonly method: string;
  readonly tool?: string;
  readonly prompt?: string;
  readonly uri?: string;
  /** A task's id, as tasks/get, tasks/result, tasks/update and tasks/cancel name it. */
  readonly task?: string;
  /** Lists whose changes are subscribed to, each by the method that reads it: `tools/list`. */
  readonly lists?: readonly string[];
  readonly uris?: readonly string[];
  readonly tasks?: readonly string[];
  /** Of `tools/call` and `prompts/get`. Absent: the caller did not say (a message without them means `{}`). */
  readonly arguments?: JsonObject;
}

/**
 * The claims of an access token whose text, header and claim forms are right. Whether the signature was verified is
 * said beside it, never here. Not yet checked: issuer at this server, audience, lifetime, scope, binding, actor.
 */
export interface TokenFacts {
  /** Media type without `application/`, lower case: `at+jwt`; `introspection` of a token that its issuer was asked about. */
  readonly type: string;
  /** Absent where the issuer was asked (RFC 7662), as `key_id`. */
  readonly algorithm?: string;
  readonly key_id?: string;
  /** The exact `iss`. */
  readonly issuer: string;
  /** `aud` as a list: empty when absent, null, `""` or `[]`. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly subject?: string;
  readonly client_id?: string;
  /** `jti` */
  readonly token_id?: string;
  /** Seconds since the epoch, as all times here. */
  readonly issued_at?: number;
  readonly expires_at?: number;
  readonly not_before?: number;
  /** `cnf` (RFC 7800), as the token holds it. */
  readonly confirmation?: JsonObject;
  /** `act.sub` (RFC 8693 §4.1), outermost. A token with `act` always has it. */
  readonly actor?: string;
  /** `sub` of all actors, the outermost first, where there is more than one: history, which decides nothing (RFC 8693 §4.1). */
  readonly actors?: readonly string[];
  /** `acr` (RFC 9068 §2.2.1, RFC 9470). */
  readonly authentication_context?: string;
  /** `auth_time`: when the user was last authenticated. */
  readonly authenticated_at?: number;
  /** RFC 9396 §9.1, each with its `type`. */
  readonly authorization_details?: readonly JsonObject[];
  /** All claims, for custom rules. */
  readonly claims: JsonObject;
}

/** What the asker hands on of the client's proof of possession. All of it is the client's word until `facts/proof` read it. */
export interface ProofSource {
  /** Values of the client's DPoP headers, in their order (RFC 9449 §4.1). */
  readonly dpop?: readonly string[];
  /** The certificate of the client's TLS connection, as the gateway that ended it says; only from callers that may forward it. */
  readonly certificate?: ForwardedCertificate;
}

/** One header value each, as it was sent, but for `pem`, which a caller writes itself. */
export interface ForwardedCertificate {
  /** `pem`: PEM text · `xfcc`: Envoy's X-Forwarded-Client-Cert · `nginx`: $ssl_client_escaped_cert · `rfc9440`: Client-Cert */
  readonly form: 'pem' | 'xfcc' | 'nginx' | 'rfc9440';
  /** Exactly one is right; none and several are told apart by whoever reads them. */
  readonly values: readonly string[];
}

/** What was proved with the call. A proof that was shown and is no good is told by its code, so that policy denies by it. */
export interface ProofFacts {
  readonly dpop?: DpopFacts | { readonly refused: FixedCode };
  readonly mtls?: { readonly 'x5t#S256': string } | { readonly refused: FixedCode };
}

/** A DPoP proof whose twelve checks are done but for its single use (RFC 9449 §4.3). */
export interface DpopFacts {
  /** RFC 7638 thumbprint of the proof's key, SHA-256, base64url. */
  readonly jkt: string;
  readonly algorithm: string;
  /** Seconds since the epoch. */
  readonly issued_at: number;
}
