/** What the schema cannot say about issuers. */
import { nearestName } from '../../json/nearest.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { IssuerRemains, ServerRemains } from '../schema.ts';
import { urlFaults } from '../uri.ts';
import type { Draft, Entry } from './draft.ts';
import { lintKeySet } from './jwks.ts';
import { lintKeySource, withoutUserinfo } from './key-source.ts';
import { warnOfRepeats } from './repeats.ts';

/** @param raw the record as written: a key source of a later version counts as one here, and is refused by the schema */
export function lintIssuer(entry: Entry<IssuerRemains>, raw: unknown, needsKeySource: boolean, report: Report): void {
  const { value, place } = entry;
  if (value.issuer !== undefined) {
    // RFC 8414 §2: https, without query and fragment. Some issuers are older than that, and an iss is only compared.
    // Where its metadata is looked for, the issuer is a URL that audgate itself calls: the key source has its own rules.
    const faults = value.discovery === undefined ? urlFaults(value.issuer, { query: false }) : [];
    for (const { message } of faults) {
      report(below(place, 'issuer'), {
        severity: 'warning',
        value: withoutUserinfo(value.issuer),
        message: `issuer ${message}`,
        remedy: 'Compare it with the iss of a token; where it is exactly that, let it be.',
      });
    }
  }
  lintKeySource(entry, raw, needsKeySource, report);
  if (value.jwks?.keys !== undefined) {
    lintKeySet(value.jwks.keys, value.algorithms, below(place, 'jwks', 'keys'), report);
  }
  for (const field of ['algorithms', 'token_types', 'extra_audiences'] as const) {
    warnOfRepeats(value[field], below(place, field), report);
  }
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
