import { evidence, MAX_VALUES } from '../../decision/evidence.ts';
import type { Reason } from '../../decision/reason.ts';
import { comparesHeaders, decodeValue, isPlainValue } from './header-value.ts';
import { shown } from './malformed.ts';
import { repeats } from './parameters.ts';
import type { Mirror } from './reading.ts';

type Headers = Readonly<Record<string, readonly string[]>>;

interface Difference {
  readonly header: string;
  readonly found: string;
  readonly expected?: string;
  readonly actual: readonly string[];
}

const PARAMETER = 'mcp-param-';

/**
 * `Mcp-Method`, `Mcp-Name`, `Mcp-Param-*` and `MCP-Protocol-Version`, where given, must repeat the call: routers and rate
 * limits act on them, the server on the body (MCP 2026-07-28, streamable HTTP, "Server Validation"). That one is there at
 * all is the server's to ask for.
 * @param headers by lower-case name; other headers are not looked at
 * @param mirror null: the call could not be read, so only that each header is single can be judged
 * @returns one reason for all headers
 */
export function compareHeaders(headers: Headers, mirror: Mirror | null): Reason | null {
  const differences: Difference[] = [];
  const judge = (
    header: string,
    difference: (value: string, of: Mirror) => Omit<Difference, 'header' | 'actual'> | null,
  ) => {
    const values = Object.hasOwn(headers, header) ? headers[header] : undefined;
    if (values === undefined) return;
    const [value] = values;
    if (value === undefined || values.length !== 1) {
      // One more than is shown, so that the cut is marked; a client may send more than a call takes as arguments.
      const actual = values.slice(0, MAX_VALUES + 1);
      differences.push({ header, found: `was expected once and found ${values.length} times`, actual });
      return;
    }
    const found = mirror === null ? null : difference(value, mirror);
    if (found !== null) differences.push({ header, ...found, actual: [value] });
  };
  judge('mcp-method', methodDifference);
  judge('mcp-name', nameDifference);
  judge('mcp-protocol-version', versionDifference);
  const parameters = Object.keys(headers).filter((header) => header.startsWith(PARAMETER));
  if (parameters.length > 0) {
    const repeated = repeats(mirror?.arguments ?? null);
    for (const header of parameters) {
      judge(header, (value, of) => parameterDifference(header.slice(PARAMETER.length), value, of, repeated));
    }
  }
  if (differences.length === 0) return null;
  const told = differences.slice(0, MAX_VALUES);
  const found = told.map(({ header, found }) => `${shownHeader(header)} ${found}`).join('; ');
  return {
    code: 'header_mismatch',
    message: `${found}. Send each header once, with the value that the call holds, or leave it out.`,
    expected: evidence(told.flatMap(({ expected }) => (expected === undefined ? [] : [expected]))),
    actual: evidence(told.flatMap(({ actual }) => actual)),
  };
}

type Finding = Omit<Difference, 'header' | 'actual'> | null;

function methodDifference(value: string, { method }: Mirror): Finding {
  if (method === undefined) return { found: `was found as ${shown(value)}, where there is no method to repeat` };
  return value === method && isPlainValue(value) ? null : other(value, method);
}

function nameDifference(value: string, { method, name }: Mirror): Finding {
  if (name === undefined)
    return { found: `was found as ${shown(value)}, where ${shown(method ?? 'the request')} has no name to repeat` };
  return decodeValue(value) === name ? null : other(value, name);
}

function versionDifference(value: string, { version }: Mirror): Finding {
  if (version === null) return null;
  const { sent, required } = version;
  if (sent === undefined && required && comparesHeaders(value))
    return { found: `was found as ${shown(value)}, where the message lacks the version in its _meta` };
  if (sent === undefined || sent === value) return null;
  return typeof sent === 'string'
    ? other(value, sent)
    : { found: `was found as ${shown(value)}, where the version in _meta is no text` };
}

function parameterDifference(
  name: string,
  value: string,
  { method }: Mirror,
  repeated: ReturnType<typeof repeats>,
): Finding {
  if (method !== 'tools/call')
    return {
      found: `was found as ${shown(value)}, where ${shown(method ?? 'the request')} has no arguments to repeat`,
    };
  const decoded = decodeValue(value);
  const right = name !== '' && decoded !== null && (repeated === null || repeated(name, decoded));
  return right ? null : { found: `was found as ${shown(value)}, which no argument of that name is` };
}

function other(value: string, wanted: string): NonNullable<Finding> {
  return { found: `was expected to be ${shown(wanted)}, and found as ${shown(value)}`, expected: wanted };
}

/** A name of `Mcp-Param-*` is the client's own text. */
function shownHeader(header: string): string {
  return header.startsWith(PARAMETER) ? shown(header) : header;
}
