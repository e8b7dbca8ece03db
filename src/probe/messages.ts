/**
 * The only messages that a probe sends: what a server must not open without a right token, and what does nothing. Never a tool.
 */
import type { Sent } from './exchange.ts';

/** The first that needs no handshake, and the last that has one. */
const STATELESS = '2026-07-28';
const WITH_HANDSHAKE = '2025-11-25';

export const METHODS = ['server/discover', 'tools/list', 'initialize'] as const;
export type Method = (typeof METHODS)[number];

const CLIENT = { name: 'audgate-probe', version: '1' };
const META = {
  'io.modelcontextprotocol/protocolVersion': STATELESS,
  'io.modelcontextprotocol/clientInfo': CLIENT,
  'io.modelcontextprotocol/clientCapabilities': {},
};
const PARAMS: Readonly<Record<Method, object>> = {
  'server/discover': { _meta: META },
  'tools/list': { _meta: META },
  // Only where the two others told nothing: a server of before 2026 answers what has no session in its own way.
  initialize: { protocolVersion: WITH_HANDSHAKE, capabilities: {}, clientInfo: CLIENT },
};

/** @param more headers that bring the token */
export function messageTo(url: string, method: Method, more: Readonly<Record<string, string>>): Sent {
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(method !== 'initialize' && { 'mcp-protocol-version': STATELESS, 'mcp-method': method }),
      ...more,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: PARAMS[method] }),
  };
}

/** Ends the session that a handshake opened (MCP 2025-11-25, streamable HTTP). */
export function endOf(url: string, session: string, more: Readonly<Record<string, string>>): Sent {
  return {
    method: 'DELETE',
    url,
    headers: { 'mcp-session-id': session, 'mcp-protocol-version': WITH_HANDSHAKE, ...more },
  };
}
