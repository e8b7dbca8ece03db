/** `X-Request-ID` of a request, which its answer repeats (Authorization API 1.0, Request Identification). */
import type { IncomingMessage } from 'node:http';

/** Visible ASCII and spaces, as much as anybody needs to tell requests apart: what else came is neither repeated nor recorded. */
const SANE = /^[\x20-\x7e]{1,512}$/;

/** @returns undefined when there is none, or several, or one that no identifier looks like */
export function requestIdOf({ rawHeaders }: IncomingMessage): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'x-request-id') continue;
    // Node would join two with a comma: an identifier that nobody sent.
    if (found !== undefined) return undefined;
    found = rawHeaders[at + 1] ?? '';
  }
  return found !== undefined && SANE.test(found) ? found : undefined;
}

export function echoOf(incoming: IncomingMessage): Readonly<Record<string, string>> {
  const id = requestIdOf(incoming);
  return id === undefined ? {} : { 'x-request-id': id };
}
