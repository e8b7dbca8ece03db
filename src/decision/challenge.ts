/**
 * The one writer of challenges: what a gateway sends its client with a refusal.
 * RFC 6750 §3 and §3.1, RFC 9449 §7.1 and §9, RFC 9470 §3, RFC 9728 §5.1, MCP authorization.
 */
import type { Json } from '../json/value.ts';
import { DPOP_ALGORITHMS } from './dpop.ts';
import type { Reason } from './reason.ts';
import { entryOf, type Wire } from './reasons.ts';

export interface Challenge {
  readonly status: number;
  /** Lower-case names; every value is free of CR, LF and other controls. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** `header_mismatch` only: the JSON-RPC error that MCP asks for. */
  readonly body?: Json;
}

export interface ChallengeContext {
  /** URL of the server's protected resource metadata (RFC 9728 §3.1). */
  readonly resource_metadata: string;
  readonly advertised_scopes: readonly string[];
  /** What the operation needs: the method's scopes, then the target's. */
  readonly required_scopes: readonly string[];
  /** JSON-RPC id of the client's message, for an error body that answers it. */
  readonly request_id?: string | number | undefined;
  /** By which the client must send its token: `dpop` where it did, or where the server takes no other. Default `bearer`. */
  readonly scheme?: 'bearer' | 'dpop' | undefined;
  /** What the operation asks of the user's authentication (RFC 9470 §3). */
  readonly authentication?:
    | { readonly acr_values?: readonly string[] | undefined; readonly max_age_seconds?: number | undefined }
    | undefined;
}

/** JSON-RPC error code of a header that differs from the body (MCP 2026-07-28, streamable HTTP). */
const HEADER_MISMATCH = -32020;

interface Form {
  readonly status: number;
  readonly error?: string;
  readonly description?: string;
  readonly scope?: 'advertised' | 'required';
  /** Whatever the client used: only a proof cures it. */
  readonly dpop?: true;
}

/** Not of a call at a server: nobody may act on it, or the authorization server tells its client itself. */
type Unchallenged = 'unavailable' | 'invalid_target' | 'invalid_scope';

const isUnchallenged = (wire: Wire): wire is Unchallenged =>
  wire === 'unavailable' || wire === 'invalid_target' || wire === 'invalid_scope';

const FORMS: Readonly<Record<Exclude<Wire, 'forbidden' | Unchallenged>, Form>> = {
  invalid_request: { status: 400, error: 'invalid_request', description: 'The request is malformed' },
  // RFC 6750 §3: a request without authentication information gets no error code.
  unauthenticated: { status: 401, scope: 'advertised' },
  invalid_token: {
    status: 401,
    error: 'invalid_token',
    description: 'The access token is not valid for this server',
    scope: 'advertised',
  },
  invalid_dpop_proof: {
    status: 401,
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof is missing, or not valid for this request',
    dpop: true,
  },
  use_dpop_nonce: {
    status: 401,
    error: 'use_dpop_nonce',
    description: 'The DPoP proof must hold the nonce of this response',
    dpop: true,
  },
  insufficient_user_authentication: {
    status: 401,
    error: 'insufficient_user_authentication',
    description: 'This operation needs another, or a more recent, authentication of the user',
  },
  insufficient_scope: {
    status: 403,
    error: 'insufficient_scope',
    description: 'The access token lacks a scope that this operation needs',
    scope: 'required',
  },
};

/**
 * @param reasons in the order of precedence, at least one; the first sets the challenge
 * @throws when the first reason is no refusal, or a value cannot stand in a header: both are bugs
 */
export function writeChallenge(reasons: readonly Reason[], context: ChallengeContext | null): Challenge {
  // An ended waiver explains a refusal, and never sets its challenge (contract 1).
  const first = reasons.find(({ code }) => code !== 'waiver_expired') ?? reasons[0];
  if (first === undefined) throw new Error('a refusal without reason has no challenge');
  const { wire } = entryOf(first.code);
  if (isUnchallenged(wire)) throw new Error(`${first.code} is no refusal of a call and has no challenge`);
  if (wire === 'forbidden' || context === null) return { status: 403, headers: {} };

  const form = FORMS[wire];
  const scopes =
    form.scope === 'advertised' ? context.advertised_scopes : form.scope === 'required' ? context.required_scopes : [];
  const dpop = form.dpop === true || context.scheme === 'dpop';
  const { acr_values, max_age_seconds } = (wire === 'insufficient_user_authentication' && context.authentication) || {};
  const authenticate = header(dpop ? 'DPoP' : 'Bearer', [
    ['error', form.error],
    ['error_description', form.description],
    ['resource_metadata', context.resource_metadata],
    ['scope', scopes.join(' ')],
    ['acr_values', acr_values?.join(' ')],
    ['max_age', max_age_seconds === undefined ? undefined : String(max_age_seconds)],
    ['algs', dpop ? DPOP_ALGORITHMS.join(' ') : undefined],
  ]);
  if (first.code !== 'header_mismatch') return { status: form.status, headers: { 'www-authenticate': [authenticate] } };
  return {
    status: form.status,
    headers: { 'www-authenticate': [authenticate], 'content-type': ['application/json'] },
    body: {
      jsonrpc: '2.0',
      id: context.request_id ?? null,
      error: { code: HEADER_MISMATCH, message: 'Header mismatch' },
    },
  };
}

/** RFC 9110 §11.2: `scheme name="value", …`; absent and empty parameters are left out. */
function header(scheme: string, parameters: readonly (readonly [string, string | undefined])[]): string {
  const present = parameters.filter(
    (pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  if (present.length === 0) return scheme;
  return `${scheme} ${present.map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}`;
}

/** RFC 9110 §5.6.4 quoted-string, visible ASCII only: a registry that needs more is refused when it is loaded. */
function quoted(value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value))
    throw new Error('a challenge parameter holds a character that no header may carry');
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** RFC 9728 §3.1: the well-known path goes between host and path; a lone slash after the host is dropped. */
export function metadataUrl(resource: string): string {
  const [, origin = '', rest = ''] = /^(https?:\/\/[^/?]+)(.*)$/s.exec(resource) ?? [];
  const path = rest.startsWith('/?') ? rest.slice(1) : rest === '/' ? '' : rest;
  return `${origin}/.well-known/oauth-protected-resource${path}`;
}
