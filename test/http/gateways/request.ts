/** A gateway's request to its adapter, byte for byte: what Node's own client would tidy up must arrive. */
import { type RawAnswer, send } from '../raw.ts';

export interface AdapterRequest {
  readonly method?: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** Without Host, Connection and, where there is a body, Content-Length. */
  readonly headers?: readonly string[];
  /** One byte a character; sent with its length unless the headers say otherwise. */
  readonly body?: string;
  readonly version?: '1.0' | '1.1';
}

export function ask(port: number, request: AdapterRequest): Promise<RawAnswer> {
  const { method = 'POST', target, headers = [], body = '', version = '1.1' } = request;
  const isFramed = headers.some((header) => /^(content-length|transfer-encoding):/i.test(header));
  const length = body === '' || isFramed ? [] : [`Content-Length: ${body.length}`];
  const head = [
    `${method} ${target} HTTP/${version}`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...headers,
    ...length,
    '',
    '',
  ];
  return send(port, head.join('\r\n') + body);
}

/** What each profile is told of a request `POST /mcp`. */
export const TOLD: Readonly<Record<string, readonly string[]>> = {
  envoy: [],
  'forward-auth': ['X-Forwarded-Method: POST', 'X-Forwarded-Uri: /mcp'],
  nginx: ['X-Original-Method: POST', 'X-Original-URI: /mcp'],
  haproxy: ['X-Original-Method: POST', 'X-Original-URI: /mcp'],
};
export const PROFILES = Object.keys(TOLD);
