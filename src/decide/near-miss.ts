/**
 * What an audience almost was: for messages only. Nothing here decides: audiences are compared byte for byte
 * (RFC 7519 §2, RFC 9728 §6), and the only purpose of a near miss is to tell its reader what to mend.
 */
import { legible } from '../decision/evidence.ts';
import { withoutTrailingSlashes } from '../registry/uri.ts';

/** Characters: no audience or resource that can be registered is longer. Parsing a client's kilobytes would be for nothing. */
const MAX_LENGTH = 2048;
/** Accepted audiences that a value is held against. The resource stands first; what follows are mostly its spellings. */
const MAX_ACCEPTED = 16;

/** In words, how `found` differs from `wanted`; undefined when it is not near. */
export function nearMiss(found: string, wanted: string): string | undefined {
  if (found === wanted || found.length > MAX_LENGTH) return undefined;
  return spelling(found, wanted) ?? place(URL.parse(found), URL.parse(wanted));
}

/** The first of a server's accepted audiences that a value comes near, and how. */
export function nearest(
  found: string,
  accepted: readonly string[],
): { readonly accepted: string; readonly how: string } | undefined {
  for (const wanted of accepted.slice(0, MAX_ACCEPTED)) {
    const how = nearMiss(found, wanted);
    if (how !== undefined) return { accepted: wanted, how };
  }
  return undefined;
}

function spelling(found: string, wanted: string): string | undefined {
  if (found === `${wanted}/` || `${found}/` === wanted) return 'but for a trailing slash';
  return found.toLowerCase() === wanted.toLowerCase() ? 'but for upper and lower case' : undefined;
}

function place(found: URL | null, wanted: URL | null): string | undefined {
  if (found === null || wanted === null) return undefined;
  if (found.href === wanted.href) return 'but for its spelling (default port, or case of scheme and host)';
  const [path, wantedPath] = [withoutTrailingSlashes(found.pathname), withoutTrailingSlashes(wanted.pathname)];
  const rest = found.search === wanted.search && found.hash === wanted.hash;
  // Not `origin`, which is the same word for all schemes but http and https.
  if (found.host !== wanted.host) return undefined;
  if (found.protocol !== wanted.protocol)
    return isWeb(found) && isWeb(wanted) && path === wantedPath && rest
      ? 'but for the scheme (http or https)'
      : undefined;
  if (path === wantedPath) return rest ? 'but for its spelling and a trailing slash' : 'but for its query or fragment';
  if (wantedPath.startsWith(`${path}/`)) return 'but cut short: a parent does not stand for what lies below it';
  if (path.startsWith(`${wantedPath}/`)) return 'with more path: what lies below does not stand for its parent';
  return undefined;
}

const isWeb = ({ protocol }: URL) => protocol === 'https:' || protocol === 'http:';

export type AudienceKind = 'uri' | 'client' | 'opaque';

/** Whether a foreign audience is a URI, the token's own client, or an opaque identifier. */
export function kindOfAudience(value: string, clientId: string | undefined): AudienceKind {
  if (clientId !== undefined && value === clientId) return 'client';
  return /^https?:\/\//i.test(value) ? 'uri' : 'opaque';
}

/** A value in a sentence, fit for logs and answers. */
export const shown = (value: string) => (value === '' ? 'the empty string' : legible(value));
