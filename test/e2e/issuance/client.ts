/** A client that asks for tokens with every grant, as often and as wrongly as it is told to. */
import { visit } from '../oidc/client.ts';
import { CALLBACK, type ClientId, SECRET } from './authorization-server.ts';

/** What came of a request: a token (or a code), or an OAuth error. */
export interface Outcome {
  readonly status: number;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
  readonly code?: string | undefined;
  readonly access_token?: string | undefined;
  readonly refresh_token?: string | undefined;
  readonly id_token?: string | undefined;
  readonly issued_token_type?: string | undefined;
  readonly token_type?: string | undefined;
  readonly expires_in?: number | undefined;
  readonly scope?: string | undefined;
  readonly request_uri?: string | undefined;
}

/** A list is sent as so many parameters; undefined is not sent. */
export type Sent = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Requests {
  /** The front channel with PKCE, through sign-in and consent. */
  authorize(client: ClientId, sent: Sent): Promise<Outcome & { readonly verifier: string }>;
  /** By a pushed authorization request (RFC 9126); the answer to the push. */
  push(client: ClientId, sent: Sent): Promise<Outcome & { readonly verifier: string }>;
  /** The front channel with a `request_uri`, and whatever beside it. */
  authorizePushed(
    client: ClientId,
    pushed: Outcome & { readonly verifier: string },
    sent: Sent,
  ): ReturnType<Requests['authorize']>;
  token(client: ClientId, sent: Sent, headers?: Record<string, string>): Promise<Outcome>;
  /** The code of an authorization that went well. */
  exchangeCode(
    client: ClientId,
    authorized: Outcome & { readonly verifier: string },
    sent: Sent,
    headers?: Record<string, string>,
  ): Promise<Outcome>;
}

export function requestsTo(issuer: string): Requests {
  const front = async (client_id: ClientId, sent: Sent) => {
    const verifier = crypto.randomUUID() + crypto.randomUUID();
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    const challenge = { code_challenge: Buffer.from(digest).toString('base64url'), code_challenge_method: 'S256' };
    return {
      verifier,
      query: query({ client_id, redirect_uri: CALLBACK, response_type: 'code', ...challenge, ...sent }),
    };
  };
  const secret = (client: ClientId) => (client === 'public' ? {} : { client_secret: SECRET });
  const token: Requests['token'] = (client_id, sent, headers = {}) =>
    post(`${issuer}/token`, query({ client_id, ...secret(client_id), ...sent }), headers);
  return {
    token,
    async authorize(client, sent) {
      const { verifier, query: asked } = await front(client, sent);
      const answered = Object.fromEntries(await visit(new URL(`${issuer}/auth?${asked}`), CALLBACK));
      return { status: 303, ...answered, verifier };
    },
    async push(client, sent) {
      const { query: asked, verifier } = await front(client, { ...secret(client), ...sent });
      return { ...(await post(`${issuer}/request`, asked, {})), verifier };
    },
    async authorizePushed(client_id, { request_uri, verifier }, sent) {
      const page = new URL(`${issuer}/auth?${query({ client_id, request_uri, ...sent })}`);
      return { status: 303, ...Object.fromEntries(await visit(page, CALLBACK)), verifier };
    },
    exchangeCode: (client, { code, verifier }, sent, headers) =>
      token(
        client,
        { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier, ...sent },
        headers,
      ),
  };
}

async function post(url: string, body: URLSearchParams, headers: Record<string, string>): Promise<Outcome> {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, ...((await response.json()) as object) };
}

function query(sent: Sent): URLSearchParams {
  const pairs = Object.entries(sent).flatMap(([name, values]) =>
    (values === undefined ? [] : [values].flat()).map((value) => [name, value] as [string, string]),
  );
  return new URLSearchParams(pairs);
}
