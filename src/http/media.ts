/** Whether a body is what it must be: JSON, as it stands. Judged before a byte of it is read. */
import type { IncomingMessage } from 'node:http';
import type { ProblemAnswer } from './problems.ts';

/** Characters of a Content-Type: twice what anyone sends for JSON. */
const MAX_LENGTH = 256;
/**
 * RFC 9110 §8.3.1: `type/subtype` and parameters, whose values are tokens or quoted strings; an empty parameter is let
 * be. Every space can be read in one way only: in two ways, a text that does not fit takes time without end.
 */
const JSON_TYPE =
  /^application\/json(?:[ \t]*;(?:[ \t]*[!#$%&'*+.^_`|~\w-]+=(?:[!#$%&'*+.^_`|~\w-]+|"[^"\\]*"))?)*[ \t]*$/i;
const CHARSET = /;[ \t]*charset=(?:"([^"]*)"|([^;" \t]*))/gi;

/** @returns null when the body may be read */
export function refuseMedia({ headers, rawHeaders }: IncomingMessage): ProblemAnswer | null {
  if (headers['content-encoding'] !== undefined) {
    return unsupported('Content-Encoding is not supported: send the body as it is, without that header.');
  }
  const type = headers['content-type'];
  // The first of several is all that Node shows; two that differ must not be read as either.
  if (!isJson(type) || count(rawHeaders, 'content-type') !== 1) {
    return unsupported('Content-Type must be application/json, once, in UTF-8.');
  }
  return null;
}

function isJson(type: string | undefined): boolean {
  if (type === 'application/json') return true;
  if (type === undefined || type.length > MAX_LENGTH || !JSON_TYPE.test(type)) return false;
  return [...type.matchAll(CHARSET)].every(([, quoted, plain]) => (quoted ?? plain ?? '').toLowerCase() === 'utf-8');
}

/** How often a header stands in a request. @param rawHeaders names and values in turn @param name lower case */
export function count(rawHeaders: readonly string[], name: string): number {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? '';
    if (raw.length === name.length && raw.toLowerCase() === name) found++;
  }
  return found;
}

const unsupported = (detail: string): ProblemAnswer => ({ name: 'media_type_unsupported', detail });
