/** The real program, one login that four of five servers share, and an identity provider; all of them ask the one audgate. */
import { generateProof, type KeyPair } from 'dpop';
import { type Client, createClient, type IssuanceDecision } from '../../../src/client/create.ts';
import { type Started, start } from '../start.ts';
import { type AuthorizationServer, type ClientId, listen, startAuthorizationServer } from './authorization-server.ts';
import { type Outcome, type Requests, requestsTo, type Sent } from './client.ts';

export const FILES = 'https://mcp.example.com/files';
export const BILLING = 'https://mcp.example.com/billing';
export const SEARCH = 'https://search.example.com/mcp';
/** Takes tokens that are bound to a DPoP key, and no others. */
export const VAULT = 'https://vault.example.com/mcp';
/** Of the identity provider, and not of the login. */
export const HR = 'https://hr.example.com/mcp';
export const SERVERS = { files: FILES, billing: BILLING, search: SEARCH, vault: VAULT, hr: HR } as const;
/** What the login adds to every audience of some other platform's tokens. */
export const PLATFORM = 'https://platform.example.com/api';
/** Seconds. */
export const LIFETIME = 120;

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

export interface World {
  readonly audgate: Started;
  readonly login: AuthorizationServer;
  readonly idp: AuthorizationServer;
  readonly requests: Requests;
  /** What audgate answered, in this order. */
  readonly answers: readonly Awaited<ReturnType<Client['issuance']>>[];
  /** Each with everything that goes before it, done rightly for `server`; then the one request, as it is told. */
  readonly grants: Readonly<Record<GrantName, (server: string, sent: Sent, client?: ClientId) => Promise<Outcome>>>;
  registry(but?: readonly string[]): object;
  /** Keys of the servers that a token opens; with a proof where there is a key. */
  opens(token: string, keys?: KeyPair): Promise<readonly string[]>;
  /** An exchange of this token. */
  exchange(client: ClientId, subject_token: string, sent: Sent): Promise<Outcome>;
}

export type GrantName = keyof ReturnType<typeof grantsOf>;

const record = (resource: string, more: object = {}) => ({
  ...{ resource, issuers: ['login'], max_lifetime_seconds: LIFETIME, advertised_scopes: ['mcp:read'] },
  // The same scopes everywhere: nothing but the audience tells one server's token from another's.
  tools: { read: { scopes: ['mcp:read'] }, write: { scopes: ['mcp:write'] } },
  ...more,
});

export async function openWorld(): Promise<World> {
  const [loginAt, idpAt] = [await listen(), await listen()];
  const issuer = (at: { issuer: string }) => ({
    ...{ issuer: at.issuer, jwks_uri: `${at.issuer}/jwks`, algorithms: ['ES256'] },
  });
  const registry = (but: readonly string[] = []) => {
    const all = {
      files: record(FILES),
      billing: record(BILLING),
      // Some clients add the slash.
      search: record(SEARCH, { audiences: [`${SEARCH}/`] }),
      vault: record(VAULT, { sender_constraint: 'dpop' }),
      hr: record(HR, { issuers: ['idp'] }),
    };
    return {
      issuers: { login: { ...issuer(loginAt), extra_audiences: [PLATFORM] }, idp: issuer(idpAt) },
      servers: Object.fromEntries(Object.entries(all).filter(([key]) => !but.includes(key))),
      ...(!but.includes('search') && {
        exchanges: [{ from: 'files', to: 'search', client: 'gateway', scopes: ['mcp:read'] }],
      }),
    };
  };
  const audgate = await start({ registry: registry() });
  const client = createClient({ url: audgate.url, timeout_ms: 30_000 });
  const answers: World['answers'][number][] = [];
  const issuance: Client['issuance'] = async (question) => {
    const answer = await client.issuance(question);
    answers.push(answer);
    return answer;
  };
  const idp = await startAuthorizationServer(idpAt, { audgate: { issuance }, sign_in: true });
  const login = await startAuthorizationServer(loginAt, { audgate: { issuance } }, [idp]);
  const requests = requestsTo(login.issuer);

  async function isOpen(resource: string, token: string, keys: KeyPair | undefined): Promise<boolean> {
    const call = { method: 'tools/call', tool: 'read', arguments: {} };
    const proof = keys && { dpop: [await generateProof(keys, resource, 'POST', undefined, token)] };
    const bound = proof && { scheme: 'DPoP', http: { method: 'POST' }, proof };
    const { decision } = await audgate.decide({ server: resource, token, call, ...bound });
    if (decision === 'indeterminate') throw new Error('nobody knows');
    return decision === 'allow';
  }

  return {
    ...{ audgate, login, idp, requests, answers, registry },
    grants: grantsOf(requests, login, requestsTo(idp.issuer)),
    exchange: (by, subject_token, sent) => exchange(requests, by, subject_token, sent),
    async opens(token, keys) {
      const open: string[] = [];
      for (const [key, resource] of Object.entries(SERVERS)) if (await isOpen(resource, token, keys)) open.push(key);
      return open;
    },
  };
}

