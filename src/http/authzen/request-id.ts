/** `X-Request-ID` of a request, which its answer repeats (Authorization API 1.0, Request Identification). */
import type { IncomingMessage } from 'node:http';

/** What comes back as it came: of bytes beyond ASCII in a header nobody knows the encoding (RFC 9110 §5.5). */
const CARRIED = /^[\t\x20-\x7e]+$/;
/** As much as anybody needs to tell requests apart, without tabs: what else came is not recorded. */
const SANE = /^[\x20-\x7e]{1,512}$/;

/** @returns for the record; undefined when there is none, or several, or one that no identifier looks like */
export function requestIdOf(incoming: IncomingMessage): string | undefined {
  const id = sentId(incoming);
  return SANE.test(id) ? id : undefined;
}

/** The same identifier, of any length: the PDP must repeat it. */
export function echoOf(incoming: IncomingMessage): Readonly<Record<string, string>> {
  const id = sentId(incoming);
  return CARRIED.test(id) ? { 'x-request-id': id } : {};
}

/** @returns empty when there is none, or several */
function sentId({ rawHeaders }: IncomingMessage): string {
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'x-request-id') continue;
    // Node would join two with a comma: an identifier that nobody sent.
    if (found !== undefined) return '';
    found = rawHeaders[at + 1] ?? '';
  }
  return found ?? '';
}
