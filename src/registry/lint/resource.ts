/** What a server's own identifiers say: its resource, its other spellings, its values for one issuer. */
import { below, type Place, quote, type Report } from '../place.ts';
import type { ServerRemains } from '../schema.ts';
import { isBareOrigin, isHttp, normalised, resourceFaults } from '../uri.ts';
import type { Draft, Entry } from './draft.ts';
import { lintIssuerKey } from './issuer.ts';
import { warnOfRepeats } from './repeats.ts';

export function lintResource({ value: { resource }, place }: Entry<ServerRemains>, report: Report): void {
  if (resource === undefined) return;
  const here = below(place, 'resource');
  for (const { message, remedy } of resourceFaults(resource)) {
    report(here, { value: resource, message: `resource ${message}`, remedy });
  }
  if (!isBareOrigin(resource)) return;
  report(here, {
    severity: 'warning',
    value: resource,
    message: 'resource is a bare origin: clients add the slash, and their tokens are then for another audience.',
    remedy: `Give the server a path, or add ${quote(resource.replace(/\?|$/, '/$&'))} to its audiences.`,
  });
}

export function lintSpellings({ value, place }: Entry<ServerRemains>, draft: Draft, report: Report): void {
  const list = below(place, 'audiences');
  warnOfRepeats(value.audiences, list, report);
  for (const [index, audience] of (value.audiences ?? []).entries()) {
    const here = below(list, index);
    if (typeof audience === 'string') lintSpelling(audience, value.resource, here, report);
    else if (audience !== undefined) lintForeign(audience, value.issuers, here, draft, report);
  }
}

function lintSpelling(audience: string, resource: string | undefined, place: Place, report: Report): void {
  const refuse = (message: string, remedy: string) =>
    report(place, { value: audience, message: `${quote(audience)} ${message}`, remedy });
  if (!/^https?:\/\/[^/\\]/i.test(audience)) {
    refuse('is no http(s) URI.', 'Write {value: …, issuer: KEY} for a value that one issuer puts into aud.');
  } else if (!/^[\x21-\x7e]+$/.test(audience) || /[\\#*]|^[^/]*\/\/[^/?]*@/.test(audience)) {
    refuse(
      'has whitespace, a control character, "\\", a fragment, a wildcard or a user name.',
      'Write it as the issuer writes it into aud, without them.',
    );
  } else if (resource !== undefined && normalised(audience) !== normalised(resource)) {
    refuse('is not another spelling of the resource.', 'Register another server for it, or remove it.');
  }
}

function lintForeign(
  audience: { readonly value?: string | undefined; readonly issuer?: string | undefined },
  issuers: ServerRemains['issuers'],
  place: Place,
  draft: Draft,
  report: Report,
): void {
  const { value, issuer } = audience;
  if (value !== undefined && isHttp(value)) {
    report(below(place, 'value'), {
      value,
      message: `${quote(value)} is an http(s) value: it belongs to whoever has that address.`,
      remedy: 'Write another spelling of the resource as a plain string; register another server for anything else.',
    });
  } else if (value !== undefined && value.trim() !== value) {
    const message = `${quote(value)} begins or ends with whitespace.`;
    report(below(place, 'value'), { value, message, remedy: 'Remove the whitespace.' });
  }
  if (issuer === undefined) return;
  lintIssuerKey(issuer, issuers, below(place, 'issuer'), draft, report);
}
