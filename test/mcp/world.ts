/** A guard by real files, a real issuer and the real policy, in front of a handler that tells what it was given. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/config.ts';
import type { JsonObject } from '../../src/json/value.ts';
import { createMetrics } from '../../src/record/metrics.ts';
import { type Admission, type OpenedGuard, type OpenOptions, openGuard } from '../../src/server.ts';
import { createService, type Service } from '../../src/service.ts';
import { fileSources } from '../../src/sources.ts';
import { BILLING, FILES, type Issuer, registryOf, startIssuer } from '../e2e/issue.ts';
import { scratch } from '../e2e/start.ts';

export const METADATA = '/.well-known/oauth-protected-resource/mcp';
/** A call of the tool `read_file`, as its bytes. */
export const READ =
  '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a"}}}';

export interface World {
  readonly issuer: Issuer;
  readonly guard: OpenedGuard;
  /** What the guard told its log. */
  readonly logged: { readonly fields: object; readonly message: string }[];
  /** The registry's file. */
  readonly registry: string;
  /** Writes it anew, with these servers. */
  write(servers: Readonly<Record<string, string>>): Promise<void>;
}

/** `files` is guarded. @param more laid over the records of both servers */
export async function startWorld(more: JsonObject = {}, options: Partial<OpenOptions> = {}): Promise<World> {
  const issuer = await startIssuer();
  const registry = join(await scratch(), 'registry.json');
  const write: World['write'] = (servers) =>
    writeFile(registry, JSON.stringify(registryOf(issuer, servers, { advertised_scopes: ['files:read'], ...more })));
  await write({ files: FILES, billing: BILLING });
  const logged: World['logged'] = [];
  const note = (fields: object, message: string) => void logged.push({ fields, message });
  const log = { info: () => {}, warn: note, error: note };
  const guard = await openGuard({ registry, server: FILES, log, ...options });
  onTestFinished(() => guard.close());
  return { issuer, guard, logged, registry, write };
}

export interface Seen {
  readonly request: Request;
  readonly body: string;
  readonly admission: Admission;
}

/** Answers 200, and keeps what it was called with. */
export function witness() {
  const seen: Seen[] = [];
  const handler = async (request: Request, admission: Admission): Promise<Response> => {
    seen.push({ request, body: await request.clone().text(), admission });
    return new Response('done');
  };
  return { seen, handler };
}

/** A POST of a message to the server `files`, as a web-standard runtime hands it to its handler. */
export function post(token: string | null, body = READ, headers: Record<string, string> = {}, url = FILES): Request {
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body,
  });
}

/** A service as a user of the library builds one. */
export async function startService(registry: string): Promise<Service> {
  const started = await createService({
    sources: fileSources({ registry, bundle: null, allow_modified_core: false, now: Date.now }),
    keys: defaultConfig().keys,
    now: Date.now,
    ticks: process.hrtime.bigint,
    newId: () => crypto.randomUUID(),
    fetch: () => fetch,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    metrics: createMetrics(),
    recorder: { record: () => {}, flush: () => Promise.resolve(), dropped: () => 0 },
  });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  onTestFinished(() => started.service.close());
  return started.service;
}

/** A destination of decision records. */
export function collect() {
  const pieces: Buffer[] = [];
  const records = new Writable({
    write(chunk: Buffer, _, done) {
      pieces.push(chunk);
      done();
    },
  });
  const text = () => Buffer.concat(pieces).toString();
  const entries = () =>
    text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly input: { readonly call?: { readonly tool?: string } } });
  return { records, text, entries };
}
