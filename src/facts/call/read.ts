/** Stage 2 of a decision: scheme and call (contract 2). */
import { evidence } from '../../decision/evidence.ts';
import type { CallFacts, CallSource } from '../../decision/facts.ts';
import type { Reason } from '../../decision/reason.ts';
import { ALL_CALLS } from '../../registry/method.ts';
import { readBody } from './body.ts';
import { compareHeaders } from './headers.ts';
import { shown } from './malformed.ts';
import { readId, readMessage } from './message.ts';
import type { SourceRead } from './reading.ts';
import { readRecord } from './record.ts';
import { type CallFrom, readRequest } from './request.ts';
import { takesArguments } from './target.ts';

/** `request_id`: the JSON-RPC id of the message, where it could be read, whatever else is wrong with it. */
export type CallReading =
  | { readonly ok: true; readonly call: CallFacts; readonly request_id?: string | number }
  /** All 400 reasons, in the order of precedence; one a code. */
  | { readonly ok: false; readonly reasons: readonly Reason[]; readonly request_id?: string | number };

export interface CallAsk {
  readonly source?: CallSource;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** As written; default `Bearer`. */
  readonly scheme?: string;
}

export interface CallOptions {
  /** Whether arguments will be judged: then they must be there, and read alike for everyone. */
  readonly custom_rules: boolean;
  /** Of the server; says which part of a client's request is the call, and nothing about the other sources. */
  readonly call_from: CallFrom;
}

/** RFC 6750 §2.1 and RFC 9449 §7.1. */
const SUPPORTED: readonly string[] = ['Bearer', 'DPoP'];
/** Other registered schemes (RFC 9110 §16.4.1); lower case. */
const SCHEMES: ReadonlySet<string> = new Set(
  'basic concealed digest gnap hoba mutual negotiate ntlm oauth privatetoken scram-sha-1 scram-sha-256 vapid'.split(
    ' ',
  ),
);

/**
 * Reads what the client asks of the server. `message` and the members of `call` come from the strict reader; bytes are
 * read by it here.
 */
export function readCall(ask: CallAsk, options: CallOptions): CallReading {
  const { read, id } = readSource(ask, options);
  const unreadable = read.ok ? null : read.reason;
  const unjudgeable = read.ok && options.custom_rules ? incomplete(read.call) : null;
  const compared = ask.headers !== undefined && (!read.ok || read.mirror !== null);
  const headers = compared ? compareHeaders(ask.headers ?? {}, read.ok ? read.mirror : null) : null;
  const reasons = [schemeUnsupported(ask.scheme), unreadable, unjudgeable, headers].filter((reason) => reason !== null);
  const answered = id === undefined ? {} : { request_id: id };
  return read.ok && reasons.length === 0
    ? { ok: true, call: read.call, ...answered }
    : { ok: false, reasons, ...answered };
}

function readSource({ source, headers }: CallAsk, options: CallOptions): SourceRead {
  const { custom_rules } = options;
  switch (source?.kind) {
    case undefined:
      return { read: { ok: false, reason: callMissing() } };
    case 'any':
      return { read: { ok: true, call: { method: ALL_CALLS }, mirror: null } };
    case 'call':
      return { read: readRecord(source, custom_rules) };
    case 'message':
      return { read: readMessage(source.message, custom_rules), id: readId(source.message) };
    case 'body':
      return readBody(source.body, headers, custom_rules);
    case 'request':
      return readRequest(source, headers, options);
  }
}

function schemeUnsupported(scheme: string | undefined): Reason | null {
  // RFC 9110 §11.1: schemes are compared without case.
  if (scheme === undefined || SUPPORTED.some((name) => name.toLowerCase() === scheme.toLowerCase())) return null;
  // A client may send its token without any scheme, and a gateway then takes the token for one: only names are shown.
  const known = SCHEMES.has(scheme.toLowerCase());
  return {
    code: 'scheme_unsupported',
    message: `Expected the scheme Bearer or DPoP, found ${known ? shown(scheme) : 'something else'}. Send the access token with scheme Bearer, or DPoP with a proof.`,
    expected: SUPPORTED,
    ...(known && { actual: evidence([scheme]) }),
  };
}

function callMissing(): Reason {
  return {
    code: 'call_missing',
    message: 'Expected exactly one of call, message and body, found none. Send what the client asks of the server.',
    expected: ['call', 'message', 'body'],
    actual: [],
  };
}

/** Custom rules would judge arguments that nobody sent: not the same as none, which a message without them says (contract 6). */
function incomplete(call: CallFacts): Reason | null {
  if (!takesArguments(call.method) || call.arguments !== undefined) return null;
  return {
    code: 'call_incomplete',
    message: `Expected the arguments of ${call.method}, which custom rules judge, found nothing. Send the call's arguments, {} when there are none.`,
    expected: ['arguments'],
    actual: [],
  };
}
