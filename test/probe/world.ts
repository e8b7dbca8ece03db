/** Live servers, an issuer that publishes the key of the probe, and the command that probes them. */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { OAuthError, OAuthErrorCode, requireBearerAuth } from '@modelcontextprotocol/server';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { onTestFinished } from 'vitest';
import type { Attempt, Check, IssuerAttempt } from '../../src/probe/report.ts';
import { inProcess } from '../cli/in-process.ts';
import { createTools, listen } from '../e2e/oidc/mcp-server.ts';
import { scratch } from '../e2e/start.ts';

export const ISS = 'https://login.example.com';

export interface Keys {
  readonly publicJwk: object;
  readonly privateJwk: object;
  readonly verify: CryptoKey;
}

export async function createKeys(): Promise<Keys> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const named = { kid: 'canary-1', alg: 'ES256' };
  return {
    publicJwk: { ...(await exportJWK(publicKey)), ...named },
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
    verify: publicKey,
  };
}

export const metadataOf = (resource: string) => resource.replace('/mcp', '/.well-known/oauth-protected-resource/mcp');

/** What the SDK's own server looks at, beside the signature. */
export interface Judging {
  readonly audience: boolean;
  readonly scopes?: string[];
}

/** The official SDK's server behind its own bearer check. @returns its resource */
export async function startSdkServer(
  { verify }: Keys,
  { audience, scopes = [] }: Judging,
): Promise<{ resource: string; ran: () => number }> {
  const { origin, use } = await listen();
  const resource = `${origin}/mcp`;
  const tools = createTools('files');
  const authorize = requireBearerAuth({
    verifier: {
      async verifyAccessToken(token) {
        const { payload } = await jwtVerify(token, verify, { issuer: ISS, currentDate: new Date(0) }).catch(() => {
          throw new OAuthError(OAuthErrorCode.InvalidToken, 'no token of this issuer');
        });
        const [aud = '', ...others] = [payload.aud ?? []].flat();
        const expiresAt = payload.exp ?? 0;
        return {
          token,
          clientId: String(payload.client_id),
          scopes: [],
          expiresAt,
          resource: others.length === 0 ? new URL(aud) : new URL('https://several.invalid/'),
        };
      },
    },
    resourceMetadataUrl: metadataOf(resource),
    requiredScopes: scopes,
    ...(audience && { expectedResource: new URL(resource) }),
  });
  const metadata = {
    resource,
    authorization_servers: [ISS],
    scopes_supported: [],
    bearer_methods_supported: ['header'],
  };
  use(async (request) => {
    if (request.url === metadataOf(resource)) return Response.json(metadata);
    const info = await authorize(request);
    return info instanceof Response ? info : tools.handler.fetch(request, { authInfo: info });
  });
  return { resource, ran: () => tools.ran.length };
}

export type Answering = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: { readonly message: { readonly method?: string }; readonly token: string | null; readonly resource: string },
) => unknown;

/** Any HTTP server. @returns its origin */
export async function startHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface ProbeReport {
  readonly servers: readonly {
    readonly server: string;
    readonly attempts: readonly Attempt[];
    readonly checks: readonly Check[];
    readonly notes: readonly string[];
  }[];
  readonly issuers: readonly {
    readonly issuer: string;
    readonly attempts: readonly IssuerAttempt[];
    readonly checks: readonly Check[];
  }[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface Files {
  readonly folder: string;
  readonly registry: string;
  readonly key: string;
}

/** A registry of these servers by resource, and the probe's key. @param more laid over each server's record */
export async function writeFiles(
  keys: Keys,
  servers: Readonly<Record<string, string>>,
  more: object = {},
): Promise<Files> {
  const folder = await scratch();
  const records = Object.entries(servers).map(([key, resource]) => [
    key,
    { resource, issuers: ['corp'], max_lifetime_seconds: 300, tools: { read_file: {} }, ...more },
  ]);
  const issuers = { corp: { issuer: ISS, jwks: { keys: [keys.publicJwk] }, algorithms: ['ES256'] } };
  const registry = join(folder, 'registry.json');
  const key = join(folder, 'canary.jwk');
  await writeFile(registry, JSON.stringify({ issuers, servers: Object.fromEntries(records) }));
  await writeFile(key, JSON.stringify(keys.privateJwk));
  return { folder, registry, key };
}

export async function probe({ registry, key }: Files, ...args: readonly string[]) {
  const ran = await inProcess(['probe', '--registry', registry, '--key', key, '--json', ...patient(args)]);
  const report = ran.stdout === '' ? null : (JSON.parse(ran.stdout) as ProbeReport);
  return { ...ran, report };
}

/** A loaded machine answers late; no test is about that, unless it says so. */
export const patient = (args: readonly string[]) =>
  args.includes('--timeout-ms') ? args : [...args, '--timeout-ms', '30000'];

export const verdicts = (report: ProbeReport | null, server = 'files') =>
  Object.fromEntries(
    report?.servers.find((one) => one.server === server)?.attempts.map(({ kind, verdict }) => [kind, verdict]) ?? [],
  );

export const differing = (report: ProbeReport | null, server = 'files') =>
  report?.servers
    .find((one) => one.server === server)
    ?.checks.filter(({ verdict }) => verdict !== 'same')
    .map(({ check }) => check);
