/** One guarded request for a bundle. Every failure is a value; its text holds no URL, header or body. */
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export type Download =
  | {
      readonly ok: true;
      readonly status: 200;
      readonly bytes: Uint8Array;
      readonly etag: string | null;
      readonly longPolling: boolean;
    }
  | { readonly ok: true; readonly status: 304; readonly longPolling: boolean }
  /** In the middle of a sentence. */
  | { readonly ok: false; readonly problem: string };

export interface DownloadParts {
  readonly url: string;
  /** Of what is held; null: none, and then everything is sent. */
  readonly etag: string | null;
  /** Seconds that the server may wait for a new bundle; undefined: it should answer at once. */
  readonly wait_seconds?: number | undefined;
  /** For connection, headers and body together, on top of the wait. */
  readonly timeout_ms: number;
  readonly bearer_file?: string | undefined;
  readonly tls?: { readonly certificate?: string; readonly key?: string; readonly ca?: string } | undefined;
  readonly stop: AbortSignal;
}

/** Bytes of a packed bundle; unpacked it may be twice as large. */
export const MAX_BUNDLE = 16 * 1024 * 1024;
/** One that can be sent back as it is, and that no server refuses for its length: it would refuse each request from then on. */
const ETAG = /^[\x21-\x7e\x80-\xff]{1,1024}$/;
/** The type by which a server says that it knows long polling (OPA's bundle protocol). */
const LONG_POLLING = 'application/vnd.openpolicyagent.bundles';

export async function download(parts: DownloadParts): Promise<Download> {
  const { wait_seconds, timeout_ms, stop } = parts;
  let options: Readonly<Record<string, unknown>>;
  try {
    options = await optionsOf(parts);
  } catch (error) {
    return failed(
      error instanceof FileProblem ? error.message : `a file for the request cannot be read (${codeOf(error)})`,
    );
  }
  const deadline = AbortSignal.timeout(timeout_ms + (wait_seconds ?? 0) * 1000);
  try {
    const response = await send(parts.url, { ...options, signal: AbortSignal.any([deadline, stop]) });
    try {
      return await read(response, parts.etag !== null);
    } finally {
      // Frees the connection of a body that was refused unread; after a complete one it changes nothing.
      response.destroy();
    }
  } catch (error) {
    if (stop.aborted) return failed('the request was stopped');
    if (deadline.aborted) return failed(`no complete answer within ${timeout_ms} ms`);
    return failed(
      codeOf(error) === 'ECONNRESET' ? 'the answer was cut off (ECONNRESET)' : `the request failed (${codeOf(error)})`,
    );
  }
}

class FileProblem extends Error {}
class CutOff extends Error {
  readonly code = 'ECONNRESET';
}

async function optionsOf({ etag, wait_seconds, bearer_file, tls }: DownloadParts) {
  const wait = wait_seconds === undefined ? '' : `;wait=${wait_seconds}`;
  const headers: Record<string, string> = { accept: '*/*', prefer: `modes=snapshot${wait}` };
  if (etag !== null) headers['if-none-match'] = etag;
  if (bearer_file !== undefined) {
    const token = (await readFile(bearer_file, 'latin1')).trim();
    if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
      throw new FileProblem('bearer_file holds no bearer token (RFC 6750 §2.1)');
    headers.authorization = `Bearer ${token}`;
  }
  const file = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [cert, key, ca] = await Promise.all([file(tls?.certificate), file(tls?.key), file(tls?.ca)]);
  // A connection each time: an old one would go on with a certificate that was replaced.
  return { headers, agent: false, ...(cert && { cert }), ...(key && { key }), ...(ca && { ca }) };
}

function send(url: string, options: object): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    request(url, options, resolve)
      .on('error', reject)
      // An answer that would change the protocol ends the connection without any error.
      .on('close', () => reject(new CutOff()))
      .end();
  });
}

async function read(response: IncomingMessage, asked: boolean): Promise<Download> {
  const { statusCode = 0, headers } = response;
  const longPolling = headers['content-type']?.split(';')[0]?.trim().toLowerCase() === LONG_POLLING;
  if (statusCode === 304) {
    return asked
      ? { ok: true, status: 304, longPolling }
      : failed('HTTP status 304 to a request without If-None-Match');
  }
  if (statusCode >= 300 && statusCode < 400)
    return failed(`HTTP status ${statusCode}, a redirect, which is not followed`);
  if (statusCode !== 200) return failed(`HTTP status ${statusCode}; 200 or 304 is expected`);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return failed('the answer has a Content-Encoding: the bundle must be sent as it is');
  const bytes = await readBody(response);
  if (bytes === null) return failed(`the body exceeds ${MAX_BUNDLE / 1024 / 1024} MiB`);
  const etag = ETAG.test(headers.etag ?? '') ? (headers.etag ?? null) : null;
  return { ok: true, status: 200, bytes, etag, longPolling };
}

/** Counts what arrives: Content-Length may be absent, and it may lie. */
async function readBody(response: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MAX_BUNDLE) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** The code alone (`ECONNREFUSED`, a TLS code): a message might hold more. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

const failed = (problem: string): Download => ({ ok: false, problem });
