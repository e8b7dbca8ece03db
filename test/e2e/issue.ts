/** A real issuer: a key server over HTTP that can go down, come back and change its keys, and really signed tokens. */
import { createServer, type Server } from 'node:http';
import { onTestFinished } from 'vitest';
import { freePort } from '../../conformance/gateways/free-port.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createIssuerKey, type IssuerKey, mint, type TokenSpec } from '../../src/testing/mint.ts';

export const ISS = 'https://login.example.com';

export interface Issuer {
  /** Its record in a registry. */
  readonly record: object;
  readonly key: IssuerKey;
  /** What its key server answers from now on. */
  publish(...keys: readonly IssuerKey[]): void;
  /** From now on nobody listens at its key server. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Milliseconds that each answer of its key server takes from now on. */
  slow(milliseconds: number): void;
  /** Requests that reached its key server. */
  requests(): number;
  /** A right token for a resource, for 300 s, with scope files:read, and how it departs from that. */
  token(resource: string, spec?: TokenSpec, key?: IssuerKey): Promise<string>;
}

export async function startIssuer(): Promise<Issuer> {
  const key = await createIssuerKey('key-1', 'ES256');
  let published: readonly IssuerKey[] = [key];
  let delay = 0;
  let requests = 0;
  let server: Server | null = null;
  // Also while it is down, nobody else gets it by chance.
  const port = await freePort();
  let tokens = 0;

  const up = async () => {
    const next = createServer((_, answer) => {
      requests += 1;
      const body = JSON.stringify({ keys: published.map(({ jwk }) => jwk) });
      setTimeout(() => answer.setHeader('content-type', 'application/json').end(body), delay);
    });
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve));
    server = next;
  };
  const down = async () => {
    const last = server;
    server = null;
    if (last === null) return;
    const closed = new Promise((resolve) => last.close(resolve));
    last.closeAllConnections();
    await closed;
  };
  await up();
  onTestFinished(down);
  return {
    record: { issuer: ISS, jwks_uri: `http://127.0.0.1:${port}/jwks`, algorithms: ['ES256'] },
    key,
    publish: (...keys) => {
      published = keys;
    },
    up,
    down,
    slow: (milliseconds) => {
      delay = milliseconds;
    },
    requests: () => requests,
    token: (resource, spec = {}, signer = key) => {
      const now = Math.floor(Date.now() / 1000);
      tokens += 1;
      const right = { issuer: ISS, type: 'at+jwt', audience: resource, scopes: ['files:read'], now };
      return mint(signer, { ...right, token_id: `token-${tokens}` }, spec);
    },
  };
}

/** A registry of this issuer with so many servers, each with the tool that `readFile` calls. */
export function registryOf(issuer: Issuer, servers: Readonly<Record<string, string>>, more: JsonObject = {}): object {
  const records = Object.entries(servers).map(([key, resource]) => [
    key,
    {
      resource,
      issuers: ['corp'],
      max_lifetime_seconds: 900,
      tools: { read_file: { scopes: ['files:read'] } },
      ...more,
    },
  ]);
  return { issuers: { corp: issuer.record }, servers: Object.fromEntries(records) };
}

export const FILES = 'https://files.example.com/mcp';
export const BILLING = 'https://billing.example.com/mcp';

/** A call of the tool read_file with this token at this server. */
export const readFile = (server: string, token: string | null) => ({
  server,
  token,
  call: { method: 'tools/call', tool: 'read_file', arguments: {} },
});
