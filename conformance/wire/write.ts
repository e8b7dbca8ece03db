/** Writes a case's request as bytes: no HTTP client would send most of them. */
import { CALLS, headersOf, messageOf } from '../cases/calls.ts';
import type { Request } from '../cases/case.ts';

/** Tells the requests of a run apart where they arrive; a gateway hands on headers that it does not know. */
export const ID_HEADER = 'x-conformance-id';

export interface Written {
  readonly head: Buffer;
  readonly body: Buffer;
  /** The message that was sent, without framing: what must arrive upstream. */
  readonly message: Buffer;
  /** Bytes of head and body that are sent; fewer than there are when the case cuts it. */
  readonly length: number;
  readonly method: string;
  /** The client asks to be told before it sends the body (RFC 9110 §10.1.1). */
  readonly waits: boolean;
}

/** Values of `{NAME}`: tokens, host, origin, key; the id comes with each request. */
export type Names = ReadonlyMap<string, string>;

/** @param id of this request, visible ASCII */
export function write(request: Request, names: Names, id: string): Written {
  const fill = filler(names, id);
  if (request.raw !== undefined) {
    const head = Buffer.from(fill(request.raw), 'latin1');
    const method = request.raw.split(' ')[0] ?? '';
    return { head, body: Buffer.alloc(0), message: Buffer.alloc(0), length: head.length, method, waits: false };
  }
  const {
    method = 'POST',
    target = '/files/mcp',
    version = 'HTTP/1.1',
    framing = 'length',
    line_end = '\r\n',
  } = request;
  const message = messageBytes(request, id, fill);
  const framed = frame(message, framing, fill);
  const lines = [
    `${method} ${target} ${version}`,
    ...(request.host === null ? [] : [`Host: ${request.host ?? '{host}'}`]),
    ...(request.token === null ? [] : [`Authorization: Bearer {${request.token ?? 'right'}}`]),
    ...mcpLines(request),
    `X-Conformance-Id: {id}`,
    ...(request.headers ?? []),
    ...framed.lines,
    '',
    '',
  ];
  const head = Buffer.from(fill(lines.join(line_end)), 'latin1');
  return {
    head,
    body: framed.body,
    message,
    length: head.length + framed.body.length - (request.cut ?? 0),
    method,
    waits: (request.headers ?? []).some((line) => /^expect: *100-continue$/i.test(line)),
  };
}

function filler(names: Names, id: string): (text: string) => string {
  const put = (whole: string, name: string) => (name === 'id' ? id : (names.get(name) ?? whole));
  return (text) => text.replaceAll(/\{(\w+)\}/g, put);
}

function messageBytes(request: Request, id: string, fill: (text: string) => string): Buffer {
  const call = request.call === null ? null : CALLS[request.call ?? 'read_file'];
  const usual = call === null ? '' : messageOf(call, id);
  if (request.body === undefined) return Buffer.from(usual);
  if (typeof request.body !== 'string') return Buffer.from(request.body);
  // A function, because `$` in a replacement text has a meaning.
  return Buffer.from(fill(request.body).replaceAll('{call}', () => usual));
}

/** RFC 9112 §6 and §7.1. */
function frame(message: Buffer, framing: NonNullable<Request['framing']>, fill: (text: string) => string) {
  if (framing === 'length')
    return { lines: message.length === 0 ? [] : [`Content-Length: ${message.length}`], body: message };
  if (framing === 'chunked') return { lines: ['Transfer-Encoding: chunked'], body: chunked(message) };
  const put = (text: string) =>
    fill(text)
      .replaceAll('{length}', String(message.length))
      .replaceAll('{hex}', message.length.toString(16))
      .replaceAll('{message}', () => message.toString('latin1'));
  return { lines: framing.lines.map(put), body: Buffer.from(put(framing.body), 'latin1') };
}

/** Three chunks, so that whoever joins them must do it right. */
function chunked(message: Buffer): Buffer {
  const size = Math.max(1, Math.ceil(message.length / 3));
  const pieces: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

function mcpLines(request: Request): readonly string[] {
  if (request.call === null && request.mcp === undefined && request.body === undefined) return [];
  const usual = request.call === null ? null : headersOf(CALLS[request.call ?? 'read_file']);
  const { version, method, name } = { ...(usual ?? { version: null, method: null, name: null }), ...request.mcp };
  const typed = (request.headers ?? []).some((line) => /^content-type:/i.test(line));
  return [
    'Accept: application/json, text/event-stream',
    ...(typed ? [] : ['Content-Type: application/json']),
    ...(version === null ? [] : [`MCP-Protocol-Version: ${version}`]),
    ...(method === null ? [] : [`Mcp-Method: ${method}`]),
    ...(name === null ? [] : [`Mcp-Name: ${name}`]),
  ];
}
