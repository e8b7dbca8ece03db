/**
 * What an audience almost was: for messages only. Nothing here decides: audiences are compared byte for byte
 * (RFC 7519 §2, RFC 9728 §6), and the only purpose of a near miss is to tell its reader what to mend.
 */
import { legible } from '../decision/evidence.ts';

/** In words, how `found` differs from `wanted`; undefined when it is not near. */
export function nearMiss(found: string, wanted: string): string | undefined {
  if (found === wanted) return undefined;
  if (found === `${wanted}/` || `${found}/` === wanted) return 'but for a trailing slash';
  if (found.toLowerCase() === wanted.toLowerCase()) return 'but for upper and lower case';
  const [a, b] = [parse(found), parse(wanted)];
  if (a === null || b === null) return undefined;
  if (a.href === b.href) return 'but for its spelling (default port, or case of scheme and host)';
  if (trimmed(a.href) === trimmed(b.href)) return 'but for its spelling and a trailing slash';
  if (a.host === b.host && a.protocol !== b.protocol && a.pathname === b.pathname)
    return 'but for the scheme (http or https)';
  if (a.origin !== b.origin) return undefined;
  if (b.pathname.startsWith(`${trimmed(a.pathname)}/`))
    return 'but cut short: a parent does not stand for what lies below it';
  if (a.pathname.startsWith(`${trimmed(b.pathname)}/`))
    return 'with more path: what lies below does not stand for its parent';
  return undefined;
}

export type AudienceKind = 'uri' | 'client' | 'opaque';

/** Whether a foreign audience is a URI, the token's own client, or an opaque identifier. */
export function kindOfAudience(value: string, clientId: string | undefined): AudienceKind {
  if (clientId !== undefined && value === clientId) return 'client';
  return /^https?:\/\//i.test(value) ? 'uri' : 'opaque';
}

/** A value in a sentence, fit for logs and answers. */
export const shown = (value: string) => (value === '' ? 'the empty string' : legible(value));

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

const trimmed = (path: string) => (path.endsWith('/') ? path.slice(0, -1) : path);
