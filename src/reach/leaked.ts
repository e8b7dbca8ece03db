/** What to do about a token that somebody else has: what to withdraw, by which command, and where to look for its use. */
import { legible } from '../decision/evidence.ts';
import type { TokenFacts } from '../decision/facts.ts';
import type { Leaked, ReachedServer, ReachedWay, Revocation } from '../decision/reach.ts';
import type { IssuerRecord, Registry } from '../registry/registry.ts';
import { instant } from './instant.ts';
import { bindingsOf } from './proof.ts';
import { mayBeShown, option, quote } from './quote.ts';

export interface LeakedParts {
  readonly facts: TokenFacts;
  readonly verified: boolean;
  readonly servers: readonly ReachedServer[];
  /** Keys of servers that accept its audience, whether or not it opens them now. */
  readonly meant: readonly string[];
  /** From all of these servers. */
  readonly ways: readonly ReachedWay[];
  readonly registry: Registry;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Seconds beyond which no token lives where no server says less (contract 1). */
const LONGEST = 3600;

/** @returns null where nobody knows whose token it is */
export function leakedOf(parts: LeakedParts): Leaked | null {
  const { facts, servers, meant, ways, registry } = parts;
  const issuer = registry.issuerByIss.get(facts.issuer);
  if (issuer === undefined) return null;
  const keys = [...new Set([...servers.map(({ server }) => server), ...meant, ...ways.map(({ to }) => to)])].sort();
  return {
    dangerous_until: dangerousUntil(parts, issuer),
    revoke: [...ofToken(parts, issuer), ...ofHolder(parts, issuer), ...ofExchanges(parts, issuer)],
    beyond: beyond(parts, issuer),
    look_at: { servers: keys, command: `jq -c ${quote(`select(${criteria(facts, issuer)})`)} decisions.log` },
  };
}

/** Servers accept a token for as long after its end as clocks may differ. */
function dangerousUntil({ facts, servers }: LeakedParts, { clock_tolerance_seconds }: IssuerRecord): string | null {
  const end = facts.expires_at ?? 0;
  const ends = servers.map(({ valid_until }) =>
    valid_until === instant(end) ? instant(end + clock_tolerance_seconds) : valid_until,
  );
  return ends.sort().at(-1) ?? null;
}

function ofToken({ facts, now }: LeakedParts, issuer: IssuerRecord): readonly Revocation[] {
  const { token_id: value, expires_at } = facts;
  if (value === undefined || !mayBeShown(value)) return [];
  const until = instant((expires_at ?? now + LONGEST) + issuer.clock_tolerance_seconds);
  return [revocation({ by: 'jti', issuer: issuer.key, value, until, why: 'This token, wherever it shows up.' })];
}

/** Without jti the only way; with it, for what the refresh token beside the leaked one has made since. */
function ofHolder(parts: LeakedParts, issuer: IssuerRecord): readonly Revocation[] {
  const { facts } = parts;
  const who = holderOf(facts);
  const names = Object.values({ 'this subject': who.sub, 'this client': who.client_id });
  if (names.every((name) => name === undefined) && facts.token_id !== undefined) return [];
  const whose =
    who.sub !== undefined && who.client_id !== undefined
      ? 'of this subject through this client'
      : who.sub !== undefined
        ? 'of this subject'
        : who.client_id !== undefined
          ? 'of this client, whoever they speak for'
          : 'of this issuer, because the token names neither subject nor client';
  const why = `All tokens ${whose} that were issued until now, what was refreshed since among them.`;
  return [issuedBefore(parts, issuer, who, why)];
}

/** A token that was made of it by exchange has an id of its own. */
function ofExchanges(parts: LeakedParts, issuer: IssuerRecord): readonly Revocation[] {
  const own = holderOf(parts.facts);
  const clients = Map.groupBy(
    parts.ways.filter((way) => way.kind === 'exchange' && way.issuer === issuer.key),
    (way) => (way.kind === 'exchange' ? way.client_id : ''),
  );
  return [...clients].flatMap(([client_id, ways]) => {
    if (client_id === own.client_id || own.sub === undefined || !mayBeShown(client_id)) return [];
    const ends = [...new Set(ways.map(({ to }) => `"${to}"`))].join(', ');
    const why = `What this client may have exchanged it for (${ends}), issued until now.`;
    return [issuedBefore(parts, issuer, { sub: own.sub, client_id }, why)];
  });
}

type Holder = Pick<Revocation, 'sub' | 'client_id'>;

function holderOf({ subject, client_id }: TokenFacts): Holder {
  return {
    ...(subject !== undefined && mayBeShown(subject) && { sub: subject }),
    ...(client_id !== undefined && mayBeShown(client_id) && { client_id }),
  };
}

function issuedBefore(
  { facts, registry, now }: LeakedParts,
  issuer: IssuerRecord,
  who: Holder,
  why: string,
): Revocation {
  // Of the same second nobody can tell which was first: both are meant. A clock may be ahead of this one.
  const before = Math.max(now + issuer.clock_tolerance_seconds, facts.issued_at ?? 0) + 1;
  const limits = [...registry.servers.values()]
    .filter(({ issuers }) => issuers.includes(issuer.key))
    .flatMap(({ max_lifetime_seconds, waivers }) => [
      max_lifetime_seconds,
      ...waivers.map((waiver) => waiver.max_lifetime_seconds ?? 0),
    ]);
  const longest = Math.max(LONGEST, ...limits);
  const until = instant(before + longest + issuer.clock_tolerance_seconds);
  return revocation({ by: 'issued_before', issuer: issuer.key, value: instant(before), ...who, until, why });
}

/** @param entry with its members as they are; they are made fit to be shown here */
function revocation(entry: Omit<Revocation, 'command'>): Revocation {
  const { by, issuer, value, sub, client_id, until } = entry;
  const words = [
    'audgate revoke --file revoked.jsonl',
    option('by', by),
    option('issuer', issuer),
    option('value', value),
    ...(sub === undefined ? [] : [option('sub', sub)]),
    ...(client_id === undefined ? [] : [option('client-id', client_id)]),
    option('until', until),
  ];
  return {
    ...entry,
    value: legible(value),
    ...(sub !== undefined && { sub: legible(sub) }),
    ...(client_id !== undefined && { client_id: legible(client_id) }),
    command: words.join(' '),
  };
}

/** As records hold them: cut and escaped. */
function criteria({ subject, client_id, issued_at }: TokenFacts, { key }: IssuerRecord): string {
  const text = (value: string) => JSON.stringify(legible(value));
  return [
    `.input.registered.issuer.key? == ${text(key)}`,
    ...(subject === undefined ? [] : [`.input.token.subject == ${text(subject)}`]),
    ...(client_id === undefined ? [] : [`.input.token.client_id == ${text(client_id)}`]),
    ...(issued_at === undefined ? [] : [`.input.token.issued_at == ${issued_at}`]),
  ].join(' and ');
}

function beyond({ facts, verified, ways }: LeakedParts, issuer: IssuerRecord): readonly string[] {
  const iss = legible(issuer.issuer);
  const elsewhere = ways.flatMap((way) => (way.kind === 'exchange' && way.issuer !== issuer.key ? [way] : []));
  const hubs = [...new Set(ways.flatMap((way) => (way.kind === 'hub' ? [`"${way.from}"`] : [])))];
  return [
    `No list keeps new tokens from being issued: revoke the refresh token and the session at ${iss} (RFC 7009) before or right after this.`,
    ...(facts.token_id === undefined
      ? ['The token has no jti, so that it cannot be withdrawn alone: have the issuer write one (RFC 9068 §2.2).']
      : []),
    ...(bindingsOf(facts.confirmation).length > 0
      ? ['The token is bound to a key: without that it opens nothing. Replace the key too if it may be lost.']
      : []),
    ...elsewhere.map(
      ({ issuer: by, client_id, to }) =>
        `As ${JSON.stringify(legible(client_id))} it may have been exchanged for a token of issuer "${by}" for "${to}". Under which subject, that issuer knows: withdraw it there.`,
    ),
    ...hubs.map(
      (hub) => `${hub} calls servers behind it with tokens of its own: what was done through it stands in both logs.`,
    ),
    ...(verified
      ? []
      : ['Nobody verified these claims: make sure that they are the leaked token’s before you act on them.']),
  ];
}
