/** What the client's own Authorization says: the token and its scheme, or why nobody can say which token is meant. */

/** Members of an `Ask`. */
export interface Credentials {
  readonly token?: string;
  /** As written. */
  readonly scheme?: string;
  /** Completes "The client's request …"; there is then neither token nor scheme. */
  readonly ambiguous?: string;
}

/** Schemes whose credentials are one token68 (RFC 9110 §11.2), which never holds a comma. Lower case. */
const TOKEN_SCHEMES: ReadonlySet<string> = new Set(['bearer', 'dpop']);

/**
 * @param values of every Authorization header of the client's request, each as it was sent (RFC 9110 §11.6.2: one header,
 * one credential). A value without a space is a scheme without token: what does not say Bearer is never tried as a token.
 */
export function readCredentials(values: readonly string[]): Credentials {
  const [value] = values;
  if (values.length > 1) return { ambiguous: `carries ${values.length} Authorization headers` };
  if (value === undefined || value === '') return {};
  const space = value.indexOf(' ');
  if (space < 0) return { scheme: value };
  const scheme = value.slice(0, space);
  const token = value.slice(space + 1);
  // Proxies join repeated headers with a comma: which of the two a server takes is its own affair (RFC 9110 §5.3).
  if (token.includes(',') && TOKEN_SCHEMES.has(scheme.toLowerCase()))
    return { ambiguous: 'carries an Authorization header that holds more than one credential' };
  return { scheme, token };
}

/**
 * Whether a request target carries `access_token` in its query (RFC 6750 §2.3), which is no way to send a token here. The
 * name is compared as any reader of queries might: decoded, without surrounding spaces, in any case.
 * @param target as the client sent it: path and query, or a whole URL
 */
export function hasTokenInQuery(target: string): boolean {
  const at = target.indexOf('?');
  if (at < 0) return false;
  // Some servers take a semicolon for a separator too (HTML 4.01, B.2.2).
  return target
    .slice(at + 1)
    .split(/[&;?#]/)
    .some(
      (pair) =>
        decoded(pair.split('=', 1)[0] ?? '')
          .trim()
          .toLowerCase() === 'access_token',
    );
}

/** Percent-encoded bytes of ASCII as their characters; all else stays, because no name that is looked for holds it. */
function decoded(name: string): string {
  return name
    .replaceAll('+', ' ')
    .replace(/%([0-7][0-9a-fA-F])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
