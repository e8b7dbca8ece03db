/** What the examples of `audgate probe` need: a server that refuses every token, its authorization server, and a key for canaries. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';

const CANARY = 'https://canary.example.com/mcp';

export interface Live {
  /** A registry, in the folder. */
  readonly registry: string;
  stop(): Promise<unknown>;
}

/** Writes `live.json`, `canary.jwk` and `probe.secret` into the folder. */
export async function startLive(folder: string): Promise<Live> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const named = { kid: 'canary-1', alg: 'ES256' };
  const http = createServer((request, response) => {
    const { url = '' } = request;
    const json = (status: number, body: object, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (url.startsWith('/.well-known/oauth-authorization-server'))
      return void json(200, { issuer: origin, token_endpoint: `${origin}/token` });
    if (url.startsWith('/.well-known/')) {
      const resource = `${origin}/${url.split('/').at(-1)}`;
      return void json(200, { resource, authorization_servers: [origin], scopes_supported: ['files:read'] });
    }
    if (url !== '/token') {
      const error = request.headers.authorization === undefined ? '' : 'error="invalid_token", ';
      const place = `${origin}/.well-known/oauth-protected-resource${url}`;
      return void json(401, {}, { 'www-authenticate': `Bearer ${error}resource_metadata="${place}"` });
    }
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      const [resource = '', ...others] = new URLSearchParams(text).getAll('resource');
      const known = [`${origin}/files`, `${origin}/billing`, CANARY].includes(resource) && others.length === 0;
      if (!known) return void json(400, { error: 'invalid_target' });
      const iat = Math.floor(Date.now() / 1000);
      const claims = JSON.stringify({ aud: resource, iat, exp: iat + 60 });
      json(200, { access_token: `e30.${Buffer.from(claims).toString('base64url')}.`, token_type: 'Bearer' });
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server = (key: string) => ({
    resource: `${origin}/${key}`,
    issuers: ['corp'],
    max_lifetime_seconds: 300,
    advertised_scopes: ['files:read'],
    tools: { read_file: { scopes: ['files:read'] } },
  });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), ...named }] };
  const registry = {
    issuers: { corp: { issuer: origin, algorithms: ['ES256'], jwks } },
    servers: { files: server('files'), billing: server('billing') },
  };
  await writeFile(join(folder, 'live.json'), JSON.stringify(registry));
  await writeFile(join(folder, 'canary.jwk'), JSON.stringify({ ...(await exportJWK(privateKey)), ...named }));
  await writeFile(join(folder, 'probe.secret'), 'secret\n');
  return {
    registry: './live.json',
    stop() {
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeAllConnections();
      return closed;
    },
  };
}
