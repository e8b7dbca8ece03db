/** Tokens of the hub's own, from the authorization server that it shares with the servers behind it. */

export interface TokenParts {
  readonly token_endpoint: string;
  readonly client_id: string;
  readonly client_secret: string;
  /**
   * `exchange`: the user stays the subject, and the registry lists the exchange from the hub to the server (RFC 8693).
   * `client_credentials`: the hub calls as itself, whoever its client is.
   */
  readonly grant: 'exchange' | 'client_credentials';
}

const EXCHANGE = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
};

/** Asks each time: whoever keeps tokens keeps them by resource and by the client's token, and no longer than they live. */
export function createTokens({ token_endpoint, client_id, client_secret, grant }: TokenParts) {
  return async (resource: string, inbound: string): Promise<string> => {
    const asked = grant === 'exchange' ? { ...EXCHANGE, subject_token: inbound } : { grant_type: grant };
    const response = await fetch(token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({ client_id, client_secret, ...asked, resource }),
      redirect: 'error',
    });
    const answer: unknown = await response.json();
    const token =
      typeof answer === 'object' && answer !== null && 'access_token' in answer ? answer.access_token : null;
    // The answer's text may hold what nobody should read in a log.
    if (!response.ok || typeof token !== 'string')
      throw new Error(`no token for ${resource}: status ${response.status}`);
    return token;
  };
}
