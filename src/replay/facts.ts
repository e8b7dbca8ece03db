/** The facts of a record, as they were judged: the call, and the token without its claims. */
import type { CallFacts, TokenFacts } from '../decision/facts.ts';
import type { JsonObject } from '../json/value.ts';

/** As zod reads members that may be absent. */
type Read<T> = { readonly [K in keyof T]: T[K] | undefined };

type Named = Pick<CallFacts, 'method'> & Read<Omit<CallFacts, 'method' | 'arguments'>>;

export function callOf({ method, tool, prompt, uri, task, lists, uris, tasks }: Named): CallFacts {
  return {
    method,
    ...(tool !== undefined && { tool }),
    ...(prompt !== undefined && { prompt }),
    ...(uri !== undefined && { uri }),
    ...(task !== undefined && { task }),
    ...(lists !== undefined && { lists }),
    ...(uris !== undefined && { uris }),
    ...(tasks !== undefined && { tasks }),
  };
}

type Required = 'type' | 'audiences' | 'scopes';
type Logged = Pick<TokenFacts, Required> &
  Read<Omit<TokenFacts, Required | 'issuer' | 'token_id' | 'claims'>> & {
    readonly authorization_details?: readonly JsonObject[] | undefined;
  };

/** @param issuer the exact `iss`; it stands elsewhere in a record */
export function tokenOf(logged: Logged, issuer: string): TokenFacts {
  const { type, audiences, scopes, confirmation, actor, actors, authorization_details: details } = logged;
  const { algorithm, key_id, subject, client_id, issued_at, expires_at, not_before } = logged;
  const { authentication_context, authenticated_at } = logged;
  return {
    ...{ type, issuer, audiences, scopes, claims: {} },
    ...(algorithm !== undefined && { algorithm }),
    ...(key_id !== undefined && { key_id }),
    ...(subject !== undefined && { subject }),
    ...(client_id !== undefined && { client_id }),
    ...(issued_at !== undefined && { issued_at }),
    ...(expires_at !== undefined && { expires_at }),
    ...(not_before !== undefined && { not_before }),
    ...(confirmation !== undefined && { confirmation }),
    ...(actor !== undefined && { actor }),
    ...(actors !== undefined && { actors }),
    ...(authentication_context !== undefined && { authentication_context }),
    ...(authenticated_at !== undefined && { authenticated_at }),
    ...(details !== undefined && { authorization_details: details }),
  };
}
