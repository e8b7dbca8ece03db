/**
 * Check 9 of RFC 9449 §4.3: one URI in two spellings, without query and fragment, after syntax- and scheme-based normalisation
 * (RFC 3986 §6.2.2 and §6.2.3). Written out, because the URL class of browsers repairs what it is given: `\`, line breaks and
 * numeric hosts would all come to mean something.
 */

/** Whatever is not written so is no URI that a client may mean: no user, no percent-encoded host, ASCII only (RFC 3986 appendix A). */
const FORM =
  /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=-]+)(?::([0-9]*))?((?:\/(?:[a-z0-9._~!$&'()*+,;=:@/-]|%[0-9a-f]{2})*)?)(?:\?[!-~]*)?(?:#[!-~]*)?$/i;

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * @param htu what the proof says
 * @param resource registered, so absolute and without dot segments
 */
export function isSameUri(htu: string, resource: string): boolean {
  if (htu === withoutQuery(resource)) return true;
  const one = normalised(htu);
  return one !== null && one === normalised(resource);
}

const withoutQuery = (uri: string) => uri.replace(/[?#].*$/s, '');

function normalised(uri: string): string | null {
  const match = FORM.exec(uri);
  if (match === null) return null;
  const [, scheme = '', host = '', port = '', path = ''] = match;
  const lower = scheme.toLowerCase();
  const at = port === '' || port === DEFAULT_PORT[lower] ? '' : `:${port}`;
  return `${lower}://${host.toLowerCase()}${at}${withoutDots(decoded(path)) || '/'}`;
}

/** RFC 3986 §6.2.2.1 and §6.2.2.2: digits of escapes in upper case, and no escape for what needs none. */
function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (written, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[a-z0-9._~-]/i.test(character) ? character : written.toUpperCase();
  });
}

/** RFC 3986 §5.2.4, of a path that is empty or starts with a slash. */
function withoutDots(path: string): string {
  if (!/\/\.{1,2}(\/|$)/.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [at, segment] of segments.entries()) {
    const isLast = at === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}
