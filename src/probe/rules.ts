/** What a probe can find, by stable names: in reports, SARIF and docs/probe.md alike. */
import type { Kind } from './report.ts';

export interface Rule {
  readonly level: 'error' | 'warning';
  /** One sentence: what is wrong. */
  readonly title: string;
  /** What somebody could do with it, and what to change. */
  readonly help: string;
}

const token = (title: string, help: string): Rule => ({ level: 'error', title, help });
const warning = (title: string, help: string): Rule => ({ level: 'warning', title, help });

export const RULES = {
  'accepted-absent': token(
    'The server answers without a token.',
    'Anybody who reaches it may use it. Check a token with every request, initialize and server/discover too, and answer 401 without one (MCP authorization).',
  ),
  'accepted-unsigned': token(
    'The server accepts a token that nobody signed.',
    'Anybody can write such a token. Allow only the algorithms that the issuer is registered with, never "none" (RFC 8725 §3.2).',
  ),
  'accepted-stranger-key': token(
    'The server accepts a token that a stranger’s key signed.',
    'Anybody can sign such a token. Verify the signature with the keys that the issuer publishes (RFC 7515 §5.2), and with no others.',
  ),
  'accepted-foreign-audience': token(
    'The server accepts a token that was issued for another resource.',
    'Whoever gets a token for any server of this issuer opens this one. Compare aud with the server’s own resource, byte for byte (RFC 8707 §2, MCP authorization).',
  ),
  'accepted-parent-audience': token(
    'The server accepts a token that was issued for its parent URL.',
    'A token for the host or for a neighbour’s prefix opens it. Compare aud with the whole resource, not with its beginning.',
  ),
  'accepted-two-audiences': token(
    'The server accepts a token that was issued for it and for another resource.',
    'The other resource holds the same token and can replay it here. Refuse tokens with an audience that is not this server’s own (RFC 9700 §2.3).',
  ),
  'accepted-expired': token(
    'The server accepts a token that has ended.',
    'A token that leaked long ago still opens it. Refuse tokens whose exp has passed (RFC 7519 §4.1.4).',
  ),
  'challenge-status': warning(
    'The server refuses a token with another status than 401.',
    'Clients get a new token after a 401 alone (RFC 6750 §3.1, MCP authorization).',
  ),
  'challenge-missing': warning(
    'The server refuses without a Bearer or DPoP challenge.',
    'Send WWW-Authenticate with each 401 (RFC 9110 §15.5.2, RFC 6750 §3).',
  ),
  'challenge-resource-metadata': warning(
    'The challenge names other resource metadata than the registry.',
    'Clients go to the authorization server that it names. Send resource_metadata with the URL that RFC 9728 §3.1 gives the resource.',
  ),
  'challenge-error': warning(
    'The challenge does not say that the token is invalid.',
    'Send error="invalid_token" with the 401 for a token that is refused (RFC 6750 §3.1).',
  ),
  'challenge-scope': warning(
    'The challenge asks for other scopes than the registry advertises.',
    'Ask for the registered advertised_scopes, or change them in the registry.',
  ),
  'metadata-missing': warning(
    'The protected resource metadata cannot be had.',
    'Publish it at the URL that RFC 9728 §3.1 gives the resource; audgate answers it at /v1/servers/KEY/protected-resource-metadata.',
  ),
  'metadata-resource': token(
    'The metadata names another resource than the registry.',
    'Clients ask for tokens with this value, and the server then refuses them, or accepts what is not registered. Make both the same, byte for byte (RFC 9728 §3.3).',
  ),
  'metadata-authorization-servers': token(
    'The metadata names other authorization servers than the registry.',
    'Clients send users and codes there. Name exactly the registered issuers (RFC 9728 §2).',
  ),
  'metadata-scopes': warning(
    'The metadata names other scopes than the registry.',
    'Make scopes_supported and advertised_scopes the same (RFC 9728 §2).',
  ),
  'metadata-bearer-methods': warning(
    'The metadata offers other ways to bring a token than the header.',
    'Tokens in URLs and forms end up in logs; MCP allows the header alone. Write bearer_methods_supported: ["header"].',
  ),
  'metadata-sender-constraint': warning(
    'The metadata says something else about bound tokens than the registry.',
    'Make dpop_bound_access_tokens_required and tls_client_certificate_bound_access_tokens what sender_constraint says (RFC 9728 §2).',
  ),
  'issuer-metadata': warning(
    'The authorization server’s metadata is not that of the registered issuer.',
    'Publish it where RFC 8414 §3.1 says, with issuer exactly as registered, and a token endpoint over https.',
  ),
  'issuer-resource-ignored': token(
    'The authorization server does not issue for the resource that was asked for.',
    'One token then opens several servers, or none. Make the resource parameter the token’s only audience (RFC 8707 §2.2).',
  ),
  'issuer-unknown-resource': token(
    'The authorization server issues a token for a resource that nobody registered.',
    'Refuse it with invalid_target (RFC 8707 §2).',
  ),
  'issuer-two-resources': token(
    'The authorization server issues one token for two resources.',
    'Each of the two can replay it at the other. Refuse two resources with invalid_target, or issue for one (RFC 8707 §2.2).',
  ),
  'issuer-default-resource': token(
    'The authorization server issues a token for a server although no resource was asked for.',
    'Every client then holds a token for it. Refuse requests without resource, or issue for nobody’s audience.',
  ),
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof RULES;

export const ruleOf = (kind: Kind): RuleId => `accepted-${kind.replaceAll('_', '-')}` as RuleId;
