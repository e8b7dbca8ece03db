/** What a handler learns of a call that was let through. */
import type { Allow, Principal } from '../decision/decision.ts';
import type { ServerRecord } from '../registry/registry.ts';

/**
 * The shape in which `@modelcontextprotocol/server` hands a caller to its handlers (`ctx.http.authInfo`); structural, so that
 * this library does not bind its users to a version of the SDK.
 */
export interface AuthInfo {
  /** Always `WITHHELD`: MCP forbids passing a client's token on, and what is not here is not logged by accident. */
  token: string;
  /** Empty where the token names no client. */
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch: the earliest end of token and waivers. */
  expiresAt: number;
  /** Of this server, as registered. */
  resource: URL;
  resourceMetadataUrl: string;
  extra: {
    issuer: string;
    subject: string | null;
    actor: string | null;
    decision_id: string;
  };
}

export interface Admission {
  readonly principal: Principal;
  /** For the handlers of the MCP SDK; the object itself stands for the token in `Guard.authorize`, a copy of it does not. */
  readonly authInfo: AuthInfo;
  readonly decision_id: string;
  /** RFC 3339: the earliest end of token and waivers. */
  readonly valid_until: string;
}

/** What stands where the SDK expects the token's text. No token68 (RFC 9110 §11.2), so that nobody could take it for one. */
export const WITHHELD = '(withheld by audgate)';

export function admissionOf(allow: Allow, server: ServerRecord): Admission {
  const { principal, decision_id, valid_until } = allow;
  const { issuer, subject, client_id, actor } = principal;
  const scopes = [...principal.scopes];
  const extra = { issuer, subject, actor, decision_id };
  const authInfo: AuthInfo = {
    token: WITHHELD,
    clientId: client_id ?? '',
    scopes,
    expiresAt: Math.floor(Date.parse(valid_until) / 1000),
    resource: new URL(server.resource),
    resourceMetadataUrl: server.resource_metadata,
    extra,
  };
  // A handler that widens its caller's scopes by mistake must notice.
  for (const part of [scopes, extra, authInfo, principal, principal.scopes]) Object.freeze(part);
  return Object.freeze({ principal, authInfo, decision_id, valid_until });
}
