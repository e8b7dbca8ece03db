/** The client's HTTP request as a gateway hands it on; `call_from` of the server says where in it the call is (contract 7). */
import { evidence } from '../../decision/evidence.ts';
import type { CallSource } from '../../decision/facts.ts';
import type { FixedCode } from '../../decision/reasons.ts';
import { ANY_CALL, LISTEN, targetsOf } from '../../registry/method.ts';
import { readBody } from './body.ts';
import { comparesHeaders, decodeValue } from './header-value.ts';
import { type Defect, shown } from './malformed.ts';
import { type CallRead, type Mirror, refused, type SourceRead } from './reading.ts';
import { clientMethodDefect, targetDefect, withTarget } from './target.ts';

type Request = Extract<CallSource, { kind: 'request' }>;
type Headers = Readonly<Record<string, readonly string[]>>;

export type CallFrom = 'body' | 'headers' | 'none';

export function readRequest(
  source: Request,
  headers: Headers | undefined,
  options: { readonly custom_rules: boolean; readonly call_from: CallFrom },
): SourceRead {
  // Whatever the client does there: token and server are all that is decided.
  if (options.call_from === 'none') return { read: { ok: true, call: { method: ANY_CALL }, mirror: null } };
  const pseudo = PSEUDO.get(source.method);
  if (pseudo !== undefined) return { read: readEmpty(source, pseudo) };
  if (source.method !== 'POST') return { read: refused(otherMethod(source.method)) };
  if (options.call_from === 'headers') return { read: readHeaders(headers ?? {}) };
  const { body } = source;
  if (body.kind === 'absent') return { read: lacking('call_missing', 'the body of the POST request') };
  if (body.kind === 'partial') return { read: refused(notWhole(body.why)) };
  return readBody(body.bytes, headers, options.custom_rules);
}

/** A stream of events, and the end of a session (revisions 2025-03-26 to 2025-11-25). Methods of HTTP have case. */
const PSEUDO: ReadonlyMap<string, string> = new Map([
  ['GET', 'http/get'],
  ['DELETE', 'http/delete'],
]);

/** Nothing of the call that a header could repeat. */
const NO_MIRROR: Mirror = { method: undefined, name: undefined, version: null, arguments: null };

function readEmpty({ method, body }: Request, pseudo: string): CallRead {
  if (body.kind === 'absent' || (body.kind === 'whole' && body.bytes.length === 0))
    return { ok: true, call: { method: pseudo }, mirror: NO_MIRROR };
  // RFC 9110 §9.3.1: content in it has no meaning, so a server may read a message in it or not.
  const remedy = 'Send messages with POST.';
  return refused({ expected: `a ${method} request without body`, found: 'one with a body', remedy });
}

/**
 * Methods whose headers a server of revision 2026-07-28 compares with all that they touch. Completion and subscriptions have
 * targets in the body alone; resources/subscribe, tasks/result and their like are not of that revision, so nobody compares.
 */
const VOUCHED: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
]);

/** The server is attested to refuse a request whose body says otherwise, which it must from that revision on. */
function readHeaders(headers: Headers): CallRead {
  const methods = valuesOf(headers, 'mcp-method');
  const versions = valuesOf(headers, 'mcp-protocol-version');
  const [method] = methods;
  const [version] = versions;
  if (method === undefined) return lacking('call_missing', 'Mcp-Method, from which calls to this server are read');
  if (methods.length > 1) return lacking('call_incomplete', 'one Mcp-Method', `${methods.length} of them`);
  const modern = 'one MCP-Protocol-Version of 2026-07-28 or later, whose servers compare headers with the body';
  if (version === undefined) return lacking('call_incomplete', modern);
  if (versions.length > 1) return lacking('call_incomplete', modern, `${versions.length} of them`);
  if (!comparesHeaders(version)) return lacking('call_incomplete', modern, shown(version));
  const wrong = clientMethodDefect(method);
  if (wrong !== null) return refused(wrong);

  const mirror = (name: string | undefined): Mirror => ({ method, name, version: null, arguments: null });
  const [kind] = targetsOf(method) ?? [];
  if (kind === undefined && method !== LISTEN) return { ok: true, call: { method }, mirror: mirror(undefined) };
  if (kind === undefined || !VOUCHED.has(method))
    return lacking('call_incomplete', 'a method whose target a header names', shown(method));
  const [value] = valuesOf(headers, 'mcp-name');
  if (value === undefined) return lacking('call_incomplete', `Mcp-Name, the ${kind} of ${method}`);
  const name = decodeValue(value);
  if (name === null) return refused(notEncoded(value));
  const bad = targetDefect(method, kind, name, 'Mcp-Name');
  return bad === null ? { ok: true, call: withTarget(method, kind, name), mirror: mirror(name) } : refused(bad);
}

function valuesOf(headers: Headers, name: string): readonly string[] {
  return Object.hasOwn(headers, name) ? (headers[name] ?? []) : [];
}

function lacking(
  code: Extract<FixedCode, 'call_missing' | 'call_incomplete'>,
  expected: string,
  found = 'none',
): Extract<CallRead, { ok: false }> {
  const message = `Expected ${expected}, found ${found}. Hand on the client's request whole, or change call_from of the server.`;
  return { ok: false, reason: { code, message, expected: evidence([expected]), actual: evidence([found]) } };
}

function notEncoded(value: string): Defect {
  const remedy = 'Send visible ASCII, or =?base64?…?= of the UTF-8 text.';
  return { expected: 'Mcp-Name to be plain or rightly encoded', found: shown(value), remedy };
}

function otherMethod(method: string): Defect {
  const remedy = 'Send messages with POST.';
  return { expected: 'an HTTP method of MCP (POST, GET or DELETE)', found: shown(method), remedy };
}

/** @param why completes "the body …" */
function notWhole(why: string): Defect {
  const remedy = 'Send a smaller message, or let the gateway hand on larger ones.';
  return { expected: 'the whole body of the request', found: `a part of it: the body ${why}`, remedy };
}
