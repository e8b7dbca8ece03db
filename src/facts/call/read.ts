/** Stage 2 of a decision: scheme and call (contract 2). */
import { evidence } from '../../decision/evidence.ts';
import type { CallFacts, CallSource } from '../../decision/facts.ts';
import type { Reason } from '../../decision/reason.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { readJson } from '../../json/read.ts';
import { METHODS_BY_TARGET, type TargetKind } from '../../registry/method.ts';
import { compareHeaders, type Named } from './headers.ts';
import { type Defect, malformed, shown } from './malformed.ts';
import { argumentsDefect, type CallRead, readId, readMessage } from './message.ts';
import { methodDefect, takesArguments, targetDefect, withTarget } from './target.ts';

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

/** Registered schemes (RFC 9110 §16.4.1), and OAuth's proofs; lower case. */
const SCHEMES: ReadonlySet<string> = new Set(
  'basic concealed digest dpop gnap hoba mutual negotiate ntlm oauth privatetoken scram-sha-1 scram-sha-256 vapid'.split(
    ' ',
  ),
);

/** Levels of a message, the same as of the request around it. */
const MAX_DEPTH = 32;

/**
 * Reads what the client asks of the server. `message` and the members of `call` come from the strict reader; `body` is
 * read by it here.
 * @param options.custom_rules whether arguments will be judged: then they must be there, and read alike for everyone
 */
export function readCall(ask: CallAsk, options: { readonly custom_rules: boolean }): CallReading {
  const { source } = ask;
  const { read, id } = readSource(source, options.custom_rules);
  const scheme = schemeUnsupported(ask.scheme);
  const unjudgeable = read.ok && options.custom_rules ? incomplete(read.call) : null;
  const headers = ask.headers === undefined ? null : compareHeaders(ask.headers, named(read));

  const answered = id === undefined ? {} : { request_id: id };
  if (read.ok && scheme === null && unjudgeable === null && headers === null)
    return { ok: true, call: read.call, ...answered };
  const unreadable = read.ok ? null : read.reason;
  return {
    ok: false,
    reasons: [scheme, unreadable, unjudgeable, headers].filter((reason) => reason !== null),
    ...answered,
  };
}

function readSource(
  source: CallSource | undefined,
  customRules: boolean,
): { read: CallRead; id?: string | number | undefined } {
  if (source === undefined) return { read: { ok: false, reason: callMissing() } };
  if (source.kind === 'call') return { read: readRecord(source, customRules) };
  if (source.kind === 'message') return { read: readMessage(source.message, customRules), id: readId(source.message) };
  if (source.kind === 'request') return { read: { ok: false, reason: callMissing() } };
  const text = readJson(source.body, { depth: MAX_DEPTH });
  if (!text.ok) return { read: { ok: false, reason: notStrict(text.problems) } };
  return { read: readMessage(text.value, customRules), id: readId(text.value) };
}

/**
 * The caller's own record of the call. Its form was checked where the request was read; what is checked again here is what
 * the decision stands on, because library and middleware come here too.
 */
function readRecord(source: Extract<CallSource, { kind: 'call' }>, customRules: boolean): CallRead {
  const { method, task } = source;
  const unnamed = methodDefect(method);
  if (unnamed !== null) return { ok: false, reason: malformed(unnamed) };
  const judged = takesArguments(method) ? source.arguments : undefined;
  const twins = judged !== undefined && customRules ? argumentsDefect(judged) : null;
  if (twins !== null) return { ok: false, reason: malformed(twins) };

  const given = (['tool', 'prompt', 'uri'] as const).filter((member) => source[member] !== undefined);
  const [only] = given;
  const kind = METHODS_BY_TARGET.get(method) ?? only;
  const target = kind === undefined ? undefined : source[kind];
  // A task's call names no target that this version could open (see message.ts); its own id is what a header repeats.
  if (task !== undefined) return { ok: true, call: { method, task }, name: target ?? task };
  if (kind === undefined) return { ok: true, call: { method }, name: undefined };
  if (target === undefined || given.length > 1)
    return { ok: false, reason: malformed(otherTarget(method, kind, given)) };
  // Also of a method that has none: the registry opens no such operation.
  const wrong = targetDefect(method, kind, target, `call.${kind}`);
  if (wrong !== null) return { ok: false, reason: malformed(wrong) };
  const call = withTarget(method, kind, target);
  return { ok: true, call: judged === undefined ? call : { ...call, arguments: judged }, name: target };
}

function named(read: CallRead): Named | null {
  return read.ok ? { method: read.call.method, name: read.name } : null;
}

function schemeUnsupported(scheme: string | undefined): Reason | null {
  // RFC 9110 §11.1: schemes are compared without case.
  if (scheme === undefined || scheme.toLowerCase() === 'bearer') return null;
  // A client may send its token without any scheme, and a gateway then takes the token for one: only names are shown.
  const known = SCHEMES.has(scheme.toLowerCase());
  return {
    code: 'scheme_unsupported',
    message: `Expected the scheme Bearer, found ${known ? shown(scheme) : 'something else'}: not supported by this version. Send the access token with scheme Bearer.`,
    expected: ['Bearer'],
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
  if (!takesArguments(call.method) || call.task !== undefined || call.arguments !== undefined) return null;
  return {
    code: 'call_incomplete',
    message: `Expected call.arguments of ${call.method}, which custom rules judge, found nothing. Send the call's arguments, {} when there are none.`,
    expected: ['arguments'],
    actual: [],
  };
}

function notStrict(problems: readonly JsonProblem[]): Reason {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return malformed({
    expected: 'body to be strict JSON',
    found: `${first === undefined ? 'other text' : placed(first)}${more}`,
    remedy: 'Send the exact bytes of one JSON-RPC message.',
    evidence: { expected: ['strict JSON'], actual: problems.map(placed) },
  });
}

function placed({ pointer, message }: JsonProblem): string {
  return `${pointer === '' ? 'the text' : shown(pointer)} ${message}`;
}

function otherTarget(method: string, kind: TargetKind, given: readonly string[]): Defect {
  const found = given.length === 0 ? 'none' : given.join(' and ');
  return { expected: `${method} with the target ${kind}`, found, remedy: 'Send the one target that the method has.' };
}
