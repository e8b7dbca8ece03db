/** A real introspection endpoint on loopback, an issuer that is asked there, and whoever asks it as audgate does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { ClientCredentials } from '../../../src/config/introspection.ts';
import { createKeys } from '../../../src/facts/keys/look-up.ts';
import { request } from '../../../src/facts/keys/request.ts';
import { createAuthenticate } from '../../../src/facts/token/authenticate-client.ts';
import { createIntrospector, type IntrospectionEvent } from '../../../src/facts/token/introspect.ts';
import { createTokenReader } from '../../../src/facts/token/read.ts';
import type { Introspection, IssuerRecord, KeySource } from '../../../src/registry/registry.ts';
import { issuerRecord } from '../keys/serve.ts';

export const START = Date.parse('2026-11-23T12:00:00Z');
export const NOW = START / 1000;
export const ISS = 'https://login.example.com';
export const FILES = 'https://files.example.com/mcp';

export interface Question {
  readonly headers: IncomingMessage['headers'];
  readonly form: URLSearchParams;
}
export type Answer = (question: Question, response: ServerResponse) => void;

export interface IntrospectionServer {
  readonly endpoint: string;
  /** What it was asked so far. */
  readonly questions: readonly Question[];
  answer(answer: Answer): void;
}

/** What a right answer holds. */
export const active = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  active: true,
  iss: ISS,
  aud: FILES,
  client_id: 'client-1',
  sub: 'user-1',
  scope: 'files:read',
  iat: NOW,
  exp: NOW + 300,
  ...over,
});

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

export async function serveIntrospection(first: Answer = json(active())): Promise<IntrospectionServer> {
  let current = first;
  const questions: Question[] = [];
  const server = createServer(async (incoming, response) => {
    const question = { headers: incoming.headers, form: new URLSearchParams(await text(incoming)) };
    questions.push(question);
    current(question, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/introspect`,
    questions,
    answer: (next) => {
      current = next;
    },
  };
}

export function asked(endpoint: string, over: Partial<Introspection> = {}): IssuerRecord {
  const key_source: KeySource = {
    kind: 'introspection',
    endpoint,
    signed: null,
    allow_private_network: false,
    ...over,
  };
  return issuerRecord(key_source, ['ES256'], { key: 'opaque', issuer: ISS, token_types: ['introspection'] });
}

export interface AskerOptions {
  readonly cache_seconds?: number;
  readonly cacheSize?: number;
  readonly timeout_ms?: number;
  readonly credentials?: Readonly<Record<string, ClientCredentials>>;
  readonly files?: Readonly<Record<string, string>>;
}

const CREDENTIALS: Readonly<Record<string, ClientCredentials>> = {
  files: { client_id: 'files-server', method: 'client_secret_basic', secret_file: 'files.secret' },
  billing: { client_id: 'billing-server', method: 'client_secret_basic', secret_file: 'billing.secret' },
};
const FILES_OF: Readonly<Record<string, string>> = { 'files.secret': 's3cret\n', 'billing.secret': 'other' };

/** A reader of tokens with a clock to be moved. */
export function reading(options: AskerOptions = {}) {
  const {
    cache_seconds = 10,
    cacheSize = 100,
    timeout_ms = 30_000,
    credentials = CREDENTIALS,
    files = FILES_OF,
  } = options;
  let clock = START;
  let ids = 0;
  const events: IntrospectionEvent[] = [];
  const now = () => clock;
  const keys = createKeys({
    fetch: () => globalThis.fetch,
    now,
    settings: { max_age_seconds: 300, cooldown_seconds: 30, timeout_ms, outage_ceiling_seconds: 3600 },
  });
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    keys.close();
  });
  const introspector = createIntrospector({
    send: (question) => request(question, { fetch: globalThis.fetch, timeout_ms, stop: stop.signal }),
    authenticate: createAuthenticate({
      credentials,
      readFile: (path) => {
        const found = files[path];
        return found === undefined ? Promise.reject(new Error(`no file ${path}`)) : Promise.resolve(found);
      },
      now,
      newId: () => `id-${++ids}`,
    }),
    lookup: keys.lookup,
    now,
    cache_seconds,
    cacheSize,
    onEvent: (event) => events.push(event),
  });
  const reader = createTokenReader({ lookup: keys.lookup, cacheSize: 100, introspector });
  return {
    reader,
    introspector,
    events,
    pass: (seconds: number) => {
      clock += seconds * 1000;
    },
  };
}

/** The server, and a registry of these issuers, of which it lists those that are named. */
export function serverWith(issuers: readonly IssuerRecord[], listed = issuers.map(({ key }) => key), key = 'files') {
  return {
    registry: {
      issuerByIss: new Map(issuers.map((issuer) => [issuer.issuer, issuer])),
      issuers: new Map(issuers.map((issuer) => [issuer.key, issuer])),
    },
    server: { key, resource: `https://${key}.example.com/mcp`, issuers: listed },
  };
}
