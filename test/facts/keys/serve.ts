/** A real key server on loopback, real keys, and the registry record of the issuer that they belong to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { PROFILES } from '../../../src/registry/profile/profiles.ts';
import type { Algorithm, IssuerRecord, KeySource } from '../../../src/registry/registry.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface KeyServer {
  readonly url: string;
  /** Requests so far. */
  count(): number;
  /** What to answer from now on: members of a key set, or anything else. */
  answer(what: readonly unknown[] | Answer): void;
  close(): Promise<void>;
}

export async function serveKeys(members: readonly unknown[] = []): Promise<KeyServer> {
  let current: Answer = set(members);
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    current(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/jwks`,
    count: () => requests,
    answer: (what) => {
      current = typeof what === 'function' ? what : set(what);
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export function send(body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
}

function set(members: readonly unknown[]): Answer {
  return send(JSON.stringify({ keys: members }));
}

export interface Pair {
  readonly privateKey: CryptoKey;
  /** Public, with kid and alg. */
  readonly jwk: JWK & { readonly kid: string };
}

export async function generate(alg: Algorithm, kid: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

export function issuerRecord(
  key_source: KeySource,
  algorithms: readonly Algorithm[] = ['ES256'],
  over: Partial<IssuerRecord> = {},
): IssuerRecord {
  const key = over.key ?? 'corp';
  const issuer = over.issuer ?? 'https://login.example.com';
  return {
    key,
    issuer,
    key_source,
    algorithms,
    profile: PROFILES.rfc9068,
    token_types: ['at+jwt'],
    extra_audiences: [],
    clock_tolerance_seconds: 5,
    disabled: false,
    source: { file: 'registry.yaml', line: 1 },
    input: { key, issuer, extra_audiences: [], clock_tolerance_seconds: 5 },
    ...over,
  };
}

export function at(url: string): KeySource {
  return { kind: 'jwks_uri', url, allow_private_network: false };
}
