/**
 * Issuers that are asked about their tokens, in cases: an opaque token holds the answer that its issuer gives, so that nothing
 * is fetched, and one text means the same to whoever decides about it.
 */
import { INTROSPECTION_DEFAULTS, type IntrospectionConfig } from '../config/introspection.ts';
import { request } from '../facts/keys/request.ts';
import { createIntrospector, type Introspector } from '../facts/token/introspect.ts';
import type { KeyLookup } from '../facts/token/read.ts';
import { readJson } from '../json/read.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import type { IssuerFetch } from '../network/issuer-fetch.ts';
import type { KeySource, Registry } from '../registry/registry.ts';

/** Never resolves (RFC 6761 §6.4): what is there cannot be had in a case. */
const NOWHERE = '.keys.invalid';
const DEPTH = 32;

export const nowhere = (issuer: string) => `https://${issuer.toLowerCase()}${NOWHERE}`;

/** What takes the place of introspection: never signed, because no case signs answers. */
export function askedInstead(
  issuer: string,
  written: Extract<KeySource, { kind: 'introspection' }>,
  answers: boolean,
): KeySource {
  return { ...written, signed: null, ...(!answers && { endpoint: `${nowhere(issuer)}/introspect` }) };
}

/** base64url has no dot, so that nobody takes it for a JWT. */
export function opaqueToken(answer: JsonObject): string {
  return Buffer.from(JSON.stringify(answer)).toString('base64url');
}

/** Nothing is fetched: a key source that must be is one that cannot be had. Issuers that are asked answer what the token holds. */
export const caseFetch: IssuerFetch = () => (input, init) => {
  const { body, method } = init ?? {};
  if (method !== 'POST' || typeof body !== 'string' || new URL(String(input)).hostname.endsWith(NOWHERE))
    return Promise.reject(new Error('no key set can be had in a case'));
  const token = new URLSearchParams(body).get('token') ?? '';
  const read = readJson(Buffer.from(token, 'base64url'), { depth: DEPTH });
  const answer = read.ok && isJsonObject(read.value) ? read.value : { active: false };
  return Promise.resolve(Response.json(answer));
};

/** As a service asks them, with the credentials of nobody. */
export function caseIntrospector(now: () => number, lookup: KeyLookup): Introspector {
  const { timeout_ms } = INTROSPECTION_DEFAULTS;
  const fetch = caseFetch({ allow_private_network: false });
  const stop = new AbortController().signal;
  return createIntrospector({
    send: (asked) => request(asked, { fetch, timeout_ms, stop }),
    authenticate: () => Promise.resolve({ ok: true, client_id: 'case', headers: {}, form: {} }),
    lookup,
    now,
    cache_seconds: 0,
    cacheSize: 1,
    onEvent: () => {},
  });
}

/** Credentials for each server of a registry. */
export function caseCredentials({ servers }: Registry): IntrospectionConfig {
  const own = { client_id: 'case', method: 'client_secret_basic', secret_file: 'case' } as const;
  const credentials = Object.fromEntries([...servers.keys()].map((key) => [key, own]));
  return { ...INTROSPECTION_DEFAULTS, cache_seconds: 0, credentials };
}
