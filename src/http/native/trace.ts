import type { IncomingHttpHeaders } from 'node:http';

/** Version 00 alone, in lower case: a later one may mean another thing by the same text (W3C Trace Context §3.2). */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The trace that a question belongs to, for its record; nothing is decided by it.
 * @param headers of the request to audgate itself; Node joins a repeated header with commas, and then it is ill-formed
 */
export function traceIdOf(headers: IncomingHttpHeaders): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}
