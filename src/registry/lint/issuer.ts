/** What the schema cannot say about issuers. */
import { nearestName } from '../../json/nearest.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { IssuerRemains, ServerRemains } from '../schema.ts';
import { isPrivateHost, urlFaults } from '../uri.ts';
import type { Draft, Entry } from './draft.ts';
import { lintKeySet } from './jwks.ts';
import { warnOfRepeats } from './repeats.ts';

/** @param raw the record as written: a key source of a later version counts as one here, and is refused by the schema */
export function lintIssuer(entry: Entry<IssuerRemains>, raw: unknown, needsKeySource: boolean, report: Report): void {
  const { value, place } = entry;
  if (value.issuer !== undefined) {
    // RFC 8414 §2: https, without query and fragment. Some issuers are older than that, and an iss is only compared.
    for (const { message } of urlFaults(value.issuer, { query: false })) {
      report(below(place, 'issuer'), {
        severity: 'warning',
        value: withoutUserinfo(value.issuer),
        message: `issuer ${message}`,
        remedy: 'Compare it with the iss of a token; where it is exactly that, let it be.',
      });
    }
  }
  lintKeySource(entry, raw, needsKeySource, report);
  if (value.jwks_uri !== undefined) lintJwksUri(entry, value.jwks_uri, report);
  if (value.jwks?.keys !== undefined) {
    lintKeySet(value.jwks.keys, value.algorithms, below(place, 'jwks', 'keys'), report);
  }
  for (const field of ['algorithms', 'token_types', 'extra_audiences'] as const) {
    warnOfRepeats(value[field], below(place, field), report);
  }
}

const KEY_SOURCES = ['jwks_uri', 'jwks', 'discovery', 'introspection'];

function lintKeySource(entry: Entry<IssuerRemains>, raw: unknown, needed: boolean, report: Report): void {
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
    report(entry.place, { ...at, message: 'The issuer has no key source.', remedy: 'Add jwks_uri or jwks.' });
  }
}

function lintJwksUri(entry: Entry<IssuerRemains>, uri: string, report: Report): void {
  const place = below(entry.place, 'jwks_uri');
  const scheme = URL.parse(uri)?.protocol;
  if (scheme !== undefined && uri.startsWith(`${scheme}//`) && !/^https?:$/.test(scheme)) {
    report(place, {
      value: withoutUserinfo(uri),
      message: `jwks_uri is a ${scheme} URL, and must be https.`,
      remedy: 'Write the https URL where the issuer publishes its keys, or write them inline as jwks.',
    });
    return;
  }
  const faults = urlFaults(uri, { query: true });
  for (const { message, remedy } of faults) {
    report(place, { value: withoutUserinfo(uri), message: `jwks_uri ${message}`, remedy });
  }
  const hostname = URL.parse(uri)?.hostname;
  if (hostname !== undefined && isPrivateHost(hostname) && entry.value.allow_private_network !== true) {
    report(place, {
      value: withoutUserinfo(uri),
      message: `jwks_uri names the private address ${hostname}.`,
      remedy: 'Write a public host name, or set allow_private_network: true on this issuer.',
    });
  }
}

/** A password in a URL is a secret, though it must not be there. */
function withoutUserinfo(uri: string): string {
  return uri.replace(/\/\/[^/?#]*@/, '//…@');
}

/** Two issuers with one `iss`: then nobody could tell whose keys and rules count. */
export function lintIssuers(draft: Draft, report: Report): void {
  const first = new Map<string, Entry<IssuerRemains>>();
  for (const entry of draft.issuers) {
    const iss = entry.value.issuer;
    if (iss === undefined) continue;
    const other = first.get(iss);
    if (other === undefined) first.set(iss, entry);
    else {
      report(below(entry.place, 'issuer'), {
        value: iss,
        message: `The issuers ${quote(other.key)} and ${quote(entry.key)} have the same iss.`,
        remedy: 'Keep one of them; an iss picks exactly one issuer.',
      });
    }
  }
}

/** An issuer that an audience or a waiver names: known, and one of the server's. */
export function lintIssuerKey(
  issuer: string,
  issuers: ServerRemains['issuers'],
  place: Place,
  draft: Draft,
  report: Report,
): void {
  if (!draft.issuerKeys.has(issuer)) {
    // While a file cannot be read, the issuer may well be in there.
    if (!draft.complete) return;
    const near = nearestName(issuer, [...draft.issuerKeys]);
    report(place, {
      value: issuer,
      message: `There is no issuer ${quote(issuer)} in this registry${near === undefined ? '' : `; the nearest is ${quote(near)}`}.`,
      remedy: near === undefined ? `Register it under issuers.` : `Write ${near}, or register the issuer.`,
    });
  } else if (issuers !== undefined && !issuers.includes(issuer) && !issuers.includes(undefined)) {
    report(place, {
      value: issuer,
      message: `The server does not accept tokens of issuer ${quote(issuer)}.`,
      remedy: `Add ${issuer} to the server's issuers, or remove this entry.`,
    });
  }
}
