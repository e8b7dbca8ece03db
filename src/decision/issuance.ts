/**
 * Issuance: what an authorization server asks before it issues, and what it is answered (RFC 6749, RFC 8693, RFC 8707,
 * draft-ietf-oauth-identity-assertion-authz-grant). The schema that validates a question is `http/native/issuance-schema.ts`.
 */
import type { Reason } from './reason.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** RFC 7523; here the use of an ID-JAG at the authorization server of the resource. */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** `requested_token_type` of the exchange by which an identity provider issues an ID-JAG. */
export const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

/** `authorization_request` is the one that is no grant type: the front channel, where a code is asked for. */
export const GRANTS = [
  'authorization_request',
  'authorization_code',
  'refresh_token',
  'client_credentials',
  TOKEN_EXCHANGE,
  JWT_BEARER,
] as const;
export type Grant = (typeof GRANTS)[number];

/** What the code, the refresh token, the subject token or the assertion was bound to, as the authorization server holds it. */
export interface Bound {
  /** `resource` values of the request that it comes from; of a subject token its `aud`. */
  readonly resources: readonly string[];
  /** Space-separated. Absent: none. */
  readonly scope?: string | undefined;
  /** To whom it was issued. */
  readonly client_id?: string | undefined;
  /** Seconds since the epoch: the end of a subject token or assertion, beyond which nothing made from it lives. */
  readonly expires_at?: number | undefined;
}

export interface IssuanceQuestion {
  /** Exact issuer identifier of the authorization server that asks. */
  readonly issuer: string;
  readonly grant: Grant;
  readonly client_id: string;
  /** All `resource` parameters as they were sent. Absent: none. */
  readonly resources?: readonly string[] | undefined;
  /** All `audience` parameters (RFC 8693 §2.1). */
  readonly audiences?: readonly string[] | undefined;
  /** Space-separated, as requested. */
  readonly scope?: string | undefined;
  /** Seconds that the issued token would live; absent: as long as the server allows. */
  readonly lifetime_seconds?: number | undefined;
  /** Token exchange only. */
  readonly requested_token_type?: string | undefined;
  /** Needed for all grants that come from an earlier one. */
  readonly bound?: Bound | undefined;
  readonly context?: { readonly request_id?: string | undefined } | undefined;
}

interface Answer {
  readonly decision_id: string;
  /** Registry key; null when the request names none. */
  readonly server: string | null;
  readonly reasons: readonly Reason[];
  readonly revision: string;
}

/** What may be issued: no other audience, no more scope, no longer. */
export interface Issue {
  /** `aud`, the only value. Of an ID-JAG: the identifier of the authorization server that will take it. */
  readonly aud: string;
  /** The one server's registered resource; equals `aud` but for an ID-JAG, which carries it as `resource`. */
  readonly resource: string;
  /** Ceiling, space-separated; may be empty. */
  readonly scope: string;
  /** Ceiling in seconds. */
  readonly expires_in: number;
  /** How the token must be bound for the server to accept it. */
  readonly sender_constraint: 'none' | 'dpop' | 'mtls' | 'any';
}

export type IssuanceDecision =
  | (Answer & { readonly decision: 'allow'; readonly issue: Issue })
  | (Answer & {
      readonly decision: 'deny';
      /** For the client (RFC 8707 §2, RFC 6749 §5.2). */
      readonly error: 'invalid_target' | 'invalid_scope';
      readonly error_description: string;
    })
  | (Answer & { readonly decision: 'indeterminate' });
