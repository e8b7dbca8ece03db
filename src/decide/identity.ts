/** Who calls, for the server behind a gateway: headers that the gateway puts in place of whatever its client sent. */
import type { Allow } from '../decision/decision.ts';

/** Every one of them is set on each allow, so that a gateway which copies them leaves none of its client's own. */
export const IDENTITY_HEADERS = [
  'x-audgate-issuer',
  'x-audgate-subject',
  'x-audgate-client-id',
  'x-audgate-scopes',
  'x-audgate-actor',
  'x-audgate-server',
  'x-audgate-decision-id',
  'x-audgate-valid-until',
  'x-audgate-identity',
] as const;

export type IdentityHeader = (typeof IDENTITY_HEADERS)[number];

/**
 * What the token does not say is the empty value. `x-audgate-identity` holds all of it as base64url (RFC 4648 §5, no
 * padding) of JSON, where absent is null: for readers that want neither percent-encoding nor a guess about the empty.
 */
export function identityHeaders(allow: Allow): Readonly<Record<IdentityHeader, string>> {
  const { issuer, subject, client_id, scopes, actor } = allow.principal;
  const { decision_id, valid_until } = allow;
  const server = allow.server ?? '';
  const identity = { issuer, subject, client_id, scopes, actor, server, decision_id, valid_until };
  return {
    'x-audgate-issuer': visible(issuer),
    'x-audgate-subject': visible(subject ?? ''),
    'x-audgate-client-id': visible(client_id ?? ''),
    'x-audgate-scopes': scopes.map(visible).join(' '),
    'x-audgate-actor': visible(actor ?? ''),
    'x-audgate-server': visible(server),
    'x-audgate-decision-id': decision_id,
    'x-audgate-valid-until': valid_until,
    'x-audgate-identity': Buffer.from(JSON.stringify(identity)).toString('base64url'),
  };
}

/**
 * Percent-encodes, as UTF-8, what is not visible ASCII, and `%` itself, so that decoding gives the text back (RFC 3986
 * §2.1). Spaces too: a value that begins or ends with one would lose it on the way.
 */
function visible(text: string): string {
  if (/^[\x21-\x24\x26-\x7e]*$/.test(text)) return text;
  return text
    .toWellFormed()
    .replace(/[^\x21-\x24\x26-\x7e]+/g, (part) =>
      Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'),
    );
}
