/**
 * A real authorization server that is asked (RFC 7662, RFC 9701), or that says itself where its keys are: `oidc-provider`, with
 * a real audgate that has the credentials of each server.
 */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { type ClientMetadata, errors, Provider } from 'oidc-provider';
import { expect, onTestFinished, test } from 'vitest';
import { type Started, scratch, start } from '../start.ts';

const LIFETIME = 300;
/** Milliseconds: a busy machine is none that is down. */
const PATIENT = 30_000;
const FILES = 'https://files.example.com/mcp';
const BILLING = 'https://billing.example.com/mcp';
/** As which servers are known to the authorization server, and what each may learn about tokens. */
const OWNERS: Readonly<Record<string, string>> = { 'files-server': FILES, 'billing-server': BILLING };

interface Login {
  readonly issuer: string;
  /** A token of `client-1`, for one resource. */
  token(resource: string, form?: Record<string, string>): Promise<string>;
  revoke(token: string): Promise<number>;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

interface LoginOptions {
  readonly format?: 'opaque' | 'jwt';
  /** Whether answers are signed, for whoever asks for that. */
  readonly signs?: boolean;
  /** A path that it does not have. */
  readonly lacks?: string;
}

async function startLogin(servers: readonly ClientMetadata[], options: LoginOptions = {}): Promise<Login> {
  const { format = 'opaque', signs = false, lacks } = options;
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  });
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'oidc-1', use: 'sig', alg: 'ES256' }] },
    clients: [
      {
        client_id: 'client-1',
        client_secret: 'secret of the client',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      ...servers.map((one) => ({ grant_types: [], redirect_uris: [], response_types: [], ...one })),
    ],
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      ...(signs && { introspection_signed_response_alg: 'ES256' }),
    },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], introspectionSigningAlgValues: ['ES256'] },
    cookies: { keys: ['a key of this test'] },
    ttl: { ClientCredentials: LIFETIME },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: {
        enabled: true,
        allowedPolicy: (_, client, token) => 'aud' in token && OWNERS[client.clientId] === token.aud,
      },
      jwtIntrospection: { enabled: signs },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, resource) {
          if (!Object.values(OWNERS).includes(resource)) throw new errors.InvalidTarget('nobody serves this resource');
          const info = { audience: resource, scope: 'read', accessTokenTTL: LIFETIME };
          return format === 'opaque'
            ? { ...info, accessTokenFormat: 'opaque' }
            : { ...info, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
        },
      },
    },
  });
  const answer = provider.callback();
  const asked: string[] = [];
  http.on('request', (request, response) => {
    asked.push(request.url ?? '');
    if (request.url === lacks) return void response.writeHead(404).end();
    void answer(request, response);
  });

  const post = (path: string, form: Record<string, string>) =>
    fetch(`${issuer}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('client-1:secret+of+the+client')}` },
      body: new URLSearchParams(form),
    });
  return {
    issuer,
    asked,
    async token(resource, form = {}) {
      const response = await post('/token', { grant_type: 'client_credentials', resource, scope: 'read', ...form });
      const body = (await response.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(JSON.stringify(body));
      return body.access_token;
    },
    revoke: async (token) => (await post('/token/revocation', { token })).status,
  };
}

const tools = { read: { scopes: ['read'] }, write: { scopes: ['write'] } };
const server = (resource: string) => ({ resource, issuers: ['login'], max_lifetime_seconds: LIFETIME, tools });
const registryOf = (source: object) => ({
  issuers: { login: { algorithms: ['ES256'], ...source } },
  servers: { files: server(FILES), billing: server(BILLING) },
});
const ask = (token: string, resource = FILES, tool = 'read') => ({
  server: resource,
  token,
  call: { method: 'tools/call', tool, arguments: {} },
});
const codes = async (audgate: Started, ...asked: Parameters<typeof ask>) => {
  const { decision, reasons } = await audgate.decide(ask(...asked));
  return [decision, ...reasons.map(({ code }) => code)];
};

interface Status {
  readonly issuers: Readonly<Record<string, { keys: number; fetched_at: string | null; last_error: string | null }>>;
}

