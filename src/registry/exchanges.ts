/** The exchanges in force, and who finds them. */
import type { JsonObject } from '../json/value.ts';
import type { Sound } from './assemble.ts';
import type { ExchangeRecord, Registry } from './registry.ts';
import type { WrittenExchange } from './schema.ts';

type Written = Pick<Sound, 'exchanges' | 'servers'>;

/** What the digest covers; nothing where there is none, so that a registry without exchanges keeps its digest. */
export function exchangesInForce(written: Written): JsonObject {
  const exchanges = records(written).map(({ source: _, ...exchange }) => ({
    ...exchange,
    scopes: exchange.scopes.toSorted(),
  }));
  return exchanges.length === 0 ? {} : { exchanges };
}

export function exchangeIndex(written: Written): Pick<Registry, 'exchanges' | 'exchangesOf'> {
  const exchanges = records(written);
  const byParties = Map.groupBy(exchanges, ({ from, to, client }) => `${from} ${to} ${client}`);
  // Keys have no space, so that no two parties are spelt alike.
  return { exchanges, exchangesOf: (from, to, client) => byParties.get(`${from} ${to} ${client}`) ?? [] };
}

/** In an order of their own, whatever the files. */
function records({ exchanges, servers }: Written): readonly ExchangeRecord[] {
  if (exchanges.length === 0) return [];
  const issuers = new Map(servers.map(({ key, value }) => [key, value.issuers]));
  return exchanges
    .map(({ value, place }) => ({
      from: value.from,
      to: value.to,
      client: value.client,
      scopes: [...new Set(value.scopes)],
      issuer: issuerOf(value, issuers),
      source: { file: place.origin.file, line: place.origin.locate(place.path, 'value').line },
    }))
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ from, to, client, issuer }: ExchangeRecord) => JSON.stringify([from, to, client, issuer]);

/** The lint saw to it that who lists several says which. */
function issuerOf({ issuer, to }: WrittenExchange, issuers: ReadonlyMap<string, readonly string[]>): string {
  const [only, ...others] = new Set(issuers.get(to));
  if (issuer !== undefined) return issuer;
  if (only === undefined || others.length > 0) throw new Error(`an exchange to ${to} without issuer passed the lint`);
  return only;
}
