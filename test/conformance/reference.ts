/**
 * A small honest gateway, and the ways in which a careless one is otherwise. The suite was written against it, and must
 * fail each of the careless ones.
 */
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Behind, GatewayParts, RunningGateway } from '../../conformance/gateways/gateway.ts';
import { listen } from '../../conformance/world/listen.ts';

/** What a careless gateway does. Each alone must fail the suite. */
export const FAULTS = [
  'does not ask',
  'takes any answer for a yes',
  "keeps the client's identity headers",
  "hands on no identity of audgate's",
  'asks without the body',
  'hands on another body',
  'routes by X-Original-URI',
  'routes by the Host header',
  'asks with the target after cleaning',
  'joins two Authorization headers by taking the first',
  'sends its own key to the server',
  'asks about each connection once',
  'drops the challenge',
  'sends each request twice',
] as const;
export type Fault = (typeof FAULTS)[number];

interface Heard {
  readonly status: number;
  readonly headers: readonly Pair[];
  readonly body: Buffer;
}
type Pair = readonly [name: string, value: string];

export async function startReference(parts: GatewayParts, fault: Fault | null = null): Promise<RunningGateway> {
  const asked = new WeakSet<object>();
  const log: string[] = [];
  const handle = async (incoming: IncomingMessage, answer: ServerResponse) => {
    // Node leaves this to its application (RFC 9112 §3.2).
    if ((incoming.headersDistinct.host ?? []).length > 1) return void answer.writeHead(400).end();
    const body = await bodyOf(incoming);
    const server = routed(incoming, parts, fault);
    if (server === null) return metadata(incoming, answer, parts);
    const sent = pairs(incoming.rawHeaders).filter(
      ([name]) => ![OF_THE_CONNECTION, MISSPELLED].some((pattern) => pattern.test(name)),
    );
    const known = fault === 'asks about each connection once' && asked.has(incoming.socket);
    const decided =
      fault === 'does not ask' || known ? null : await question(incoming, sent, body, { parts, server, fault });
    asked.add(incoming.socket);
    if (decided !== null && decided.status !== 200 && fault !== 'takes any answer for a yes')
      return relay(answer, decided, fault === 'drops the challenge' ? /^content-type$/ : TOLD);
    const own = sent.filter(([name]) => fault === "keeps the client's identity headers" || !IDENTITY.test(name));
    const identity = (decided?.headers ?? []).filter(([name]) => /^x-audgate-/.test(name));
    const key: Pair = ['x-audgate-key', parts.audgate.key];
    const headers = [
      ...own,
      ...(fault === "hands on no identity of audgate's" ? [] : identity),
      ...(fault === 'sends its own key to the server' ? [key] : []),
    ];
    const target = incoming.url ?? '/';
    const bytes = fault === 'hands on another body' ? Buffer.from(JSON.stringify(JSON.parse(String(body)))) : body;
    const send = () => exchange(server.upstream, incoming.method ?? '', target, headers, bytes);
    if (fault === 'sends each request twice') await send();
    relay(answer, await send(), /^(content-type|x-upstream)$/);
  };
  const http = createServer({ maxHeaderSize: 128 * 1024 }, (incoming, answer) => {
    handle(incoming, answer).catch((error: unknown) => {
      log.push(String(error));
      answer.writeHead(403).end();
    });
  });
  const { at, stop } = await listen(http, { host: '127.0.0.1', port: parts.port });
  return { url: `http://127.0.0.1:${at.port}`, log: () => log.join('\n'), stop };
}

/** RFC 9110 §7.6.1, and what is written anew for each connection. */
const OF_THE_CONNECTION =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|http2-settings|content-length|host|expect|proxy-.*)$/i;
/** In whatever spelling some reader takes for audgate's. */
const IDENTITY = /audgate/i;
/** What some servers read as Content-Encoding, and audgate does not. */
const MISSPELLED = /^content[^a-z0-9-]/i;
const TOLD = /^(www-authenticate|content-type|retry-after)$/;

function routed(incoming: IncomingMessage, { servers }: GatewayParts, fault: Fault | null): Behind | null {
  const { url = '', headers } = incoming;
  const original = fault === 'routes by X-Original-URI' ? headers['x-original-uri'] : undefined;
  const cleaned = fault === 'asks with the target after cleaning' ? new URL(url, 'http://x').pathname : url;
  const path = (typeof original === 'string' ? original : cleaned).split('?')[0];
  const host = fault === 'routes by the Host header' ? headers.host?.split('.')[0] : undefined;
  return servers.find(({ key }) => key === host) ?? servers.find((server) => server.path === path) ?? null;
}

async function question(
  incoming: IncomingMessage,
  sent: readonly Pair[],
  body: Buffer,
  { parts, server, fault }: { parts: GatewayParts; server: Behind; fault: Fault | null },
): Promise<Heard> {
  const { address, key } = parts.audgate;
  const target = fault === 'asks with the target after cleaning' ? server.path : (incoming.url ?? '');
  const first = sent.findIndex(([name]) => name.toLowerCase() === 'authorization');
  const headers = sent.filter(([name], at) => {
    if (/^x-(audgate|original)-/i.test(name)) return false;
    return !(fault?.startsWith('joins') === true && at !== first && name.toLowerCase() === 'authorization');
  });
  const own: readonly Pair[] = [
    ['x-audgate-key', key],
    ['x-original-method', incoming.method ?? ''],
    ['x-original-uri', target],
  ];
  const bytes = fault === 'asks without the body' ? Buffer.from(READ_FILE) : body;
  return exchange(address, 'POST', `/v1/gateways/haproxy/${server.key}`, [...headers, ...own], bytes);
}

const READ_FILE =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}';

async function metadata(incoming: IncomingMessage, answer: ServerResponse, { audgate, servers }: GatewayParts) {
  const server = servers.find(({ path }) => incoming.url === `/.well-known/oauth-protected-resource${path}`);
  if (server === undefined || incoming.method !== 'GET') return answer.writeHead(404).end();
  const target = `/v1/servers/${server.key}/protected-resource-metadata`;
  return relay(answer, await exchange(audgate.address, 'GET', target, [], Buffer.alloc(0)), /^content-type$/);
}

function exchange(
  address: string,
  method: string,
  path: string,
  headers: readonly Pair[],
  body: Buffer,
): Promise<Heard> {
  const [host = '', port = ''] = address.split(':');
  const all: readonly Pair[] = [['host', address], ...headers, ['content-length', String(body.length)]];
  return new Promise((resolve, reject) => {
    const sent = ask({ host, port: Number(port), method, path, headers: all.flat(), timeout: 5000 }, (heard) => {
      bodyOf(heard).then(
        (bytes) => resolve({ status: heard.statusCode ?? 0, headers: pairs(heard.rawHeaders), body: bytes }),
        reject,
      );
    });
    sent.once('error', reject).end(body);
  });
}

function relay(answer: ServerResponse, { status, headers, body }: Heard, told: RegExp): void {
  for (const [name, value] of headers) if (told.test(name.toLowerCase())) answer.appendHeader(name, value);
  answer.writeHead(status).end(body);
}

/** @throws when it is cut short */
async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function pairs(raw: readonly string[]): readonly Pair[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
}
