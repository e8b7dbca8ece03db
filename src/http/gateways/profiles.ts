/** The gateways that audgate speaks to, as data: where each says what its client asked (contract 7). */

export interface Profile {
  /** Header with the client's method; null: the request's own is the client's. */
  readonly method: string | null;
  /** Header with the client's target; null: what follows the key in the request's own. */
  readonly target: string | null;
  /** Header with the client's Content-Length, where there is one: what arrived must be as long. */
  readonly length: string | null;
  /** Header that the gateway sends with `true` when it cut the body. */
  readonly partial: string | null;
  /** Statuses that the gateway takes for an answer; null: any. All others become 403. */
  readonly statuses: readonly number[] | null;
}

const ORIGINAL = { method: 'x-original-method', target: 'x-original-uri', length: 'x-original-content-length' };

/** A `Map`: names come from a request, and no name of `Object.prototype` is one. */
export const PROFILES: ReadonlyMap<string, Profile> = new Map<string, Profile>([
  ['envoy', { method: null, target: null, length: null, partial: 'x-envoy-auth-partial-body', statuses: null }],
  // Traefik, Caddy, APISIX.
  [
    'forward-auth',
    { method: 'x-forwarded-method', target: 'x-forwarded-uri', length: null, partial: null, statuses: null },
  ],
  // auth_request makes a 500 of every other status (measured).
  ['nginx', { ...ORIGINAL, partial: null, statuses: [200, 401, 403] }],
  ['haproxy', { ...ORIGINAL, partial: null, statuses: null }],
]);
