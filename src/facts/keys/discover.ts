/**
 * An issuer's own metadata, for the one thing that is believed of it: where its key set is (RFC 8414 §3, OpenID Connect
 * Discovery §4). The registry's record stays what it is: no algorithm, audience or endpoint comes from there.
 */
import { readJson } from '../../json/read.ts';
import { isJsonObject } from '../../json/value.ts';
import { isLoopbackHost, isPrivateHost, urlFaults } from '../../registry/uri.ts';
import { type Download, download } from './download.ts';
import { type RequestParts, request } from './request.ts';

export interface Discovery {
  /** The exact `iss`. */
  readonly issuer: string;
  readonly allow_private_network: boolean;
}

type Failed = Extract<Download, { ok: false }>;
type Found = { readonly ok: true; readonly jwks_uri: string } | Failed;

/** Large metadata lists every claim and language; it nests little. */
const MAX_DEPTH = 16;
const MEDIA_TYPES = ['application/json'];

/** The key set of an issuer that says itself where it is. Both are fetched each time, so that neither outlives the other. */
export async function downloadDiscovered(from: Discovery, parts: RequestParts): Promise<Download> {
  const found = await discover(from, parts);
  return found.ok ? download(found.jwks_uri, parts) : found;
}

export async function discover(from: Discovery, parts: RequestParts): Promise<Found> {
  const [oauth, openid] = metadataUrls(from.issuer);
  const first = await request({ url: oauth, media_types: MEDIA_TYPES }, parts);
  // Whoever has only the other document answers this one as it answers any path that it does not know. What cannot be
  // reached, or is there and wrong, is not looked for elsewhere.
  const answer =
    !first.ok && first.status !== undefined ? await request({ url: openid, media_types: MEDIA_TYPES }, parts) : first;
  if (!answer.ok) return failed(answer.detail);
  const json = readJson(answer.body, { depth: MAX_DEPTH });
  if (!json.ok || !isJsonObject(json.value)) return failed('it is not one well-formed JSON object');
  const { issuer, jwks_uri } = json.value;
  // RFC 8414 §3.3, OpenID Connect Discovery §4.3: identical, or one issuer could speak for another.
  if (issuer !== from.issuer) return failed('its issuer is not the registered one, byte for byte (RFC 8414 §3.3)');
  if (typeof jwks_uri !== 'string') return failed('it has no jwks_uri');
  const wrong = wrongAddress(jwks_uri, from);
  return wrong === null ? { ok: true, jwks_uri } : failed(`its jwks_uri ${wrong}`);
}

/**
 * Where metadata stands: RFC 8414 §3.1, between host and path; OpenID Connect Discovery §4.1, behind the path. A slash that
 * ends the identifier goes first, in both.
 */
export function metadataUrls(issuer: string): readonly [oauth: string, openid: string] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/** What the lint says of an address in the registry, and one thing more: that text was not reviewed by anybody. */
function wrongAddress(uri: string, { issuer, allow_private_network }: Discovery): string | null {
  const [fault] = urlFaults(uri, { query: true });
  if (fault !== undefined) return fault.message.replace(/\.$/, '');
  const { hostname } = new URL(uri);
  // An issuer elsewhere has no business with what listens on this machine.
  if (isLoopbackHost(hostname) && !isLoopbackHost(new URL(issuer).hostname)) return 'names this machine itself';
  return isPrivateHost(hostname) && !allow_private_network ? 'names a private address' : null;
}

function failed(detail: string): Failed {
  return { ok: false, detail: `the issuer’s metadata: ${detail}` };
}
