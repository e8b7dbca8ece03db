/**
 * The hub of `examples/hub`, in front of two servers that guard themselves, behind one real authorization server that asks
 * audgate before it issues: what a client of the hub reaches, and that its token, passed on, reaches nothing.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHub, type HubParts } from '../../../examples/hub/hub.ts';
import { createTokens, type TokenParts } from '../../../examples/hub/tokens.ts';
import { createClient } from '../../../src/client/create.ts';
import { openGuard, protect } from '../../../src/server.ts';
import { listen as listenForLogin, SECRET, startAuthorizationServer } from '../issuance/authorization-server.ts';
import { requestsTo } from '../issuance/client.ts';
import { createTools, listen } from '../oidc/mcp-server.ts';
import { type Started, start } from '../start.ts';
import { callerOf } from './client.ts';

const SCOPES = 'files:read billing:read';

type World = Awaited<ReturnType<typeof startWorld>>;

async function startWorld() {
  const login = await listenForLogin();
  const places = { hub: await listen(), files: await listen(), billing: await listen() };
  const urls = {
    hub: `${places.hub.origin}/mcp`,
    files: `${places.files.origin}/mcp`,
    billing: `${places.billing.origin}/mcp`,
  };
  const record = (resource: string, more: object) => ({
    ...{ resource, issuers: ['login'], max_lifetime_seconds: 300, methods: { 'http/get': {}, 'http/delete': {} } },
    ...more,
  });
  const tools = (name: string) => ({
    tools: { read_file: { scopes: [`${name}:read`] }, write_file: { scopes: [`${name}:write`] } },
    advertised_scopes: [`${name}:read`],
  });
  const edge = (to: string) => ({ from: 'hub', to, client: 'gateway', scopes: [`${to}:read`] });
  const audgate = await start({
    registry: {
      issuers: { login: { issuer: login.issuer, jwks_uri: `${login.issuer}/jwks`, algorithms: ['ES256'] } },
      servers: {
        hub: record(urls.hub, { hub: { backends: { files_: 'files', billing_: 'billing' } } }),
        files: record(urls.files, tools('files')),
        billing: record(urls.billing, tools('billing')),
      },
      exchanges: [edge('files'), edge('billing')],
    },
  });
  const client = createClient({ url: audgate.url, timeout_ms: 30_000 });
  await startAuthorizationServer(login, { audgate: client });
  const requests = requestsTo(login.issuer);
  const tokenOf = async (resource: string, scope = SCOPES) => {
    const { access_token, error } = await requests.token('app', {
      ...{ grant_type: 'client_credentials', resource, scope },
    });
    if (access_token === undefined) throw new Error(`no token for ${resource}: ${error}`);
    return access_token;
  };

  const registry = join(audgate.folder, 'registry.json');
  const behind = { files: createTools('files'), billing: createTools('billing') };
  for (const key of ['files', 'billing'] as const) {
    const guard = await openGuard({ registry, server: { key } });
    places[key].use(protect(guard, behind[key].handler.fetch));
  }
  const refused: { readonly server: string; readonly codes: readonly string[] }[] = [];
  const open = (tokenFor: HubParts['tokenFor']) => {
    refused.length = 0;
    places.hub.use(
      createHub({
        audgate: client,
        resource: urls.hub,
        backends: [
          { prefix: 'files_', resource: urls.files, url: urls.files },
          { prefix: 'billing_', resource: urls.billing, url: urls.billing },
        ],
        tokenFor,
        refused: (server, codes) => refused.push({ server, codes }),
      }),
    );
  };
  const tokens = (grant: TokenParts['grant']) =>
    createTokens({ token_endpoint: `${login.issuer}/token`, client_id: 'gateway', client_secret: SECRET, grant });
  return { audgate, urls, behind, tokenOf, open, tokens, refused };
}

/** What audgate recorded of decisions at one server since `from`, a place in its standard output. */
function recorded(audgate: Started, from: number): readonly { server: string; decision: string; client: string }[] {
  const lines = audgate.stdout().slice(from).split('\n');
  return lines.flatMap((line) => {
    if (!line.includes('"path":"audgate/decide"')) return [];
    const { result } = JSON.parse(line);
    return [{ server: result.server, decision: result.decision, client: result.principal?.client_id ?? null }];
  });
}

