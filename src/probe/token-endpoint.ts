/**
 * Asks an authorization server for a token by client credentials (RFC 6749 §4.4, RFC 8707 §2). What it issues stays here: only
 * what the token says of itself is told, and only a canary's token is handed on.
 */

import { metadataUrls } from '../facts/keys/discover.ts';
import { createAuthenticate } from '../facts/token/authenticate-client.ts';
import { readJson } from '../json/read.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import type { IssuerFetch } from '../network/issuer-fetch.ts';
import type { IssuerRecord } from '../registry/registry.ts';
import { isLoopbackHost, isPrivateHost, urlFaults } from '../registry/uri.ts';
import { type Answer, type ExchangeParts, exchange } from './exchange.ts';

export interface EndpointParts extends Omit<ExchangeParts, 'fetch'> {
  readonly issuer: IssuerRecord;
  readonly fetchIssuer: IssuerFetch;
  readonly client_id: string;
  /** Holds the client's secret; read for each request. */
  readonly secret_file: string;
  /** Text of a file. @throws when it cannot be read */
  readonly readFile: (path: string) => Promise<string>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly newId: () => string;
}

export interface TokenEndpoint {
  ask(resources: readonly string[]): Promise<Issued>;
}

export type Issued =
  | { readonly kind: 'token'; readonly token: string; readonly claims: JsonObject | null; readonly scope: string }
  /** `error` of RFC 6749 §5.2. */
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'failed'; readonly detail: string };

export type OpenedEndpoint =
  | { readonly ok: true; readonly endpoint: TokenEndpoint }
  /** `wrong`: the metadata is there, and says something else than the registry. */
  | { readonly ok: false; readonly detail: string; readonly wrong: boolean };

const MAX_DEPTH = 16;
const NAME = '--client-secret-file';

/** Finds the endpoint in the issuer's own metadata (RFC 8414 §3). */
export async function openEndpoint(parts: EndpointParts): Promise<OpenedEndpoint> {
  const { issuer } = parts;
  const fetch = fetchOf(parts);
  const bounded = { fetch, timeout_ms: parts.timeout_ms, stop: parts.stop };
  let found: JsonObject | null = null;
  let detail = '';
  for (const url of metadataUrls(issuer.issuer)) {
    const answer = await exchange({ method: 'GET', url, headers: { accept: 'application/json' } }, bounded);
    found = answer.ok && answer.status === 200 ? objectOf(answer) : null;
    if (found !== null) break;
    detail ||= answer.ok ? `its metadata cannot be had (HTTP status ${answer.status})` : answer.detail;
  }
  if (found === null) return { ok: false, detail, wrong: false };
  // RFC 8414 §3.3: identical, or one issuer could take the client's secret for another.
  if (found.issuer !== issuer.issuer)
    return { ok: false, detail: 'its metadata has another issuer than the registry', wrong: true };
  const { token_endpoint: url, token_endpoint_auth_methods_supported: methods, grant_types_supported: grants } = found;
  if (typeof url !== 'string') return { ok: false, detail: 'its metadata has no token_endpoint', wrong: true };
  const fault = faultOf(url, parts);
  if (fault !== null) return { ok: false, detail: `the token_endpoint of its metadata ${fault}`, wrong: true };
  if (Array.isArray(grants) && !grants.includes('client_credentials'))
    return { ok: false, detail: 'it does not offer the grant client_credentials', wrong: false };
  // RFC 8414 §2: without a list it is client_secret_basic.
  const basic = !Array.isArray(methods) || methods.includes('client_secret_basic');
  if (!basic && !methods.includes('client_secret_post'))
    return { ok: false, detail: 'it takes no client secret at its token endpoint', wrong: false };
  const method = basic ? 'client_secret_basic' : 'client_secret_post';
  return { ok: true, endpoint: { ask: (resources) => ask(url, method, resources, parts, bounded) } };
}

async function ask(
  url: string,
  method: 'client_secret_basic' | 'client_secret_post',
  resources: readonly string[],
  { client_id, secret_file, readFile, now, newId, issuer }: EndpointParts,
  bounded: ExchangeParts,
): Promise<Issued> {
  const credentials = { [NAME]: { client_id, method, secret_file } };
  const shown = await createAuthenticate({ credentials, readFile, now, newId })(NAME, issuer.issuer);
  if (!shown.ok) return { kind: 'failed', detail: shown.detail.replace(`secret_file of server "${NAME}"`, NAME) };
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...shown.form });
  for (const resource of resources) form.append('resource', resource);
  const answer = await exchange(
    {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...shown.headers },
      body: form.toString(),
    },
    bounded,
  );
  if (!answer.ok) return { kind: 'failed', detail: answer.detail };
  const body = objectOf(answer);
  if (answer.status === 200 && typeof body?.access_token === 'string') {
    const { access_token: token, scope } = body;
    return { kind: 'token', token, claims: claimsOf(token), scope: typeof scope === 'string' ? scope : '' };
  }
  if ((answer.status === 400 || answer.status === 401) && typeof body?.error === 'string')
    return { kind: 'refused', error: body.error };
  return { kind: 'failed', detail: `HTTP status ${answer.status} without a token and without an OAuth error` };
}

function fetchOf({ issuer: { key_source }, fetchIssuer }: EndpointParts): typeof globalThis.fetch {
  return fetchIssuer({ allow_private_network: mayBePrivate(key_source) });
}

export const mayBePrivate = (source: IssuerRecord['key_source']) =>
  source.kind === 'jwks' ? false : source.allow_private_network;

/** What the lint says of an address in the registry, of one that nobody reviewed: the client's secret goes there. */
function faultOf(url: string, { issuer: { issuer, key_source } }: EndpointParts): string | null {
  const [fault] = urlFaults(url, { query: true });
  if (fault !== undefined) return fault.message.replace(/\.$/, '');
  const { hostname } = new URL(url);
  if (isLoopbackHost(hostname) && !isLoopbackHost(new URL(issuer).hostname)) return 'names this machine itself';
  return isPrivateHost(hostname) && !mayBePrivate(key_source) ? 'names a private address' : null;
}

function objectOf({ text, end }: Answer): JsonObject | null {
  const json = end === 'whole' ? readJson(text, { depth: MAX_DEPTH }) : null;
  return json?.ok === true && isJsonObject(json.value) ? json.value : null;
}

/** Of a JWT that came from its issuer itself, so that nothing is verified; null: an opaque token. */
function claimsOf(token: string): JsonObject | null {
  const [, payload, ...rest] = token.split('.');
  if (payload === undefined || rest.length !== 1) return null;
  const json = readJson(Buffer.from(payload, 'base64url'), { depth: MAX_DEPTH });
  return json.ok && isJsonObject(json.value) ? json.value : null;
}

/** `aud`, which may be one or several (RFC 7519 §4.1.3). */
export function audiencesOf({ aud }: JsonObject): readonly string[] {
  const all = Array.isArray(aud) ? aud : aud === undefined ? [] : [aud];
  return all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}
