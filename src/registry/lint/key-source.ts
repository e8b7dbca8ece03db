/** Where an issuer's keys come from, or who is asked about its tokens: exactly one source, at an address that may be called. */
import { below, type Path, quote, type Report } from '../place.ts';
import type { IssuerRemains, ServerRemains } from '../schema.ts';
import { isPrivateHost, urlFaults } from '../uri.ts';
import type { Draft, Entry } from './draft.ts';

const KEY_SOURCES = ['jwks_uri', 'jwks', 'discovery', 'introspection'];

/** @param raw the record as written: a key source with a fault counts as one */
export function lintKeySource(entry: Entry<IssuerRemains>, raw: unknown, needed: boolean, report: Report): void {
  lintCount(entry, raw, needed, report);
  const { jwks_uri, discovery, introspection, issuer } = entry.value;
  if (jwks_uri !== undefined) lintAddress(entry, ['jwks_uri'], jwks_uri, report);
  // The well-known path is put between host and path, or behind it: a query has no place there (RFC 8414 §2 and §3.1).
  if (discovery !== undefined && issuer !== undefined) lintAddress(entry, ['issuer'], issuer, report, { query: false });
  if (introspection !== undefined) lintIntrospection(entry, introspection, report);
}

function lintCount(entry: Entry<IssuerRemains>, raw: unknown, needed: boolean, report: Report): void {
  const written = typeof raw === 'object' && raw !== null ? Object.keys(raw) : [];
  const sources = KEY_SOURCES.filter((name) => written.includes(name));
  const [first, second] = sources;
  const at = { at: 'name', value: null } as const;
  if (second !== undefined) {
    report(below(entry.place, second), {
      ...at,
      message: `The issuer has several key sources: ${sources.join(', ')}.`,
      remedy: `Keep ${first} or ${second}: exactly one says whose signatures count.`,
    });
  } else if (first === undefined && needed) {
    const remedy = 'Add jwks_uri, jwks, discovery or introspection.';
    report(entry.place, { ...at, message: 'The issuer has no key source.', remedy });
  }
}

function lintIntrospection(
  entry: Entry<IssuerRemains>,
  { endpoint, signed }: NonNullable<IssuerRemains['introspection']>,
  report: Report,
): void {
  if (endpoint !== undefined) lintAddress(entry, ['introspection', 'endpoint'], endpoint, report);
  if (signed?.jwks_uri !== undefined)
    lintAddress(entry, ['introspection', 'signed', 'jwks_uri'], signed.jwks_uri, report);
  const { profile, token_types } = entry.value;
  const unused = {
    ...(profile !== undefined && profile !== 'rfc9068' && { profile }),
    ...(token_types !== undefined && { token_types }),
  };
  for (const [field, value] of Object.entries(unused)) {
    report(below(entry.place, field), {
      at: 'name',
      value,
      message: `${field} says what a JWT of the issuer looks like, and introspection never looks at one.`,
      remedy: 'Remove it: the answers of the issuer have the members of RFC 7662 §2.2.',
    });
  }
}

/** An address that audgate itself calls. */
function lintAddress(
  { place: record, value }: Entry<IssuerRemains>,
  path: Path,
  uri: string,
  report: Report,
  may: { readonly query: boolean } = { query: true },
): void {
  const place = below(record, ...path);
  const name = path.join('.');
  const shown = withoutUserinfo(uri);
  const scheme = URL.parse(uri)?.protocol;
  if (scheme !== undefined && uri.startsWith(`${scheme}//`) && !/^https?:$/.test(scheme)) {
    report(place, {
      value: shown,
      message: `${name} is a ${scheme} URL, and must be https.`,
      remedy: 'Write the https URL that the issuer tells of, or write its keys inline as jwks.',
    });
    return;
  }
  for (const { message, remedy } of urlFaults(uri, may)) {
    report(place, { value: shown, message: `${name} ${message}`, remedy });
  }
  const hostname = URL.parse(uri)?.hostname;
  if (hostname !== undefined && isPrivateHost(hostname) && value.allow_private_network !== true) {
    report(place, {
      value: shown,
      message: `${name} names the private address ${hostname}.`,
      remedy: 'Write a public host name, or set allow_private_network: true on this issuer.',
    });
  }
}

/** A password in a URL is a secret, though it must not be there. */
export function withoutUserinfo(uri: string): string {
  return uri.replace(/\/\/[^/?#]*@/, '//…@');
}

/** An opaque token names no issuer: where there are two to ask, nobody knows whose it is, and one would see the other's. */
export function lintIntrospecting(server: Entry<ServerRemains>, draft: Draft, report: Report): void {
  const introspecting = new Set(
    draft.issuers.flatMap(({ key, value }) => (value.introspection === undefined ? [] : [key])),
  );
  const listed = [...new Set(server.value.issuers ?? [])].filter((key) => key !== undefined && introspecting.has(key));
  const [first, second] = listed;
  if (first === undefined || second === undefined) return;
  report(below(server.place, 'issuers'), {
    value: server.value.issuers ?? null,
    message: `The server lists several issuers with introspection: ${listed.map((key) => quote(key)).join(', ')}.`,
    remedy: 'Keep one of them: an opaque token does not say which of them is to be asked.',
  });
}