const exchange = (requests: Requests, client: ClientId, subject_token: string, sent: Sent) =>
  requests.token(client, { grant_type: EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN, ...sent });

function grantsOf(requests: Requests, login: AuthorizationServer, idp: Requests) {
  const must = <T extends Outcome>(outcome: T): T => {
    if (outcome.error !== undefined) throw new Error(`${outcome.error}: ${outcome.error_description}`);
    return outcome;
  };
  const authorized = async (server: string, client: ClientId) =>
    must(await requests.authorize(client, { resource: server, scope: 'mcp:read' }));
  /** A token of `app` for this server. */
  const held = async (server: string, client: ClientId = 'app') =>
    must(await requests.token(client, { grant_type: 'client_credentials', resource: server, scope: 'mcp:read' }));
  return {
    authorization_request: async (_: string, sent: Sent, client: ClientId = 'app') =>
      requests.authorize(client, { scope: 'mcp:read', ...sent }),
    pushed_authorization_request: async (_: string, sent: Sent, client: ClientId = 'app') =>
      requests.push(client, { scope: 'mcp:read', ...sent }),
    authorization_code: async (server: string, sent: Sent, client: ClientId = 'app') =>
      requests.exchangeCode(client, await authorized(server, client), sent),
    authorization_code_of_a_public_client: async (server: string, sent: Sent) =>
      requests.exchangeCode('public', await authorized(server, 'public'), sent),
    refresh_token: async (server: string, sent: Sent, client: ClientId = 'app') => {
      const first = await requests.exchangeCode('app', await authorized(server, 'app'), { resource: server });
      return requests.token(client, { grant_type: 'refresh_token', refresh_token: must(first).refresh_token, ...sent });
    },
    client_credentials: async (_: string, sent: Sent, client: ClientId = 'app') =>
      requests.token(client, { grant_type: 'client_credentials', scope: 'mcp:read', ...sent }),
    /** Of the client's own token. */
    token_exchange: async (server: string, sent: Sent, client: ClientId = 'app') =>
      exchange(requests, client, (await held(server)).access_token ?? '', sent),
    /** An assertion of the identity provider for this server, used by this client. */
    jwt_bearer: async (server: string, sent: Sent, client: ClientId = 'app') => {
      const { id_token } = await idp.exchangeCode('app', await idp.authorize('app', { scope: 'openid' }), {});
      const jag = await idp.token('app', {
        ...{ grant_type: EXCHANGE, subject_token: id_token, subject_token_type: ID_TOKEN },
        ...{ requested_token_type: ID_JAG, audience: login.issuer, resource: server, scope: 'mcp:read' },
      });
      return requests.token(client, { grant_type: BEARER, assertion: must(jag).access_token, ...sent });
    },
    /** The making of that assertion. */
    id_jag: async (_: string, sent: Sent, client: ClientId = 'app') => {
      const { id_token } = await idp.exchangeCode('app', await idp.authorize('app', { scope: 'openid' }), {});
      return idp.token(client, {
        ...{ grant_type: EXCHANGE, subject_token: id_token, subject_token_type: ID_TOKEN },
        ...{ requested_token_type: ID_JAG, audience: login.issuer, scope: 'mcp:read', ...sent },
      });
    },
  };
}

/** The first reason of the last answer. */
export function codeOf(answer: World['answers'][number] | undefined): string | undefined {
  return (answer as IssuanceDecision | undefined)?.reasons[0]?.code;
}
