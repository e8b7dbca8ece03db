/** A client that is not ours (`oauth4webapi`), at an authorization server that is not ours. */
import * as oauth from 'oauth4webapi';
import { SECRET } from './authorization-server.ts';

/** Everything here is on this machine, where nobody listens in. */
export const LOCAL = { [oauth.allowInsecureRequests]: true };

export interface Client {
  readonly server: oauth.AuthorizationServer;
  /** An access token for a resource. */
  token(resource: string, more?: TokenOptions): Promise<string>;
}

export interface TokenOptions {
  readonly scope?: string;
  /** Binds it to the key of these proofs. */
  readonly DPoP?: oauth.DPoPHandle;
  readonly headers?: Record<string, string>;
}

/** Finds the authorization server by its own metadata (RFC 8414). */
export async function createClient(issuer: string, client_id = 'app'): Promise<Client> {
  const url = new URL(issuer);
  const found = await oauth.discoveryRequest(url, { ...LOCAL, algorithm: 'oidc' });
  const server = await oauth.processDiscoveryResponse(url, found);
  const client: oauth.Client = { client_id };
  return {
    server,
    async token(resource, { scope = 'files:read', DPoP, headers = {} } = {}) {
      const ask = () =>
        oauth.clientCredentialsGrantRequest(
          server,
          client,
          oauth.ClientSecretPost(SECRET),
          { resource, scope },
          { ...LOCAL, headers, ...(DPoP && { DPoP }) },
        );
      const answer = await oauth.processClientCredentialsResponse(server, client, await ask());
      return answer.access_token;
    },
  };
}