/** One start for all: each step reads what ran from its own beginning. */
test('a hub gets a token of its own for each server behind it, and its clients’ open nothing there', async () => {
  const world = await startWorld();
  for (const grant of ['exchange', 'client_credentials'] as const) await callsBothBy(grant, world);
  await listsWhatTheTokenOpens(world);
  for (const key of ['files', 'billing'] as const) await refusesTheHubsToken(key, world);
  await stopsAHubThatPassesOn(world);
  await refusesTokensOfServersBehind(world);
});

async function callsBothBy(grant: TokenParts['grant'], { audgate, urls, behind, tokenOf, open, tokens }: World) {
  open(tokens(grant));
  const ran = { files: behind.files.ran.length, billing: behind.billing.ran.length };
  const from = audgate.stdout().length;
  const caller = await callerOf(urls.hub, await tokenOf(urls.hub));
  expect(await caller.list()).toEqual(['billing_read_file', 'files_read_file']);
  expect(await caller.call('files_read_file')).toEqual({ text: 'read_file of files', isError: false });
  expect(await caller.call('billing_read_file')).toEqual({ text: 'read_file of billing', isError: false });
  await caller.close();
  expect(behind.files.ran.slice(ran.files)).toEqual([{ tool: 'read_file', client: 'gateway' }]);
  expect(behind.billing.ran.slice(ran.billing)).toEqual([{ tool: 'read_file', client: 'gateway' }]);
  // Each hop is a decision of its own, about a token of its own.
  await expect
    .poll(() => recorded(audgate, from), { timeout: 30_000 })
    .toEqual(
      expect.arrayContaining([
        { server: 'hub', decision: 'allow', client: 'app' },
        { server: 'files', decision: 'allow', client: 'gateway' },
        { server: 'billing', decision: 'allow', client: 'gateway' },
      ]),
    );
  expect(recorded(audgate, from).every(({ server, client }) => (server === 'hub') === (client === 'app'))).toBe(true);
}

async function listsWhatTheTokenOpens({ urls, behind, tokenOf, open, tokens }: World) {
  open(tokens('exchange'));
  const ran = behind.billing.ran.length;
  const caller = await callerOf(urls.hub, await tokenOf(urls.hub, 'files:read'));
  expect(await caller.list()).toEqual(['files_read_file']);
  await expect(caller.call('billing_read_file')).rejects.toThrow();
  await expect(caller.call('files_write_file')).rejects.toThrow();
  await caller.close();
  expect(behind.billing.ran).toHaveLength(ran);
}

/** By the server itself, to a client of the SDK and to bare HTTP, and by audgate. */
async function refusesTheHubsToken(key: 'files' | 'billing', { audgate, urls, behind, tokenOf }: World) {
  const token = await tokenOf(urls.hub);
  const ran = behind[key].ran.length;
  await expect(callerOf(urls[key], token)).rejects.toThrow();
  const body = JSON.stringify({
    ...{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read_file', arguments: {} } },
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const accept = 'application/json, text/event-stream';
  const answer = await fetch(urls[key], { method: 'POST', headers: { ...headers, accept }, body });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect(behind[key].ran).toHaveLength(ran);
  const decision = await audgate.decide({ server: urls[key], token, body });
  expect(decision.reasons.map(({ code }) => code)).toEqual(['audience_mismatch', 'token_passthrough']);
  expect(decision.reasons[1]?.message).toContain('hub "hub" in front of server');
}

async function stopsAHubThatPassesOn({ urls, behind, tokenOf, open, refused }: World) {
  open(async (_, inbound) => inbound);
  const ran = [behind.files.ran.length, behind.billing.ran.length];
  const caller = await callerOf(urls.hub, await tokenOf(urls.hub));
  for (const tool of ['files_read_file', 'billing_read_file']) {
    expect(await caller.call(tool)).toEqual({ text: 'The hub may not make this call.', isError: true });
  }
  await caller.close();
  const codes = ['audience_mismatch', 'token_passthrough'];
  expect(refused).toEqual([
    { server: urls.files, codes },
    { server: urls.billing, codes },
  ]);
  expect([behind.files.ran.length, behind.billing.ran.length]).toEqual(ran);
}

async function refusesTokensOfServersBehind({ urls, tokenOf, open, tokens }: World) {
  open(tokens('exchange'));
  for (const key of ['files', 'billing'] as const) {
    await expect(callerOf(urls.hub, await tokenOf(urls[key], `${key}:read`))).rejects.toThrow();
  }
}
