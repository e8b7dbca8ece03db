/**
 * The MCP servers behind the gateway. They record whatever arrives, exactly as it came, and trust nothing but it; where
 * audgate reads calls from headers they do what the registry attests of them: refuse a body that its headers do not repeat.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CallFrom, ServerKey } from '../cases/case.ts';
import { ID_HEADER } from '../wire/write.ts';
import { type HostPort, listen } from './listen.ts';

/** A request as it arrived. */
export interface Arrival {
  readonly server: ServerKey;
  /** Of the request that a case sent; null when nothing in it says which. */
  readonly id: string | null;
  readonly method: string;
  readonly target: string;
  /** In their order, names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Whether its body came to its end. */
  readonly whole: boolean;
  /** The server answered it with an error of its own. */
  readonly refused: boolean;
}

export interface Upstream {
  readonly at: HostPort;
  /** All that has arrived and is over; nothing is ever taken away. */
  arrivals(): readonly Arrival[];
  stop(): Promise<void>;
}

/** Headers may hold a whole long token. */
const MAX_HEADER_BYTES = 256 * 1024;

export async function startUpstream(server: ServerKey, at: HostPort, callFrom: CallFrom): Promise<Upstream> {
  const arrivals: Arrival[] = [];
  const http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false }, (request, answer) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => {});
    request.once('close', () => {
      if (!request.complete) arrivals.push(arrived(server, request, Buffer.concat(pieces), false));
    });
    request.once('end', () => {
      const body = Buffer.concat(pieces);
      const refused = callFrom === 'headers' && request.method === 'POST' && !isRepeated(request, body);
      arrivals.push(arrived(server, request, body, refused));
      answer.setHeader('x-upstream', server).setHeader('content-type', 'application/json');
      const error = { jsonrpc: '2.0', id: null, error: { code: -32020, message: 'Header mismatch' } };
      answer.writeHead(refused ? 400 : 200).end(JSON.stringify(refused ? error : { upstream: server }));
    });
  });
  // What the parser refuses has arrived as well: a gateway must not send it.
  http.on('clientError', (error: Error & { rawPacket?: Buffer }, socket: Duplex) => {
    const raw = error.rawPacket ?? Buffer.alloc(0);
    if (raw.length > 0) arrivals.push(unreadable(server, raw));
    socket.destroy();
  });
  // What a tunnel carries has no end, and nobody judges it.
  http.on('upgrade', (request, socket: Duplex) => {
    arrivals.push({ ...arrived(server, request, Buffer.alloc(0), false), whole: false });
    socket.destroy();
  });
  http.on('connect', (request, socket: Duplex) => {
    arrivals.push(arrived(server, request, Buffer.alloc(0), false));
    socket.destroy();
  });
  const { at: where, stop } = await listen(http, at);
  return { at: where, arrivals: () => arrivals, stop };
}

function arrived(server: ServerKey, request: IncomingMessage, body: Buffer, refused: boolean): Arrival {
  const headers = pairs(request.rawHeaders);
  const named = headers.findLast(([name]) => name.toLowerCase() === ID_HEADER)?.[1];
  return {
    server,
    id: named ?? idIn(body.toString('latin1')),
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    trailers: pairs(request.rawTrailers),
    body,
    whole: request.complete,
    refused,
  };
}

function unreadable(server: ServerKey, raw: Buffer): Arrival {
  const text = raw.toString('latin1');
  const headers: Arrival['headers'] = [];
  return {
    server,
    id: idIn(text),
    method: '',
    target: text.slice(0, 80),
    headers,
    trailers: [],
    body: raw,
    whole: false,
    refused: false,
  };
}

/** Ids are unlike anything else that a request holds. */
const idIn = (text: string) => /\bcase-\d+-[\w.-]+/.exec(text)?.[0] ?? null;

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
}

/** MCP 2026-07-28, streamable HTTP, server validation: method and name stand in the headers, and equal the body's. */
function isRepeated(request: IncomingMessage, body: Buffer): boolean {
  if (request.headers['content-encoding'] !== undefined) return false;
  try {
    const { method, params } = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)) as {
      method?: unknown;
      params?: { name?: unknown; uri?: unknown; arguments?: Readonly<Record<string, unknown>> };
    };
    const name = params?.name ?? params?.uri;
    const parameters = Object.keys(request.headers).filter((header) => header.startsWith('mcp-param-'));
    return (
      only(request, 'mcp-method') === method &&
      decoded(only(request, 'mcp-name')) === name &&
      parameters.every((header) => params?.arguments?.[header.slice(10)] === decoded(only(request, header)))
    );
  } catch {
    return false;
  }
}

function only(request: IncomingMessage, header: string): string | undefined {
  const values = request.headersDistinct[header] ?? [];
  return values.length === 1 ? values[0] : undefined;
}

/** MCP 2026-07-28, streamable HTTP, value encoding. */
function decoded(value: string | undefined): string | undefined {
  const [, base64] = /^=\?base64\?(.*)\?=$/.exec(value ?? '') ?? [];
  return base64 === undefined ? value : Buffer.from(base64, 'base64').toString();
}
