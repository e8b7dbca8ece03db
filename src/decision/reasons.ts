/**
 * The closed registry of reason codes, in the order of precedence: the first reason of a decision that stands here
 * sets its challenge. `docs/reasons.md` is generated from this table; a test ties table, document, wire form and cases.
 */

/**
 * How a refusal is put on the wire (RFC 6750 §3.1, RFC 9728 §5.1); `invalid_target` and `invalid_scope` are what an
 * authorization server answers its client (RFC 8707 §2, RFC 6749 §5.2). `unavailable` is no refusal: everyone must wait.
 */
export type Wire =
  | 'forbidden'
  | 'invalid_request'
  | 'unauthenticated'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_user_authentication'
  | 'insufficient_scope'
  | 'invalid_target'
  | 'invalid_scope'
  | 'unavailable';

export interface ReasonEntry {
  readonly code: string;
  readonly wire: Wire;
  /** What is wrong, in one sentence. */
  readonly summary: string;
  /** What the reader does next. */
  readonly remedy: string;
}

// biome-ignore format: one reason a line reads as the table that it is
const TABLE = [
  ['server_unknown', 'forbidden', 'No registered server has this resource identifier.', 'Send the registered resource, byte for byte, from the gateway\'s own route.'],

  ['credential_ambiguous', 'invalid_request', 'The client\'s request carries more than one credential.', 'Send one access token, in one Authorization header and nowhere else.'],
  ['scheme_unsupported', 'invalid_request', 'The authentication scheme is not one that this version accepts.', 'Send the token with scheme Bearer, or DPoP with a proof.'],
  ['call_missing', 'invalid_request', 'The request holds no call, message or body.', 'Send exactly one of call, message and body.'],
  ['call_malformed', 'invalid_request', 'The call is not one well-formed MCP message.', 'Send one JSON-RPC 2.0 message in strict JSON, whole and with POST.'],
  ['call_incomplete', 'invalid_request', 'The call lacks what is needed to judge it: its target, or arguments for custom rules.', 'Send the whole message, or the call\'s arguments, {} when there are none.'],
  ['header_mismatch', 'invalid_request', 'A header that repeats a part of the call differs from it.', 'Send each such header once, with the value that the body holds.'],

  ['token_missing', 'unauthenticated', 'The request carries no access token.', 'Get an access token for this server and send it in the Authorization header.'],

  ['token_malformed', 'invalid_token', 'The text is not a well-formed signed JWT.', 'Send the access token exactly as the authorization server issued it.'],
  ['token_encrypted', 'invalid_token', 'The token is an encrypted JWT (five segments).', 'Have the authorization server issue signed, unencrypted access tokens for this server.'],
  ['issuer_unknown', 'invalid_token', 'The token\'s iss is not a registered issuer.', 'Get a token from an authorization server of this server, or register the issuer.'],
  ['issuer_disabled', 'invalid_token', 'The token\'s issuer is disabled in the registry.', 'Get a token from another issuer, or enable this one.'],
  ['algorithm_not_allowed', 'invalid_token', 'The token is signed with an algorithm that the issuer or its key is not registered for.', 'Have the issuer sign with one of its registered algorithms.'],
  ['token_type_not_allowed', 'invalid_token', 'The token is not an access token of a registered type.', 'Send the access token, not an ID token or another JWT.'],
  ['claims_invalid', 'invalid_token', 'A claim is absent, of a wrong type or out of range.', 'Have the issuer follow RFC 9068 §2.2.'],
  ['key_unknown', 'invalid_token', 'The issuer\'s key set holds no key with the token\'s kid.', 'Get a new token; if it persists, compare the issuer\'s jwks_uri with the registry.'],
  ['signature_invalid', 'invalid_token', 'The signature does not verify with the issuer\'s key.', 'Get a new token from the issuer.'],
  ['token_inactive', 'invalid_token', 'The issuer says that the token is not active.', 'Get a new token from the issuer.'],
  ['token_revoked', 'invalid_token', 'The token was revoked before its end.', 'Get a new token, if the authorization server still gives one.'],
  ['issuer_not_trusted', 'invalid_token', 'The issuer is registered, but not for this server.', 'Get a token from an issuer that this server lists.'],
  ['audience_missing', 'invalid_token', 'The token names no audience.', 'Ask the authorization server for a token with this server\'s resource.'],
  ['audience_mismatch', 'invalid_token', 'The token was issued for something other than this server.', 'Ask the authorization server for a token with this server\'s resource.'],
  ['audience_not_exclusive', 'invalid_token', 'The token also names an audience that is not this server\'s.', 'Ask for a token with this server\'s resource alone.'],
  ['waiver_expired', 'invalid_token', 'A waiver that would have covered this call has ended.', 'Renew the waiver with its owner, or make the issuer bind its tokens to this server.'],
  ['lifetime_missing', 'invalid_token', 'The token lacks exp or iat.', 'Have the issuer put both exp and iat into its tokens.'],
  ['token_expired', 'invalid_token', 'The token has expired.', 'Get a new token.'],
  ['token_not_yet_valid', 'invalid_token', 'The token\'s iat or nbf lies ahead.', 'Compare the clocks of the issuer and of audgate.'],
  ['lifetime_exceeded', 'invalid_token', 'The token lives longer than this server allows.', 'Have the issuer issue shorter tokens for this server.'],
  ['actor_not_allowed', 'invalid_token', 'The token was issued to an actor that this server does not accept.', 'Call as yourself, or register the actor at this server.'],
  ['certificate_missing', 'invalid_token', 'The token is bound to a client certificate, and none came with the call.', 'Connect with the certificate that the token was issued to, through a gateway that forwards it.'],
  ['certificate_mismatch', 'invalid_token', 'The client certificate is not the one that the token is bound to.', 'Connect with the certificate that the token was issued to.'],
  ['token_not_bound', 'invalid_token', 'This server requires sender-constrained tokens, and this one is not.', 'Get a sender-constrained token.'],
  ['binding_mismatch', 'invalid_token', 'The token is bound by a method that audgate cannot verify.', 'Get a token that is unbound, or bound by a supported method.'],
  ['token_passthrough', 'invalid_token', 'The token is the one that a hub in front of this server was given, passed on.', 'Have the hub get a token of its own for this server, by token exchange or client credentials, and send that.'],

  ['proof_missing', 'invalid_dpop_proof', 'The token is bound to a DPoP key, and no proof came with the call.', 'Send the token with scheme DPoP, and one DPoP header with a fresh proof.'],
  ['proof_invalid', 'invalid_dpop_proof', 'The DPoP proof is not a right one for this request.', 'Send one fresh proof, made for this method, this server\'s resource and this token (RFC 9449 §4.2).'],
  ['proof_mismatch', 'invalid_dpop_proof', 'The DPoP proof is of another key than the one that the token is bound to.', 'Make the proof with the key that the token was issued to.'],
  ['proof_replayed', 'invalid_dpop_proof', 'The DPoP proof was used before.', 'Make a fresh proof, with its own jti, for each request.'],
  ['proof_nonce_required', 'use_dpop_nonce', 'The DPoP proof holds no nonce of this service, or one that is too old.', 'Repeat the request with a proof that holds the nonce of the DPoP-Nonce header.'],

  ['authentication_insufficient', 'insufficient_user_authentication', 'The user was not authenticated in the way, or as recently, as this operation needs.', 'Have the user authenticate again, as the challenge says (RFC 9470).'],

  ['method_unknown', 'forbidden', 'The method is not open at this server.', 'Call a method that the registry opens.'],
  ['tool_unknown', 'forbidden', 'The tool is not registered at this server.', 'Call a registered tool, or add this one to the registry.'],
  ['prompt_unknown', 'forbidden', 'The prompt is not registered at this server.', 'Get a registered prompt, or add this one to the registry.'],
  ['resource_unknown', 'forbidden', 'The resource URI is not registered at this server.', 'Read a registered resource, or add this one to the registry.'],
  ['task_unknown', 'forbidden', 'Tasks are not open at this server.', 'Call a tool without a task, or list the method under methods of the server.'],
  ['arguments_too_large', 'forbidden', 'The arguments exceed what custom rules are given.', 'Send arguments of at most 16 KiB.'],
  ['authorization_details_unknown', 'forbidden', 'The token holds authorization details of a type that this server does not know.', 'Ask for a token with the types that the registry lists for this server (RFC 9396).'],
  ['rule_not_satisfied', 'forbidden', 'A rule neither was satisfied nor gave a reason.', 'See explain for the rule, and mend it.'],
  ['policy_error', 'forbidden', 'The policy did not give a well-formed answer.', 'See the log for what broke, and mend the policy.'],
  ['custom', 'forbidden', 'A custom rule denies, as custom:<rule>/<code>.', 'See the rule\'s own message.'],

  ['scope_insufficient', 'insufficient_scope', 'The token lacks a scope that this operation needs.', 'Ask the authorization server for a token with the missing scope.'],

  ['resource_missing', 'invalid_target', 'The request to the authorization server names no resource.', 'Send resource with the server\'s registered resource, in each authorization and each token request.'],
  ['resource_multiple', 'invalid_target', 'The request to the authorization server names more than one resource.', 'Ask for one token a server: send one resource.'],
  ['resource_unregistered', 'invalid_target', 'No registered server that trusts this issuer has this resource.', 'Send the registered resource, byte for byte, or register the server.'],
  ['resource_generic', 'invalid_target', 'The resource stands for a platform, not for one server.', 'Send the registered resource of the one server that the token is for.'],
  ['resource_changed', 'invalid_target', 'The resource is another than the one that the grant was made for.', 'Send the resource of the authorization request, or ask for a new grant.'],
  ['exchange_not_allowed', 'invalid_target', 'No registered exchange lets this client turn a token of the one server into a token of the other.', 'Register the exchange {from, to, client, scopes}, or send the token to the server that it is for.'],
  ['scope_exceeds_grant', 'invalid_scope', 'The requested scope goes beyond what was granted.', 'Ask for scopes of the grant, or for a new grant.'],

  ['keys_unavailable', 'unavailable', 'The issuer\'s keys cannot be had.', 'Retry; see /v1/status for the key source\'s last error.'],
  ['policy_unavailable', 'unavailable', 'No policy instance is to be had.', 'Retry; see the log for why instances fail.'],
  ['introspection_unavailable', 'unavailable', 'The issuer cannot be asked about the token.', 'Retry; see /v1/status for the last error.'],
  ['revocation_unavailable', 'unavailable', 'The list of revoked tokens cannot be had.', 'Retry; see the log for why.'],
  ['replay_store_unavailable', 'unavailable', 'Whether the proof was used before cannot be told.', 'Retry with a fresh proof; see the log for why.'],
  ['log_unavailable', 'unavailable', 'The decision cannot be recorded, and what is not recorded is not allowed here.', 'Retry; see the log for why records cannot be written.'],
] as const satisfies readonly (readonly [string, Wire, string, string])[];

