/** Reads `WWW-Authenticate` (RFC 9110 §11.6.1): several challenges may stand in one field, separated by commas like their parameters. */

export interface ReadChallenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case; of one that stands twice the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is no challenge is passed over, so that a broken field yields those that can be read. */
export function readChallenges(field: string | null): readonly ReadChallenge[] {
  const found: { readonly scheme: string; readonly parameters: Map<string, string> }[] = [];
  // A parameter, or a scheme; a token68 (`Basic abc==`) is neither and is passed over.
  const piece =
    /([!#$%&'*+.^_`|~\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w-]+))|([!#$%&'*+.^_`|~\w-]+)/g;
  for (const [, name, quoted, token, scheme] of (field ?? '').matchAll(piece)) {
    if (scheme !== undefined) {
      found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
      continue;
    }
    const last = found.at(-1);
    const key = (name ?? '').toLowerCase();
    if (last === undefined || last.parameters.has(key)) continue;
    last.parameters.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '');
  }
  return found;
}

/** Those by which a client can bring an access token: RFC 6750 §3, RFC 9449 §7.1. */
export function tokenChallenges(headers: Headers): readonly ReadChallenge[] {
  return readChallenges(headers.get('www-authenticate')).filter(
    ({ scheme }) => scheme === 'bearer' || scheme === 'dpop',
  );
}
