/** Asks audgate what may be issued. A refusal becomes the OAuth error for the client, and no answer becomes no token. */
import type { Client, ClientProblem, IssuanceQuestion, Issue } from 'audgate/client';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';

export type Question = Omit<IssuanceQuestion, 'issuer' | 'client_id'>;

/** @throws errors.OIDCProviderError unless audgate allows it */
export async function ask(audgate: Pick<Client, 'issuance'>, ctx: KoaContextWithOIDC, asked: Question): Promise<Issue> {
  const { client, provider } = ctx.oidc;
  if (client === undefined) throw new Error('a token without a client');
  const decision = await audgate.issuance({ issuer: provider.issuer, client_id: client.clientId, ...asked });
  if ('problem' in decision) throw unanswered(decision.problem);
  const codes = decision.reasons.map(({ code }) => code).join(' ');
  // For the log of the authorization server (event `grant.error`); the client is not told.
  const detail = `audgate ${decision.decision} ${decision.decision_id}: ${codes}`;
  switch (decision.decision) {
    case 'allow':
      return decision.issue;
    case 'deny':
      // RFC 8707 §2, RFC 6749 §5.2.
      if (decision.error === 'invalid_scope')
        throw new errors.InvalidScope(decision.error_description, asked.scope ?? '', detail);
      throw new errors.InvalidTarget(decision.error_description, detail);
    case 'indeterminate':
      throw new Unavailable(detail);
  }
}

function unanswered({ kind, message }: ClientProblem): errors.OIDCProviderError {
  switch (kind) {
    // The client's parameters are in the question, and may be more than audgate reads.
    case 'question':
      return new errors.InvalidRequest('the request cannot be decided', 400, message);
    // A mistake of this server's operator, which waiting does not mend: its key, or its permission `issuance`.
    case 'caller':
      return new errors.OIDCProviderError(500, 'server_error', { detail: message });
    default:
      return new Unavailable(message);
  }
}

/**
 * RFC 6749 §4.1.2.1 has this error for the authorization endpoint. For the token endpoint §5.2 has no error of the kind: there
 * the status 503 says it, and the same word explains it.
 */
class Unavailable extends errors.TemporarilyUnavailable {
  override status = 503;
  override statusCode = 503;
  constructor(detail: string) {
    super('what may be issued cannot be decided now', { detail });
  }
}

/** A parameter that may be repeated, as `oidc-provider` holds it. @returns undefined where it was not sent */
export function valuesOf(parameter: unknown): readonly string[] | undefined {
  if (parameter === undefined || parameter === null) return undefined;
  return (Array.isArray(parameter) ? parameter : [parameter]).map(String);
}

export const textOf = (parameter: unknown): string | undefined =>
  typeof parameter === 'string' ? parameter : undefined;
