/**
 * A real MCP client of the SDK. Its authorization is the SDK's own; only the browser is replaced: the authorization page is
 * fetched, with cookies, until it redirects back to the client.
 */
import {
  Client,
  type OAuthClientInformationContext,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { decodeProtectedHeader } from 'jose';
import { onTestFinished } from 'vitest';

/** 2025: the handshake of the revisions up to 2025-11-25, which is the SDK's default. 2026: revision 2026-07-28. */
export type Era = '2025' | '2026';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly challenge: string | null;
}

export interface McpClient {
  /** What the SDK sent and got, to the server and to the authorization server alike. */
  readonly exchanges: readonly Exchange[];
  readonly wallet: Wallet;
  connect(): Promise<void>;
  /** Text of the tool's result. */
  call(tool: string, args?: Record<string, unknown>): Promise<{ readonly text: string; readonly isError: boolean }>;
}

/** What a client keeps: its registrations by issuer, and the one token that it holds now. */
export class Wallet implements OAuthClientProvider {
  readonly redirectUrl = 'http://localhost:8090/callback';
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: 'a client under test',
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  /** Times that somebody would have seen the authorization page. */
  redirects = 0;
  private readonly clients = new Map<string, StoredOAuthClientInformation>();
  private held: StoredOAuthTokens | undefined;
  private verifier = '';
  private discovery: OAuthDiscoveryState | undefined;
  private sent = '';
  private callback: URLSearchParams | undefined;

  clientInformation(context?: OAuthClientInformationContext) {
    return context && this.clients.get(context.issuer);
  }
  saveClientInformation(information: StoredOAuthClientInformation, context?: OAuthClientInformationContext) {
    if (context) this.clients.set(context.issuer, information);
  }
  tokens() {
    return this.held;
  }
  saveTokens(tokens: StoredOAuthTokens) {
    this.held = tokens;
  }
  state() {
    this.sent = crypto.randomUUID();
    return this.sent;
  }
  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.discovery = state;
  }
  discoveryState() {
    return this.discovery;
  }
  saveCodeVerifier(verifier: string) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  async redirectToAuthorization(page: URL) {
    this.redirects += 1;
    this.callback = await visit(page, this.redirectUrl);
    if (this.callback.get('state') !== this.sent) throw new Error('the answer is to another request');
  }
  /** What came back from the authorization page. */
  takeCallback(): URLSearchParams {
    const { callback } = this;
    if (callback === undefined) throw new Error('nobody was sent to the authorization page');
    this.callback = undefined;
    return callback;
  }

  /** Of the token that is held now. */
  get claims(): Record<string, unknown> {
    const [, payload = ''] = this.token.split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  }
  get type(): string | undefined {
    return decodeProtectedHeader(this.token).typ;
  }
  get token(): string {
    return this.held?.access_token ?? '';
  }
  /** The token of another client's or server's, as a thief or a careless program would use it. */
  steal(from: Wallet): void {
    this.held = from.held;
  }
}

/** @param server the MCP endpoint */
export function createClient(server: string, era: Era, wallet = new Wallet()): McpClient {
  const exchanges: Exchange[] = [];
  const watched = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init);
    exchanges.push({
      method: init?.method ?? 'GET',
      url: String(url),
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
    });
    return answer;
  };
  const open = () => {
    const client = new Client(
      { name: 'a client under test', version: '1.0.0' },
      era === '2026' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
    );
    const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider: wallet, fetch: watched });
    return { client, transport };
  };
  let { client, transport } = open();
  onTestFinished(() => client.close());

  /** The SDK sends its user to the authorization page and gives up; once there is an answer, it goes on. */
  async function authorized<T>(work: () => Promise<T>, renew: () => void): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await transport.finishAuth(wallet.takeCallback());
      renew();
      return work();
    }
  }

  return {
    exchanges,
    wallet,
    connect: () =>
      authorized(
        () => client.connect(transport),
        // A transport that was started cannot be started again.
        () => {
          ({ client, transport } = open());
        },
      ),
    async call(name, args = {}) {
      const result = await authorized(
        () => client.callTool({ name, arguments: args }),
        () => {},
      );
      const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
      return { text, isError: result.isError === true };
    },
  };
}

/** Follows redirects as a browser does, cookies and all, until one leads to the client. @returns its query */
export async function visit(page: URL, callback: string): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let next = page;
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the authorization page answered ${answer.status}: ${await answer.text()}`);
    next = new URL(location, next);
    if (next.href.startsWith(callback)) return next.searchParams;
  }
  throw new Error('the authorization page redirects without end');
}
