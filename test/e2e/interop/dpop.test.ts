/** Tokens of `oidc-provider` that are bound to keys of `oauth4webapi` and `dpop`, and proofs that these make. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as dpop from 'dpop';
import * as oauth from 'oauth4webapi';
import { expect, test } from 'vitest';
import { openGuard, protect } from '../../../src/server.ts';
import { startValkey } from '../../sources/valkey.ts';
import { createTools, listen, recordOf } from '../oidc/mcp-server.ts';
import { type Started, scratch, start, until } from '../start.ts';
import { startAuthorizationServer } from './authorization-server.ts';
import { createClient, LOCAL } from './client.ts';

const MESSAGE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'read_file', arguments: {} },
});
const MCP = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const KEYS = ['ES256', 'Ed25519', 'RS256', 'PS256'] as const;

/** A server that asks for bound tokens and nonces, with `audgate/server` in front of its handler. */
async function startServer(issuer: string, { nonce = true } = {}) {
  const place = await listen();
  const resource = `${place.origin}/mcp`;
  const folder = await scratch();
  const registry = join(folder, 'registry.json');
  const servers = { files: { ...recordOf(resource), sender_constraint: 'dpop' } };
  const corp = { issuer, discovery: true, algorithms: ['ES256'] };
  await writeFile(registry, JSON.stringify({ issuers: { corp }, servers }));
  await writeFile(join(folder, 'nonce'), randomBytes(48).toString('base64url'));
  const tools = createTools('files');
  const proofs = nonce ? { nonce: { secret_file: join(folder, 'nonce') } } : {};
  const guard = await openGuard({ registry, server: { key: 'files' }, proofs });
  place.use(protect(guard, tools.handler.fetch));
  return { resource, tools };
}

/** What the client is told, and that it read as an OAuth challenge. */
async function challengeOf(asked: Promise<Response>) {
  const error = await asked.then(
    (answer) => Promise.reject(new Error(`answered with ${answer.status}`)),
    (reason: unknown) => reason,
  );
  if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  return { status: error.status, scheme: error.cause[0]?.scheme, error: error.cause[0]?.parameters.error, full: error };
}

test('a client of oauth4webapi finds the server’s metadata, is asked for a nonce, and calls with it; one proof opens one call', async () => {
  const { issuer } = await startAuthorizationServer(() => ({}));
  const { resource, tools } = await startServer(issuer);
  const found = await oauth.resourceDiscoveryRequest(new URL(resource), LOCAL);
  const metadata = await oauth.processResourceDiscoveryResponse(new URL(resource), found);
  expect(metadata).toMatchObject({
    resource,
    authorization_servers: [issuer],
    dpop_bound_access_tokens_required: true,
  });
  expect(metadata.dpop_signing_alg_values_supported).toContain('ES256');

  const client = await createClient(metadata.authorization_servers?.[0] ?? '');
  const DPoP = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
  const token = await client.token(resource, { DPoP });
  const sent: Headers[] = [];
  const call = (text = token) =>
    oauth.protectedResourceRequest(text, 'POST', new URL(resource), new Headers(MCP), MESSAGE, {
      ...LOCAL,
      DPoP,
      [oauth.customFetch]: (url, init) => {
        sent.push(new Headers(init.headers));
        return fetch(url, init as RequestInit);
      },
    });

  const first = await challengeOf(call());
  expect(first).toMatchObject({ status: 401, scheme: 'dpop', error: 'use_dpop_nonce' });
  expect(oauth.isDPoPNonceError(first.full)).toBe(true);
  const answer = await call();
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('read_file of files');
  expect((await call()).status).toBe(200);
  expect(tools.ran).toHaveLength(2);

  // What went over the wire, sent again by whoever saw it.
  const seen = sent.at(-1);
  const again = await fetch(resource, { method: 'POST', headers: seen ?? {}, body: MESSAGE });
  expect(again.status).toBe(401);
  expect(again.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_dpop_proof"/);
  // The token alone, as a bearer's.
  const bearer = { ...MCP, authorization: `Bearer ${token}` };
  const stolen = await fetch(resource, { method: 'POST', headers: bearer, body: MESSAGE });
  expect(stolen.status).toBe(401);
  // The token with a proof of the thief's own.
  const thief = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
  const by = () =>
    oauth.protectedResourceRequest(token, 'POST', new URL(resource), new Headers(MCP), MESSAGE, {
      ...LOCAL,
      DPoP: thief,
    });
  expect(await challengeOf(by())).toMatchObject({ status: 401, error: 'invalid_dpop_proof' });
  // A token of the same key for somebody else's server.
  const foreign = await client.token('http://127.0.0.1:1/mcp', { DPoP });
  expect(await challengeOf(call(foreign))).toMatchObject({ status: 401, error: 'invalid_token' });
  // A tool that needs more.
  expect(tools.ran).toHaveLength(2);
});

test('proofs of dpop, of keys of each kind, open one call at two replicas with one Valkey', async () => {
  const { issuer } = await startAuthorizationServer(() => ({}));
  const files = 'https://files.example.com/mcp';
  const servers = { files: { ...recordOf(files), sender_constraint: 'dpop' } };
  const registry = { issuers: { corp: { issuer, discovery: true, algorithms: ['ES256'] } }, servers };
  const { url } = await startValkey();
  const config = { proofs: { replicas: 2, replay: { store: { valkey: { url } }, timeout_ms: 5000 } } };
  const replicas = await Promise.all([start({ registry, config }), start({ registry, config })]);
  const [one, other] = replicas;
  const client = await createClient(issuer);
  const endpoint = `${issuer}/token`;
  expect(client.server.token_endpoint).toBe(endpoint);

  /** Its token, bound to its key, and whatever proof beside it. */
  const holder = async (algorithm: dpop.JWSAlgorithm) => {
    const keys = await dpop.generateKeyPair(algorithm);
    const token = await client.token(files, { headers: { dpop: await dpop.generateProof(keys, endpoint, 'POST') } });
    return async ({ htu = files, htm = 'POST', by = keys } = {}) => ({
      ...{ server: files, token, scheme: 'DPoP', http: { method: 'POST' } },
      proof: { dpop: [await dpop.generateProof(by, htu, htm, undefined, token)] },
      call: { method: 'tools/call', tool: 'read_file' },
    });
  };
  const codes = async (at: Started | undefined, asked: object) => {
    const { decision, reasons } = (await at?.decide(asked)) ?? { decision: 'none', reasons: [] };
    return [decision, ...reasons.map(({ code }) => code)].join(' ');
  };
  // A new store is told apart from one that lost what it held once proofs of before are too old.
  const first = await holder('ES256');
  for (const replica of replicas)
    await until(
      async () => codes(replica, await first()),
      (said) => said === 'allow',
    );
  for (const algorithm of KEYS) {
    const question = await holder(algorithm);
    const once = await question();
    expect([algorithm, await codes(one, once)]).toEqual([algorithm, 'allow']);
    expect(await codes(other, once)).toBe('deny proof_replayed');
    expect(await codes(one, once)).toBe('deny proof_replayed');
    expect(await codes(other, await question())).toBe('allow');
    expect(await codes(other, await question({ htu: 'https://billing.example.com/mcp' }))).toBe('deny proof_invalid');
    expect(await codes(other, await question({ htm: 'GET' }))).toBe('deny proof_invalid');
    const by = await dpop.generateKeyPair(algorithm);
    expect(await codes(one, await question({ by }))).toBe('deny proof_mismatch');
  }
});
