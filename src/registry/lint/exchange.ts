/** What the schema cannot say about exchanges: whether what they name is there, and nothing is said twice. */
import { nearestName } from '../../json/nearest.ts';
import { offered } from '../hub.ts';
import { below, type Place, quote, type Report } from '../place.ts';
import type { ExchangeRemains, ServerRemains } from '../schema.ts';
import { scopesKnownTo } from '../scopes.ts';
import type { Draft, Entry } from './draft.ts';
import { lintIssuerKey } from './issuer.ts';
import { warnOfRepeats } from './repeats.ts';

type Servers = ReadonlyMap<string, ServerRemains>;

export function lintExchanges(draft: Draft, report: Report): void {
  if (draft.exchanges.length === 0) return;
  const servers: Servers = new Map(draft.servers.map(({ key, value }) => [key, value]));
  const seen = new Map<string, Place>();
  for (const entry of draft.exchanges) {
    const { value, place } = entry;
    for (const end of ['from', 'to'] as const) lintServerKey(value[end], servers, below(place, end), draft, report);
    if (value.from !== undefined && value.from === value.to) {
      report(below(place, 'to'), {
        value: value.to,
        message: 'The exchange leads from a server to itself.',
        remedy:
          'Remove it: a client may always narrow its own token for the same server, and no other client may exchange it there.',
      });
    }
    const to = value.to === undefined ? undefined : servers.get(value.to);
    const issuer = lintIssuer(entry, to, draft, report);
    lintScopes(entry, to, servers, report);
    lintRepeat(entry, issuer, seen, report);
  }
}

function lintServerKey(
  key: string | undefined,
  servers: Servers,
  place: Place,
  { complete }: Draft,
  report: Report,
): void {
  // While a file cannot be read, the server may well be in there.
  if (key === undefined || servers.has(key) || !complete) return;
  const near = nearestName(key, [...servers.keys()]);
  report(place, {
    value: key,
    message: `There is no server ${quote(key)} in this registry${near === undefined ? '' : `; the nearest is ${quote(near)}`}.`,
    remedy: near === undefined ? 'Register it under servers.' : `Write ${near}, or register the server.`,
  });
}

/** @returns the issuer that is meant, as far as that can be told */
function lintIssuer(
  { value, place }: Entry<ExchangeRemains>,
  to: ServerRemains | undefined,
  draft: Draft,
  report: Report,
): string | undefined {
  const listed = [...new Set(to?.issuers)];
  if (value.issuer !== undefined) {
    lintIssuerKey(value.issuer, to?.issuers, below(place, 'issuer'), draft, report);
    return value.issuer;
  }
  if (listed.length > 1 && !listed.includes(undefined)) {
    report(below(place, 'issuer'), {
      at: 'name',
      value: null,
      message: `issuer is missing, and the server ${quote(value.to)} accepts tokens of several.`,
      remedy: `Add issuer: the one that exchanges, ${listed.join(' or ')}.`,
    });
  }
  return listed.length === 1 ? listed[0] : undefined;
}

/** What the server does not know opens nothing there: a misspelt scope, most often. */
function lintScopes(
  { value, place }: Entry<ExchangeRemains>,
  to: ServerRemains | undefined,
  servers: Servers,
  report: Report,
): void {
  warnOfRepeats(value.scopes, below(place, 'scopes'), report);
  if (to === undefined) return;
  const known = knownAt(to, servers);
  for (const [index, scope] of (value.scopes ?? []).entries()) {
    if (scope === undefined || known.has(scope)) continue;
    const near = nearestName(scope, [...known]);
    report(below(place, 'scopes', index), {
      severity: 'warning',
      value: scope,
      message: `The server ${quote(value.to)} knows no scope ${quote(scope)}: it is never granted.`,
      remedy: near === undefined ? 'Remove it, or list what needs it.' : `Write ${near}, or remove it.`,
    });
  }
}

/** As they are in force: a token for a hub carries those of the servers behind it too. */
function knownAt(to: ServerRemains, servers: Servers): ReadonlySet<string> {
  const through = Object.values(to.hub?.backends ?? {}).flatMap((key) => {
    const backend = key === undefined ? undefined : servers.get(key);
    return backend === undefined ? [] : [...scopesKnownTo(offered({ ...backend, methods: backend.methods ?? {} }))];
  });
  return new Set([...scopesKnownTo(to), ...through]);
}

/** Two for the same parties would leave open whose scopes count. */
function lintRepeat(
  { value, place }: Entry<ExchangeRemains>,
  issuer: string | undefined,
  seen: Map<string, Place>,
  report: Report,
): void {
  const { from, to, client } = value;
  if (from === undefined || to === undefined || client === undefined || issuer === undefined) return;
  const parties = JSON.stringify([from, to, client, issuer]);
  const first = seen.get(parties);
  if (first === undefined) seen.set(parties, place);
  else {
    const { line } = first.origin.locate(first.path, 'value');
    report(place, {
      value: null,
      message: `${first.origin.file}:${line} has an exchange of the same from, to, client and issuer already.`,
      remedy: 'Keep one of the two, with the scopes of both if that is meant.',
    });
  }
}
