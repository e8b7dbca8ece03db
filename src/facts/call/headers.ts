import { evidence, MAX_VALUES } from '../../decision/evidence.ts';
import type { Reason } from '../../decision/reason.ts';
import { shown } from './malformed.ts';

/** What the headers must repeat. */
export interface Named {
  readonly method: string;
  readonly name: string | undefined;
}

/**
 * `Mcp-Method` and `Mcp-Name`, where given, must be the call's literally: routers and rate limits act on them, the server
 * on the body (contract 2). Other headers are not looked at, and the encoded form of a name is not decoded.
 * @param headers by lower-case name
 * @param call null: it could not be read, so only that each header is single can be judged
 * @returns one reason for both headers
 */
export function compareHeaders(
  headers: Readonly<Record<string, readonly string[]>>,
  call: Named | null,
): Reason | null {
  const expected: string[] = [];
  const actual: string[] = [];
  const found: string[] = [];
  for (const header of ['mcp-method', 'mcp-name'] as const) {
    const values = Object.hasOwn(headers, header) ? headers[header] : undefined;
    if (values === undefined) continue;
    const wanted = header === 'mcp-method' ? call?.method : call?.name;
    const [value] = values;
    if (values.length === 1 && (call === null || value === wanted)) continue;
    if (wanted !== undefined) expected.push(wanted);
    // One more than is shown, so that the cut is marked; a client may send more than a call takes as arguments.
    actual.push(...values.slice(0, MAX_VALUES + 1));
    found.push(`${header} ${difference(values, wanted, call)}`);
  }
  if (found.length === 0) return null;
  return {
    code: 'header_mismatch',
    message: `${found.join('; ')}. Send each header once, with the literal value that the call holds, or leave it out.`,
    expected: evidence(expected),
    actual: evidence(actual),
  };
}

function difference(values: readonly string[], wanted: string | undefined, call: Named | null): string {
  const [value] = values;
  if (value === undefined || values.length !== 1) return `was expected once and found ${values.length} times`;
  if (wanted === undefined)
    return `was found as ${shown(value)}, where ${shown(call?.method ?? '')} has no name to repeat`;
  const encoded = value.startsWith('=?') ? ' (the encoded form is not supported by this version)' : '';
  return `was expected to be ${shown(wanted)}, and found as ${shown(value)}${encoded}`;
}