/** Codes of the table but `custom`, which stands for the family `custom:<rule>/<code>`. */
export type FixedCode = Exclude<(typeof TABLE)[number][0], 'custom'>;
export type ReasonCode = FixedCode | `custom:${string}/${string}`;

export const REASONS: readonly ReasonEntry[] = TABLE.map(([code, wire, summary, remedy]) => ({
  code,
  wire,
  summary,
  remedy,
}));

const BY_CODE: ReadonlyMap<string, ReasonEntry & { readonly rank: number }> = new Map(
  REASONS.map((row, rank) => [row.code, { ...row, rank }]),
);

/** `custom:<rule>/<code>`; both parts follow the pattern of custom rule names (contract 6). */
export const CUSTOM_CODE = /^custom:[a-z][a-z0-9_]*\/[a-z][a-z0-9_]*$/;

export function isFixedCode(code: string): code is FixedCode {
  return code !== 'custom' && BY_CODE.has(code);
}

/** The table's row of a code. @throws on a code that is not in the registry: a bug, never a client's doing. */
export function entryOf(code: ReasonCode): ReasonEntry & { readonly rank: number } {
  const found = BY_CODE.get(CUSTOM_CODE.test(code) ? 'custom' : code);
  if (found === undefined) throw new Error(`reason code ${JSON.stringify(code)} is not in the registry of reasons`);
  return found;
}

/**
 * The total order of reasons: rank in the table, then the code's text (custom codes share a rank).
 * @returns negative when `a` goes before `b`
 */
export function comparePrecedence(a: ReasonCode, b: ReasonCode): number {
  return entryOf(a).rank - entryOf(b).rank || (a < b ? -1 : a > b ? 1 : 0);
}
