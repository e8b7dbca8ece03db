/** Real MCP clients, a real authorization server, and two servers that check their own tokens with `audgate/server`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGuard, protect } from '../../../src/server.ts';
import { scratch } from '../start.ts';
import { type AuthorizationServer, LIFETIME, startAuthorizationServer, USER } from './authorization-server.ts';
import { createClient, type Era, type Exchange } from './client.ts';
import { createTools, listen, recordOf, type Tools } from './mcp-server.ts';

interface World {
  readonly issuer: AuthorizationServer;
  readonly files: Tools & { readonly url: string };
  readonly billing: Tools & { readonly url: string };
}

/** Two servers, `files` and `billing`: one issuer, one set of keys, the same tools and scopes. */
async function startWorld(): Promise<World> {
  const issuer = await startAuthorizationServer();
  const places = { files: await listen(), billing: await listen() };
  const registry = join(await scratch(), 'registry.json');
  const urls = { files: `${places.files.origin}/mcp`, billing: `${places.billing.origin}/mcp` };
  const servers = { files: recordOf(urls.files), billing: recordOf(urls.billing) };
  await writeFile(registry, JSON.stringify({ issuers: { corp: issuer.record }, servers }));

  const start = async (key: 'files' | 'billing') => {
    issuer.add(urls[key], ['files:read', 'files:write']);
    const tools = createTools(key);
    const guard = await openGuard({ registry, server: { key } });
    places[key].use(protect(guard, tools.handler.fetch));
    return { ...tools, url: urls[key] };
  };
  return { issuer, files: await start('files'), billing: await start('billing') };
}

const refusals = (exchanges: readonly Exchange[]) => exchanges.filter(({ status }) => status === 401 || status === 403);

describe.each<Era>(['2025', '2026'])('a client of MCP %s', (era) => {
  test('finds its way from the first 401 to the call: metadata, registration, PKCE, resource, token', async () => {
    const { issuer, files } = await startWorld();
    const client = createClient(files.url, era);
    await client.connect();
    expect(await client.call('read_file')).toEqual({ text: 'read_file of files', isError: false });

    const metadata = files.url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp');
    const [first] = client.exchanges;
    expect(first).toMatchObject({ url: files.url, status: 401 });
    expect(first?.challenge).toBe(`Bearer resource_metadata="${metadata}", scope="files:read"`);
    const places = client.exchanges.slice(0, 5).map(({ url }) => url);
    expect(places).toEqual([
      files.url,
      metadata,
      `${issuer.issuer}/.well-known/oauth-authorization-server`,
      `${issuer.issuer}/reg`,
      `${issuer.issuer}/token`,
    ]);
    expect(issuer.asked).toEqual([
      { endpoint: 'auth', resource: files.url, scope: 'files:read' },
      { endpoint: 'token', resource: files.url, scope: undefined },
    ]);

    const { claims, type } = client.wallet;
    expect(type).toBe('at+jwt');
    expect(claims).toMatchObject({ iss: issuer.issuer, aud: files.url, sub: USER, scope: 'files:read' });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(LIFETIME);
    expect(files.ran).toEqual([{ tool: 'read_file', client: claims.client_id }]);
  });

  test('gets a scope that one tool needs when it needs it, and keeps the one that it had', async () => {
    const { files, issuer } = await startWorld();
    const client = createClient(files.url, era);
    await client.connect();
    expect(await client.call('write_file')).toEqual({ text: 'write_file of files', isError: false });

    const [, stepUp, ...more] = refusals(client.exchanges);
    expect(more).toEqual([]);
    expect(stepUp?.status).toBe(403);
    expect(stepUp?.challenge).toMatch(/^Bearer error="insufficient_scope",.* scope="files:write"$/);
    expect(client.wallet.redirects).toBe(2);
    expect(String(client.wallet.claims.scope).split(' ').sort()).toEqual(['files:read', 'files:write']);
    expect(issuer.clients()).toBe(1);
    expect(files.ran.map(({ tool }) => tool)).toEqual(['write_file']);
  });

  test('that brings a token of another server is led to the right one, and its call then succeeds', async () => {
    const { files, billing, issuer } = await startWorld();
    const ofFiles = createClient(files.url, era);
    await ofFiles.connect();
    const ofBilling = createClient(billing.url, era);
    ofBilling.wallet.steal(ofFiles.wallet);

    await ofBilling.connect();
    expect(await ofBilling.call('read_file')).toEqual({ text: 'read_file of billing', isError: false });
    const metadata = billing.url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp');
    expect(refusals(ofBilling.exchanges).map(({ status, challenge }) => ({ status, challenge }))).toEqual([
      {
        status: 401,
        challenge: `Bearer error="invalid_token", error_description="The access token is not valid for this server", resource_metadata="${metadata}", scope="files:read"`,
      },
    ]);
    expect(ofBilling.wallet.claims).toMatchObject({ iss: issuer.issuer, aud: billing.url });
    expect(ofFiles.wallet.claims).toMatchObject({ iss: issuer.issuer, aud: files.url });
  });
});

test('a token of one server opens nothing at the other, by whatever request', async () => {
  const { files, billing } = await startWorld();
  const client = createClient(files.url, '2025');
  await client.connect();
  const { token } = client.wallet;
  const message = (method: string, params = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const send = (url: string, body: string | null, method = 'POST') =>
    fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body,
    });

  const call = message('tools/call', { name: 'read_file', arguments: {} });
  expect((await send(files.url, call)).status).toBe(200);
  for (const body of [call, message('tools/list'), message('ping'), message('initialize')]) {
    expect((await send(billing.url, body)).status).toBe(401);
  }
  expect((await send(billing.url, null, 'GET')).status).toBe(401);
  expect((await send(billing.url, null, 'DELETE')).status).toBe(401);
  expect(billing.ran).toEqual([]);
});
