/**
 * Whom an audience value belongs to, over all servers and issuers. No two servers may share one, whatever the issuer, and
 * none may come so near another's that someone could mistake them: this is what keeps one server's tokens out of all others.
 */
import { below, type Place, quote, type Report } from '../place.ts';
import type { ServerRemains } from '../schema.ts';
import { normalised } from '../uri.ts';
import type { Draft, Entry } from './draft.ts';

interface Owner {
  readonly of: 'server' | 'issuer';
  readonly key: string;
  readonly value: string;
}

export function lintAudiences(draft: Draft, report: Report): void {
  const accepted = new Map<string, Owner>();
  const identifiers = new Map<string, Owner>();
  for (const { key, value } of draft.issuers) {
    if (value.issuer !== undefined)
      identifiers.set(normalised(value.issuer), { of: 'issuer', key, value: value.issuer });
  }
  for (const entry of draft.servers) {
    for (const { value, place } of acceptedBy(entry)) {
      const near = normalised(value);
      const other = accepted.get(near);
      if (other === undefined) accepted.set(near, { of: 'server', key: entry.key, value });
      else if (other.key !== entry.key) {
        report(place, {
          value,
          message: `${quote(value)} ${nearness(value, other)} of server ${quote(other.key)}.`,
          remedy: 'Give each server an audience of its own: a token for one would open both.',
        });
      }
      const issuer = identifiers.get(near);
      if (issuer !== undefined) {
        report(place, {
          severity: 'warning',
          value,
          message: `${quote(value)} is the identifier of issuer ${quote(issuer.key)}: its own tokens for itself fit here.`,
          remedy: 'Give the server an identifier of its own.',
        });
      }
    }
  }
  const ownerOf = (value: string) => accepted.get(normalised(value)) ?? identifiers.get(normalised(value));
  const refuseOwned = (what: string, value: string | undefined, place: Place) => {
    const owner = value === undefined ? undefined : ownerOf(value);
    if (value === undefined || owner === undefined) return;
    const whose =
      owner.of === 'server'
        ? `${nearness(value, owner)} of server ${quote(owner.key)}`
        : `${owner.value === value ? 'is' : 'comes near'} the identifier of issuer ${quote(owner.key)}`;
    report(place, {
      value,
      message: `The ${what} ${quote(value)} ${whose}.`,
      remedy: 'Remove it: a token for that one would open another.',
    });
  };
  for (const { value, place } of draft.issuers) {
    for (const [index, extra] of (value.extra_audiences ?? []).entries()) {
      refuseOwned('extra audience', extra, below(place, 'extra_audiences', index));
    }
  }
  for (const { value, place } of draft.servers) {
    for (const [index, waiver] of (value.waivers ?? []).entries()) {
      if (waiver?.what === 'lifetime') continue;
      refuseOwned('waived audience', waiver?.audience, below(place, 'waivers', index, 'audience'));
    }
  }
}

function nearness(value: string, other: Owner): string {
  return value === other.value ? 'is an accepted audience' : `comes near the accepted audience ${quote(other.value)}`;
}

function acceptedBy({ value, place }: Entry<ServerRemains>): { value: string; place: Place }[] {
  const found = value.resource === undefined ? [] : [{ value: value.resource, place: below(place, 'resource') }];
  for (const [index, audience] of (value.audiences ?? []).entries()) {
    const here = below(place, 'audiences', index);
    if (typeof audience === 'string') found.push({ value: audience, place: here });
    else if (audience?.value !== undefined) found.push({ value: audience.value, place: below(here, 'value') });
  }
  return found;
}
