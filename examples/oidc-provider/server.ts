/** An authorization server that issues what audgate allows, and nothing else. It listens where registry.yaml says. */
import { createServer } from 'node:http';
import { createClient } from 'audgate/client';
import { createLocalJWKSet, exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { createGuard } from './guard.ts';
import { registerTokenExchange, TOKEN_EXCHANGE } from './token-exchange.ts';

const ISSUER = 'http://127.0.0.1:3001';
const key = process.env.AUDGATE_KEY;

// Of an authorization server that lives for one try. Yours keeps its key, and signs with it after a restart.
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const named = { kid: 'example-1', use: 'sig', alg: 'ES256' };
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), ...named }] });

const guard = createGuard({
  // Everyone who wants a token waits for this; beyond it they are told to try again.
  audgate: createClient({ url: 'http://127.0.0.1:8181', timeout_ms: 2000, ...(key !== undefined && { key }) }),
  token: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
});

const confidential = {
  client_secret: 'a-secret-of-this-example',
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: 'ES256',
  redirect_uris: [],
  response_types: [],
} as const;

const provider = new Provider(
  ISSUER,
  guard.configure({
    clients: [
      { ...confidential, client_id: 'agent', grant_types: ['client_credentials'] },
      { ...confidential, client_id: 'gateway', grant_types: [TOKEN_EXCHANGE] },
      {
        client_id: 'app',
        token_endpoint_auth_method: 'none',
        id_token_signed_response_alg: 'ES256',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1:3002/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...named }] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    cookies: { keys: [crypto.randomUUID()] },
    // Its built-in pages let everyone in by any name. Yours do not.
    findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    features: { clientCredentials: { enabled: true } },
  }),
);
registerTokenExchange(provider, { guard, keys, algorithms: ['ES256'] });
// What the client is not told: audgate's reasons, and its decision's id.
const log = (error: Error) => console.error(error.message, 'error_detail' in error ? error.error_detail : '');
provider.on('authorization.error', (_, error) => log(error));
provider.on('grant.error', (_, error) => log(error));
provider.on('server_error', (_, error) => log(error));

const server = createServer(provider.callback());
server.listen(3001, '127.0.0.1', () => console.log(`listening at ${ISSUER}`));
