/** What an HTTP request shows of its caller: a key in a header of its own or as a bearer token, and a certificate. */
import type { IncomingMessage } from 'node:http';
import type { ProblemAnswer } from '../problems.ts';
import { createPeerOf } from './certificate.ts';
import type { Identify, KnownCaller } from './identify.ts';

export type Identified =
  | { readonly ok: true; readonly caller: KnownCaller }
  | { readonly ok: false; readonly problem: ProblemAnswer };

/**
 * Where a caller's key may stand. `header`: X-Audgate-Key alone, because Authorization is the gateway's client's.
 * `bearer`: Authorization as well.
 */
export type KeyPlace = 'header' | 'bearer';

export type IdentifyRequest = (incoming: IncomingMessage, place: KeyPlace) => Identified;

export function createIdentifyRequest(identify: Identify): IdentifyRequest {
  const peerOf = createPeerOf();
  return ({ rawHeaders, socket }, place) => {
    const unknown = UNKNOWN[place];
    if (identify.isOpen()) return known(identify({ key: null, certificate: null }), unknown);
    const keys = valuesOf(rawHeaders, 'x-audgate-key');
    const bearers = place === 'bearer' ? valuesOf(rawHeaders, 'authorization').map(bearerOf) : [];
    // Of two the one that is meant cannot be told: two are none.
    const [key = null, second] = [...keys, ...bearers];
    if (second !== undefined || (key === null && bearers.length > 0)) return unknown;
    return known(identify({ key, certificate: peerOf(socket) }), unknown);
  };
}

const known = (caller: KnownCaller | null, unknown: Identified): Identified =>
  caller === null ? unknown : { ok: true, caller };

/** RFC 6750 §2.1, RFC 9110 §11.1: the scheme ignores case. Null: another scheme, or no token. */
function bearerOf(value: string): string | null {
  return /^bearer +([!-~\x80-\xff]+)$/i.exec(value)?.[1] ?? null;
}

/** Node joins repeated headers, so the raw ones are looked at. @param name lower case */
function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? '';
    if (raw.length === name.length && raw.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '');
  }
  return values;
}

/** One challenge at every door (contract 3): who may also send a bearer token is told so by the detail. */
const refused = (detail: string): Identified => ({
  ok: false,
  problem: { name: 'caller_unknown', detail, headers: { 'www-authenticate': 'AudgateKey' } },
});

const UNKNOWN: Readonly<Record<KeyPlace, Identified>> = {
  header: refused(
    'Send a configured caller’s key in X-Audgate-Key, exactly once, or connect with its client certificate; not those of two callers.',
  ),
  bearer: refused(
    'Send a configured caller’s key, exactly once: in X-Audgate-Key, or as Authorization: Bearer KEY. Or connect with its client ' +
      'certificate; not with the key and the certificate of two callers.',
  ),
};
