import { evidence, MAX_VALUES } from '../../decision/evidence.ts';
import type { Reason } from '../../decision/reason.ts';
import { comparesHeaders, decodeValue, isPlainValue } from './header-value.ts';
import { shown } from './malformed.ts';
import { repeats } from './parameters.ts';
import type { Mirror } from './reading.ts';

type Headers = Readonly<Record<string, readonly string[]>>;

/** Headers that differ and are told of; a client may send thousands. */
const MAX_TOLD = 4;
const PARAMETER = 'mcp-param-';

/** What is wrong with a header's one value; null: nothing. `expected` is the value that it should have. */
interface Finding {
  readonly found: string;
  readonly expected?: string | undefined;
}

/**
 * `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*` and `MCP-Protocol-Version`, where given, must repeat the call: routers and rate
 * limits act on them, the server on the body (MCP 2026-07-28, streamable HTTP, "Server Validation"). That one is there at
 * all is the server's to ask for.
 * @param headers by lower-case name; other headers are not looked at
 * @param mirror null: the call could not be read, so only that each header is single can be judged
 * @returns one reason for all headers
 */
export function compareHeaders(headers: Headers, mirror: Mirror | null): Reason | null {
  const differences: (Finding & { readonly header: string; readonly actual: readonly string[] })[] = [];
  const judge = (header: string, compare: (value: string, of: Mirror) => Finding | null, wanted?: string) => {
    const values = Object.hasOwn(headers, header) ? headers[header] : undefined;
    if (values === undefined) return;
    const [value] = values;
    const single = value !== undefined && values.length === 1;
    const finding = single
      ? mirror && compare(value, mirror)
      : { found: `was expected once and found ${values.length} times`, expected: wanted };
    // One value more than is shown, so that the cut is marked; a client may send more than a call takes as arguments.
    if (finding !== null) differences.push({ header, ...finding, actual: values.slice(0, MAX_VALUES + 1) });
  };
  judge('mcp-method', compareMethod, mirror?.method);
  judge('mcp-name', compareName, mirror?.name);
  judge('mcp-protocol-version', compareVersion);
  const parameters = Object.keys(headers).filter((header) => header.startsWith(PARAMETER));
  const repeated = parameters.length === 0 ? null : repeats(mirror?.arguments ?? null);
  for (const header of parameters) judge(header, parameterOf(header.slice(PARAMETER.length), repeated));
  if (differences.length === 0) return null;

  const found = differences.slice(0, MAX_TOLD).map(({ header, found }) => `${shownHeader(header)} ${found}`);
  if (differences.length > MAX_TOLD) found.push(`and ${differences.length - MAX_TOLD} more`);
  return {
    code: 'header_mismatch',
    message: `${found.join('; ')}. Send each header once, with the value that the call holds, or leave it out.`,
    expected: evidence(differences.flatMap(({ expected }) => (expected === undefined ? [] : [expected]))),
    actual: evidence(differences.flatMap(({ actual }) => actual)),
  };
}

function compareMethod(value: string, { method }: Mirror): Finding | null {
  if (method === undefined) return { found: `was found as ${shown(value)}, where there is no method to repeat` };
  return value === method && isPlainValue(value) ? null : other(value, method);
}

function compareName(value: string, { method, name }: Mirror): Finding | null {
  if (name === undefined)
    return { found: `was found as ${shown(value)}, where ${shown(method ?? 'the request')} has no name to repeat` };
  return decodeValue(value) === name ? null : other(value, name);
}

function compareVersion(value: string, { version }: Mirror): Finding | null {
  if (version === null) return null;
  const { sent, required } = version;
  if (sent === undefined)
    return required && comparesHeaders(value)
      ? { found: `was found as ${shown(value)}, where the message lacks the version in its _meta` }
      : null;
  if (typeof sent !== 'string') return { found: `was found as ${shown(value)}, where _meta has another kind of value` };
  return sent === value ? null : other(value, sent);
}

function parameterOf(name: string, repeated: ReturnType<typeof repeats>) {
  return (value: string, { method }: Mirror): Finding | null => {
    if (method !== 'tools/call')
      return { found: `was found as ${shown(value)}, where ${shown(method ?? 'the request')} repeats no arguments` };
    const decoded = decodeValue(value);
    const right = name !== '' && decoded !== null && (repeated === null || repeated(name, decoded));
    return right ? null : { found: `was found as ${shown(value)}, which is no argument of that name` };
  };
}

function other(value: string, wanted: string): Finding {
  return { found: `was expected to be ${shown(wanted)}, and found as ${shown(value)}`, expected: wanted };
}

/** A name of `Mcp-Param-*` is the client's own text. */
function shownHeader(header: string): string {
  return header.startsWith(PARAMETER) ? shown(header) : header;
}
