/** Whether a token that is about to be written is one that was allowed. */
import type { Issue } from 'audgate/client';

export interface Written {
  readonly aud?: unknown;
  readonly scope?: unknown;
  /** Thumbprint of a DPoP key (RFC 9449 §6.1). */
  readonly jkt?: string | undefined;
  /** Of a client certificate (RFC 8705 §3.1). */
  readonly 'x5t#S256'?: string | undefined;
}

/** @throws Error otherwise: a mistake in this program or its configuration, of which the client hears `server_error` */
export function assertWithin(issue: Issue, token: Written, seconds: number): void {
  const [aud] = Array.isArray(token.aud) && token.aud.length === 1 ? token.aud : [token.aud];
  if (aud !== issue.aud) refuse('for another audience');
  const ceiling = new Set(issue.scope.split(' '));
  const scopes = String(token.scope ?? '').split(' ');
  if (!scopes.every((scope) => scope === '' || ceiling.has(scope))) refuse('with more scope');
  if (!(seconds > 0 && seconds <= issue.expires_in)) refuse('with a longer life');
  const [dpop, mtls] = [token.jkt !== undefined, token['x5t#S256'] !== undefined];
  const isBound = { none: true, dpop, mtls, any: dpop || mtls }[issue.sender_constraint];
  if (!isBound) refuse('without the key that it must be bound to');
}

function refuse(what: string): never {
  throw new Error(`a token ${what} than audgate allowed; nothing was issued`);
}
