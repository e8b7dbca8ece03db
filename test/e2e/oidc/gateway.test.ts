/**
 * The promise where it is made: servers `files` and `billing` of one issuer and one set of keys behind one real gateway,
 * which asks the real audgate; called by real MCP clients, which get their tokens from a real authorization server.
 */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { start as envoyGrpc } from '../../../conformance/gateways/envoy-grpc.ts';
import { start as envoyHttp } from '../../../conformance/gateways/envoy-http.ts';
import { freePort } from '../../../conformance/gateways/free-port.ts';
import type { StartGateway } from '../../../conformance/gateways/gateway.ts';
import { start as nginx } from '../../../conformance/gateways/nginx-njs.ts';
import { startGateway } from '../../examples/gateway-world.ts';
import { start as startAudgate } from '../start.ts';
import { LIFETIME, startAuthorizationServer, USER } from './authorization-server.ts';
import { createClient, type Era, type Exchange } from './client.ts';
import { createTools, listen, recordOf, type Tools } from './mcp-server.ts';

const KEY = 'key-of-the-gateway-under-test';

async function openWorld(start: StartGateway) {
  const issuer = await startAuthorizationServer();
  const [port, grpc] = [await freePort(), await freePort()];
  const urls = { files: `http://127.0.0.1:${port}/files/mcp`, billing: `http://127.0.0.1:${port}/billing/mcp` };
  for (const url of Object.values(urls)) issuer.add(url, ['files:read', 'files:write']);
  const audgate = await startAudgate({
    registry: {
      issuers: { corp: issuer.record },
      servers: { files: recordOf(urls.files), billing: recordOf(urls.billing) },
    },
    config: {
      grpc: { listen: `127.0.0.1:${grpc}` },
      callers: {
        gateway: {
          key_sha256: [createHash('sha256').update(KEY).digest('hex')],
          servers: ['files', 'billing'],
          may: ['decide'],
        },
      },
    },
  });
  const behind = { files: await startBehind('files'), billing: await startBehind('billing') };
  const servers = (['files', 'billing'] as const).map((key) => ({
    key,
    path: `/${key}/mcp`,
    upstream: behind[key].upstream,
  }));
  const addresses = { address: `127.0.0.1:${audgate.port}`, grpc: `127.0.0.1:${grpc}`, key: KEY };
  await startGateway(start, { port, audgate: addresses, servers });
  return {
    issuer,
    audgate,
    files: { url: urls.files, ran: behind.files.ran },
    billing: { url: urls.billing, ran: behind.billing.ran },
  };
}

/** An MCP server that believes whatever its gateway says of the client. */
async function startBehind(name: string): Promise<Tools & { readonly upstream: string }> {
  const place = await listen();
  const tools = createTools(name);
  place.use((request) => {
    const text = Buffer.from(request.headers.get('x-audgate-identity') ?? '', 'base64url').toString();
    const { client_id, scopes } = JSON.parse(text) as { client_id: string; scopes: string[] };
    return tools.handler.fetch(request, { authInfo: { token: '', clientId: client_id, scopes } });
  });
  return { ...tools, upstream: place.origin.replace('http://', '') };
}

const metadataOf = (url: string) => url.replace(/(:\d+)\//, '$1/.well-known/oauth-protected-resource/');
const refusals = (exchanges: readonly Exchange[]) => exchanges.filter(({ status }) => status === 401 || status === 403);

const GATEWAYS: readonly (readonly [string, StartGateway])[] = [
  ['nginx', nginx],
  ['Envoy (HTTP)', envoyHttp],
  ['Envoy (gRPC)', envoyGrpc],
];
const ERAS: readonly Era[] = ['2025', '2026'];

describe.each(GATEWAYS)('through %s', (_, start) => {
  test.each(ERAS)(
    'a client of MCP %s finds its way from the first 401 to its tools, each by its scope',
    async (era) => {
      const { issuer, files, billing } = await openWorld(start);
      const client = createClient(files.url, era);
      await client.connect();
      expect(await client.call('read_file')).toEqual({ text: 'read_file of files', isError: false });
      expect(issuer.asked).toEqual([
        { endpoint: 'auth', resource: files.url, scope: 'files:read' },
        { endpoint: 'token', resource: files.url, scope: undefined },
      ]);
      const { claims, type } = client.wallet;
      expect(type).toBe('at+jwt');
      expect(claims).toMatchObject({ iss: issuer.issuer, aud: files.url, sub: USER, scope: 'files:read' });
      expect(Number(claims.exp) - Number(claims.iat)).toBe(LIFETIME);
      expect(client.exchanges[1]).toMatchObject({ url: metadataOf(files.url), status: 200 });

      expect(await client.call('write_file')).toEqual({ text: 'write_file of files', isError: false });
      expect(refusals(client.exchanges).map(({ status, challenge }) => ({ status, challenge }))).toEqual([
        { status: 401, challenge: `Bearer resource_metadata="${metadataOf(files.url)}", scope="files:read"` },
        {
          status: 403,
          challenge: expect.stringMatching(/^Bearer error="insufficient_scope",.* scope="files:write"$/),
        },
      ]);
      expect(String(client.wallet.claims.scope).split(' ').sort()).toEqual(['files:read', 'files:write']);
      expect(files.ran).toEqual([
        { tool: 'read_file', client: claims.client_id },
        { tool: 'write_file', client: claims.client_id },
      ]);
      expect(billing.ran).toEqual([]);
    },
  );

  test.each(ERAS)('a client of MCP %s with its neighbour’s token is led to the right one', async (era) => {
    const { issuer, files, billing, audgate } = await openWorld(start);
    const ofFiles = createClient(files.url, era);
    await ofFiles.connect();
    const stolen = ofFiles.wallet.token;
    const ofBilling = createClient(billing.url, era);
    ofBilling.wallet.steal(ofFiles.wallet);

    await ofBilling.connect();
    expect(await ofBilling.call('read_file')).toEqual({ text: 'read_file of billing', isError: false });
    expect(refusals(ofBilling.exchanges).map(({ status, challenge }) => ({ status, challenge }))).toEqual([
      {
        status: 401,
        challenge: `Bearer error="invalid_token", error_description="The access token is not valid for this server", resource_metadata="${metadataOf(billing.url)}", scope="files:read"`,
      },
    ]);
    expect(ofBilling.wallet.claims).toMatchObject({ iss: issuer.issuer, aud: billing.url });
    expect(ofBilling.wallet.token).not.toBe(stolen);
    expect(audgate.stdout()).toContain('audience_mismatch');
    expect(audgate.stdout()).not.toContain(stolen.split('.')[2]);
    expect(files.ran).toEqual([]);
  });

  test('the token of one server reaches no tool of the other, whatever is asked with it', async () => {
    const { files, billing } = await openWorld(start);
    const client = createClient(files.url, '2025');
    await client.connect();
    const ask = (url: string, method: string, params = {}) =>
      fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${client.wallet.token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'x-audgate-server': 'files',
          'x-original-uri': '/files/mcp',
          'x-forwarded-uri': '/files/mcp',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
    const call = { name: 'read_file', arguments: {} };
    expect((await ask(files.url, 'tools/call', call)).status).toBe(200);
    const methods = [['tools/call', call], ['tools/list'], ['initialize'], ['ping']] as const;
    for (const [method, params] of methods) expect((await ask(billing.url, method, params)).status).toBe(401);
    expect(files.ran).toHaveLength(1);
    expect(billing.ran).toEqual([]);
  });
});
