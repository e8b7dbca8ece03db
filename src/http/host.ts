/**
 * Without callers everyone on this machine may ask, browsers too. A page from elsewhere that rebinds its name to a
 * loopback address still sends its own name as Host, so nothing but the loopback name and addresses is served.
 */
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../config.ts';
import type { ProblemAnswer } from './problems.ts';

/** Any port: a forwarded one is as local as ours. RFC 9110 §7.2. */
const AUTHORITY = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d{1,5})?$/;

/** @returns null when the request was sent to the loopback name or address */
export function refuseHost({ rawHeaders, url = '' }: IncomingMessage): ProblemAnswer | null {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'host') continue;
    hosts++;
    if (!isLocal(rawHeaders[at + 1] ?? '')) return MISDIRECTED;
  }
  // RFC 9112 §3.2: exactly one; §3.2.2: an absolute target counts in place of it.
  if (hosts !== 1) return MISDIRECTED;
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(url);
  return absolute === null || isLocal(absolute[1] ?? '') ? null : MISDIRECTED;
}

function isLocal(authority: string): boolean {
  const [, bracketed, plain] = AUTHORITY.exec(authority) ?? [];
  return bracketed === '::1' || (plain !== undefined && plain !== '::1' && isLoopback(plain));
}

const MISDIRECTED: ProblemAnswer = {
  name: 'host_not_served',
  detail:
    'No callers are configured, so only requests to localhost, 127.0.0.0/8 or [::1] are served. ' +
    'Ask by such a name, or configure callers.',
};
