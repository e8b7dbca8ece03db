/**
 * A case is data: how one request departs from a right one, and what must come of it. The right one is a POST of
 * `tools/call read_file` to /files/mcp by HTTP/1.1 with a token for files and the headers of MCP 2026-07-28.
 *
 * Texts may hold `{NAME}`: a token of `tokens.ts` (`{right}`), `{host}` (the gateway's host and port), `{origin}` (its URL),
 * `{id}` (tells this request from all others), `{key}` (the gateway's own key, as an attacker who found it would send it).
 */
import type { CallName } from './calls.ts';

export type ServerKey = 'files' | 'billing';

/** The gateways that the project starts itself. */
export const GATEWAYS = ['nginx', 'nginx-njs', 'envoy-http', 'envoy-grpc', 'caddy', 'haproxy'] as const;
export type GatewayName = (typeof GATEWAYS)[number];

/** What audgate is given to read the call from: the body, or the headers at servers that compare them with the body. */
export type CallFrom = 'body' | 'headers';

/** How one request departs from the right one. */
export interface Request {
  readonly method?: string;
  readonly target?: string;
  /** Default `HTTP/1.1`. */
  readonly version?: string;
  /** Null: no Host header. */
  readonly host?: string | null;
  /** Name of a token (`right`), sent as `Authorization: Bearer …`; null: no Authorization header. Default `right`. */
  readonly token?: string | null;
  /** Sets body and MCP headers. Null: neither, as in a GET. Default `read_file`. */
  readonly call?: CallName | null;
  /** In place of the call's own: values of MCP-Protocol-Version, Mcp-Method and Mcp-Name, null leaves one out. */
  readonly mcp?: { readonly version?: string | null; readonly method?: string | null; readonly name?: string | null };
  /** In place of the call's message. `{call}` stands for that. One byte a character once encoded as UTF-8. */
  readonly body?: string | Uint8Array;
  /** Whole header lines, after the usual ones, as they are written. */
  readonly headers?: readonly string[];
  /** Content-Length (default); one chunk a piece; or the lines and body as they are written, `{length}` being the body's. */
  readonly framing?: 'length' | 'chunked' | { readonly lines: readonly string[]; readonly body: string };
  /** Bytes of the end that are never sent: the client half-closes instead. */
  readonly cut?: number;
  /** What ends each line. Default CR LF. */
  readonly line_end?: string;
  /** All bytes, in place of everything above but the names of `{}`. */
  readonly raw?: string;
  /** Sent together with the one before it, without waiting for its answer. */
  readonly pipelined?: boolean;
}

export interface Expectation {
  /** `refused`: any of 400 to 499 or 501, 505, or the connection closed without an answer. */
  readonly status: number | 'refused';
  /** Form of the one WWW-Authenticate; default none. Not looked at when refused. */
  readonly challenge?: 'missing' | 'invalid_token' | 'insufficient_scope' | 'invalid_request' | 'invalid_dpop_proof';
  /** What `insufficient_scope` names; default the server's read scope. */
  readonly scope?: string;
  /** Headers `x-audgate-…` that audgate does not know arrive as the client sent them. */
  readonly strangers?: true;
  /** The client's trailers arrive, as trailers: after the body, and apart from the headers. */
  readonly trailers?: true;
  /** A text that the answer's body holds. */
  readonly holds?: string;
  /**
   * Where the request arrives. `X refuses`: it arrives and the server itself refuses it, because its headers and body
   * differ (only where audgate reads the call from headers).
   */
  readonly upstream: 'none' | ServerKey | `${ServerKey} refuses`;
  /** HTTP lets a gateway refuse this as well (`refused`, `none`). */
  readonly or_refused?: true;
}

export interface Departure {
  /** Of the project's own; none: only what the user's gateway may be. */
  readonly gateways: readonly GatewayName[];
  readonly because: string;
  /** One for each request. Whatever arrives must still be what audgate allows. */
  readonly expect: Expectation | readonly Expectation[];
}

export interface Case {
  /** Unique, lower case; what `--case` looks for. */
  readonly name: string;
  /** One request, or several on one connection. */
  readonly send: Request | readonly Request[];
  /** One for each request. */
  readonly expect: Expectation | readonly Expectation[];
  /** In place of `expect`, where audgate reads the call from the headers. */
  readonly by_headers?: Expectation | readonly Expectation[];
  /** Value of the subject that arrives upstream, decoded. Default `user-1`. */
  readonly subject?: string;
  /** Of gateways whose HTTP or whose form of asking leaves no choice; each departs in exactly this way. */
  readonly departures?: readonly Departure[];
}

export interface Section {
  readonly title: string;
  readonly cases: readonly Case[];
}

export const OK: Expectation = { status: 200, upstream: 'files' };
export const OK_OR_REFUSED: Expectation = { ...OK, or_refused: true };
export const REFUSED: Expectation = { status: 'refused', upstream: 'none' };
/** No token: RFC 6750 §3 gives no error code then. */
export const MISSING: Expectation = { status: 401, challenge: 'missing', upstream: 'none' };
export const INVALID_TOKEN: Expectation = { status: 401, challenge: 'invalid_token', upstream: 'none' };
/** RFC 9449 §7.1: the one challenge with another scheme. */
export const UNPROVED: Expectation = { status: 401, challenge: 'invalid_dpop_proof', upstream: 'none' };
export const INSUFFICIENT_SCOPE: Expectation = { status: 403, challenge: 'insufficient_scope', upstream: 'none' };
export const MALFORMED: Expectation = { status: 400, challenge: 'invalid_request', upstream: 'none' };
/** MCP 2026-07-28, streamable HTTP, server validation. */
export const MISMATCH: Expectation = { ...MALFORMED, holds: '-32020' };
export const FORBIDDEN: Expectation = { status: 403, upstream: 'none' };
/** The attested server's own refusal. */
export const SERVER_REFUSES: Expectation = { status: 400, upstream: 'files refuses' };

/** One, or several in their order. */
export function each<T extends object>(value: T | readonly T[]): readonly T[] {
  return isList(value) ? value : [value];
}

function isList<T extends object>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
