import { protectedResourceMetadata } from '../registry/metadata.ts';
import type { Registry, ServerRecord } from '../registry/registry.ts';
import type { Answer } from './answer.ts';

const METHODS = 'GET, HEAD, OPTIONS';
/** Clients in browsers of any origin read it (WHATWG Fetch, CORS protocol); it is public and takes no credentials. */
const OPEN = { 'access-control-allow-origin': ['*'] };

/**
 * A server's own protected resource metadata, at the path that RFC 9728 §3.1 gives its resource.
 * @param target path and query, as sent
 * @param asked the request's Access-Control-Request-Headers
 * @returns null when the target is another
 */
export function answerMetadata(
  server: ServerRecord,
  registry: Registry,
  { method, target, asked }: { readonly method: string; readonly target: string; readonly asked: string | undefined },
): Answer | null {
  const { pathname, search } = new URL(server.resource_metadata);
  if (target !== `${pathname}${search}`) return null;
  if (method === 'OPTIONS') return { status: 204, headers: { ...OPEN, ...preflight(asked) }, body: '' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { ...OPEN, allow: [METHODS] }, body: '' };
  const headers = { ...OPEN, 'content-type': ['application/json'], 'cache-control': ['no-store'] };
  const body = JSON.stringify(protectedResourceMetadata(server, registry));
  return { status: 200, headers, body: method === 'HEAD' ? '' : body };
}

/** Clients send MCP-Protocol-Version along, so that browsers ask first. */
function preflight(asked: string | undefined): Answer['headers'] {
  return {
    'access-control-allow-methods': [METHODS],
    ...(asked !== undefined && { 'access-control-allow-headers': [asked], vary: ['Access-Control-Request-Headers'] }),
  };
}