test('opaque tokens open what they are for, until they are revoked; each server asks as itself', async () => {
  const billing = await generateKeyPair('ES256', { extractable: true });
  const login = await startLogin([
    {
      client_id: 'files-server',
      client_secret: 'the secret: of files',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      client_id: 'billing-server',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...(await exportJWK(billing.publicKey)), kid: 'b1', alg: 'ES256', use: 'sig' }] },
    },
  ]);
  const folder = await scratch();
  const file = (name: string) => join(folder, name);
  await writeFile(file('files.secret'), 'the secret: of files\n');
  await writeFile(file('billing.pem'), await exportPKCS8(billing.privateKey));
  const audgate = await start({
    registry: registryOf({ issuer: login.issuer, introspection: { endpoint: `${login.issuer}/token/introspection` } }),
    config: {
      introspection: {
        cache_seconds: 0,
        timeout_ms: PATIENT,
        credentials: {
          files: { client_id: 'files-server', method: 'client_secret_basic', secret_file: file('files.secret') },
          billing: {
            client_id: 'billing-server',
            method: 'private_key_jwt',
            key_file: file('billing.pem'),
            algorithm: 'ES256',
            key_id: 'b1',
          },
        },
      },
    },
  });

  const forFiles = await login.token(FILES);
  expect(forFiles).not.toContain('.');
  expect(await codes(audgate, forFiles)).toEqual(['allow']);
  expect(await codes(audgate, forFiles, FILES, 'write')).toEqual(['deny', 'scope_insufficient']);
  // What files may learn, billing may not: it is told that there is no such token.
  expect(await codes(audgate, forFiles, BILLING)).toEqual(['deny', 'token_inactive']);
  const forBilling = await login.token(BILLING);
  expect(await codes(audgate, forBilling, BILLING)).toEqual(['allow']);
  expect(await codes(audgate, forBilling, FILES)).toEqual(['deny', 'token_inactive']);

  const allowed = await audgate.decide(ask(forFiles));
  if (allowed.decision !== 'allow') throw new Error(allowed.decision);
  expect(allowed.principal).toMatchObject({ issuer: login.issuer, client_id: 'client-1', scopes: ['read'] });

  expect(await login.revoke(forFiles)).toBe(200);
  expect(await codes(audgate, forFiles)).toEqual(['deny', 'token_inactive']);

  const answered = (await (await audgate.get('/v1/status')).json()) as Status;
  expect(answered.issuers.login).toEqual({ keys: 0, fetched_at: expect.stringMatching(/Z$/), last_error: null });
  // A secret that is replaced is read with the next question, and one that is wrong is no reason to allow.
  await writeFile(file('files.secret'), 'another');
  const before = await login.token(FILES);
  expect(await codes(audgate, before)).toEqual(['indeterminate', 'introspection_unavailable']);
  const failed = (await (await audgate.get('/v1/status')).json()) as Status;
  expect(failed.issuers.login?.last_error).toContain('refuses the credentials of server "files"');
  await writeFile(file('files.secret'), 'the secret: of files');
  expect(await codes(audgate, before)).toEqual(['allow']);

  const metrics = await (await audgate.get('/metrics')).text();
  expect(metrics).toMatch(/audgate_introspections_total\{issuer="login",outcome="active"\} [1-9]/);
  expect(metrics).toMatch(/audgate_introspections_total\{issuer="login",outcome="failed"\} 1/);
  expect(metrics).not.toContain('audgate_issuer_keys{issuer="login"}');
  const metadata = await audgate.get('/v1/servers/files/protected-resource-metadata');
  expect(await metadata.json()).toMatchObject({ authorization_servers: [login.issuer] });

  await audgate.stop();
  for (const written of [audgate.stdout(), audgate.stderr(), metrics, JSON.stringify(failed)])
    for (const secret of [forFiles, forBilling, before, 'the secret', 'PRIVATE KEY'])
      expect(written).not.toContain(secret);
});

test('a DPoP token that is opaque is bound to the key that its issuer tells', async () => {
  const login = await startLogin([
    { client_id: 'files-server', client_secret: 'secret', token_endpoint_auth_method: 'client_secret_post' },
  ]);
  const folder = await scratch();
  const secret_file = join(folder, 'files.secret');
  await writeFile(secret_file, 'secret');
  const audgate = await start({
    registry: registryOf({ issuer: login.issuer, introspection: { endpoint: `${login.issuer}/token/introspection` } }),
    config: {
      introspection: {
        credentials: { files: { client_id: 'files-server', method: 'client_secret_post', secret_file } },
      },
    },
  });
  const token = await login.token(FILES);
  // Nothing binds it: whoever says DPoP must show a token that is bound.
  const { reasons } = await audgate.decide({ ...ask(token), scheme: 'DPoP', http: { method: 'POST' } });
  expect(reasons.map(({ code }) => code)).toContain('token_not_bound');
  expect(await codes(audgate, token, BILLING)).toEqual(['indeterminate', 'introspection_unavailable']);
  expect(audgate.stderr()).toContain('has no credentials under introspection.credentials');
});

test.each([
  ['signed answers (RFC 9701) are believed', true, ['allow']],
  ['unsigned answers are none, where they are to be signed', false, ['indeterminate', 'introspection_unavailable']],
])('%s', async (_, signs, expected) => {
  const method = 'client_secret_basic';
  const login = await startLogin(
    [{ client_id: 'files-server', client_secret: 'secret', token_endpoint_auth_method: method }],
    { signs },
  );
  const secret_file = join(await scratch(), 'secret');
  await writeFile(secret_file, 'secret');
  const audgate = await start({
    registry: registryOf({
      issuer: login.issuer,
      introspection: { endpoint: `${login.issuer}/token/introspection`, signed: { jwks_uri: `${login.issuer}/jwks` } },
    }),
    config: {
      keys: { timeout_ms: PATIENT },
      introspection: {
        timeout_ms: PATIENT,
        credentials: { files: { client_id: 'files-server', method, secret_file } },
      },
    },
  });
  expect(await codes(audgate, await login.token(FILES))).toEqual(expected);
  const { issuers } = (await (await audgate.get('/v1/status')).json()) as Status;
  expect(issuers.login?.keys).toBe(signs ? 1 : 0);
});

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

test.each([
  ['RFC 8414', 'none', [OAUTH]],
  ['OpenID Connect Discovery', OAUTH, [OAUTH, OPENID]],
])('by %s the key set is found, and JWTs of the issuer are verified with it', async (_, lacks, paths) => {
  const login = await startLogin([], { format: 'jwt', lacks });
  const audgate = await start({
    registry: registryOf({ issuer: login.issuer, discovery: true }),
    config: { keys: { timeout_ms: PATIENT } },
  });
  const token = await login.token(FILES);
  expect(token.split('.')).toHaveLength(3);
  expect(await codes(audgate, token)).toEqual(['allow']);
  expect(await codes(audgate, token, BILLING)).toEqual(['deny', 'audience_mismatch']);
  expect(login.asked.filter((path) => path.startsWith('/.well-known'))).toEqual(paths);
  const { issuers } = (await (await audgate.get('/v1/status')).json()) as Status;
  expect(issuers.login).toMatchObject({ keys: 1, last_error: null });
});
