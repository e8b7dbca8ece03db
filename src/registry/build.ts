/** From records without fault to the registry in force: every index that a decision needs. */
import { metadataUrl } from '../decision/challenge.ts';
import type { HubInput, ServerInput, WaiverInput } from '../decision/input.ts';
import type { JsonObject } from '../json/value.ts';
import type { Sound } from './assemble.ts';
import { digestOf } from './digest.ts';
import { exchangeIndex, exchangesInForce } from './exchanges.ts';
import { createGenerics } from './generic.ts';
import { backendsOf, hops, hubsOf, knownScopes, type Written } from './hub.ts';
import type { Entry } from './lint/draft.ts';
import { untilSeconds } from './lint/waiver.ts';
import { createNearest } from './nearest.ts';
import { classifier } from './operation.ts';
import { below } from './place.ts';
import { INTROSPECTED } from './profile/profile.ts';
import { PROFILES } from './profile/profiles.ts';
import type { IssuerRecord, KeySource, Owner, Registry, ServerRecord, Source } from './registry.ts';
import type { WrittenWaiver } from './schema/waiver.ts';
import type { WrittenIssuer, WrittenServer } from './schema.ts';
import { normalised } from './uri.ts';

/** @param written null: none is */
export type KeySourceOf = (issuerKey: string, written: KeySource | null) => KeySource;

type Records = Pick<Sound, 'issuers' | 'servers' | 'exchanges'>;

/** `sha256:…` over what is in force. */
export function digestInForce(records: Records): string {
  const { issuers, servers } = records;
  return digestOf({
    issuers: inForce(issuers, issuerInForce),
    servers: inForce(servers, serverInForce),
    ...exchangesInForce(records),
  });
}

/** Stops after every record. */
export function* buildRegistry(sound: Sound, replaceKeySource: KeySourceOf | undefined): Generator<void, Registry> {
  const issuers = yield* byKey(sound.issuers, (entry) => issuerRecord(entry, replaceKeySource));
  const written = new Map(sound.servers.map(({ key, value }) => [key, value]));
  const hubs = hubsOf(written);
  const servers: ReadonlyMap<string, ServerRecord> = yield* byKey(sound.servers, (entry) =>
    serverRecord(entry, written, (issuer) => {
      const inFront = hubs.get(entry.key) ?? NONE;
      return inFront.flatMap((key) => {
        const hub = servers.get(key);
        return hub === undefined ? [] : [{ key, audiences: hub.inputFor(issuer).audiences }];
      });
    }),
  );
  const owners = new Map<string, Owner[]>();
  /** By what is left of a spelling after normalisation. */
  const near = new Map<string, Owner[]>();
  const own = (audience: string, owner: Owner) => {
    addOwner(owners, audience, owner);
    addOwner(near, normalised(audience), owner);
  };
  const nearest = createNearest();
  const generics = createGenerics();
  for (const server of servers.values()) {
    for (const audience of [server.resource, ...server.audiences]) {
      own(typeof audience === 'string' ? audience : audience.value, { kind: 'server', key: server.key });
    }
    nearest.add(server);
    generics.addServer(server);
    yield;
  }
  for (const issuer of issuers.values()) {
    own(issuer.issuer, { kind: 'issuer', key: issuer.key });
    generics.addIssuer(issuer);
  }
  const placesOf = (entries: readonly Entry<unknown>[]) => new Map(entries.map(({ key, place }) => [key, place]));
  const places = { issuers: placesOf(sound.issuers), servers: placesOf(sound.servers) };

  return {
    digest: sound.digest,
    issuers,
    servers,
    ...exchangeIndex(sound),
    genericOf: generics.find,
    issuerByIss: new Map([...issuers.values()].map((record) => [record.issuer, record])),
    serverByResource: new Map([...servers.values()].map((record) => [record.resource, record])),
    ownersOf: (audience) => owners.get(audience) ?? NONE,
    isElsewhere(audience, { key }) {
      const isOther = (owner: Owner) => owner.kind === 'issuer' || owner.key !== key;
      const exact = owners.get(audience) ?? NONE;
      // What this server accepts comes near no other server (lint), and near an issuer with a warning only.
      if (exact.length > 0) return exact.some(isOther);
      return (near.get(normalised(audience)) ?? NONE).some(isOther);
    },
    nearestServer: nearest.find,
    whereIs(records, key, ...path) {
      const place = places[records].get(key);
      if (place === undefined) throw new Error(`no record ${records} ${key}`);
      return sourceOf({ place: below(place, ...path) });
    },
  };
}

const NONE: readonly never[] = [];

function addOwner(owners: Map<string, Owner[]>, audience: string, owner: Owner): void {
  const known = owners.get(audience);
  if (known === undefined) owners.set(audience, [owner]);
  else if (!known.some(({ kind, key }) => kind === owner.kind && key === owner.key)) known.push(owner);
}

function* byKey<W, T extends { readonly key: string }>(
  entries: readonly Entry<W>[],
  make: (entry: Entry<W>) => T,
): Generator<void, ReadonlyMap<string, T>> {
  const records = new Map<string, T>();
  for (const entry of entries.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    records.set(entry.key, make(entry));
    yield;
  }
  return records;
}

function inForce<T>(entries: readonly Entry<T>[], form: (value: T) => JsonObject): JsonObject {
  return Object.fromEntries(entries.map(({ key, value }) => [key, form(value)]));
}

function sourceOf({ place }: Pick<Entry<unknown>, 'place'>): Source {
  return { file: place.origin.file, line: place.origin.locate(place.path, 'name').line };
}

/** RFC 7515 §4.1.9: `application/` is left out where no other slash follows, and media types ignore case. */
function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

const once = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The record with defaults, in the form that the digest covers. */
function issuerInForce(written: WrittenIssuer): JsonObject {
  const { jwks_uri, jwks, discovery, introspection, ...rest } = written;
  const token_types = typesOf(written);
  return {
    ...rest,
    ...(jwks_uri === undefined ? {} : { jwks_uri }),
    ...(jwks === undefined ? {} : { jwks }),
    ...(discovery === undefined ? {} : { discovery }),
    ...(introspection === undefined ? {} : { introspection: introspectionInForce(introspection) }),
    token_types,
  };
}

function introspectionInForce({ endpoint, signed }: NonNullable<WrittenIssuer['introspection']>): JsonObject {
  return { endpoint, ...(signed === undefined ? {} : { signed }) };
}

/** What was written, or else what the profile says. The lint refuses both beside introspection. */
function typesOf({ profile, token_types, introspection }: WrittenIssuer): readonly string[] {
  if (introspection !== undefined) return [INTROSPECTED];
  return once((token_types ?? PROFILES[profile].token_types).map(mediaType));
}

function issuerRecord(entry: Entry<WrittenIssuer>, replaceKeySource: KeySourceOf | undefined): IssuerRecord {
  const { key, value } = entry;
  const extra_audiences = once(value.extra_audiences);
  const { clock_tolerance_seconds } = value;
  const written = keySource(value);
  return {
    key,
    issuer: value.issuer,
    key_source: replaceKeySource === undefined ? (written ?? NO_KEYS) : replaceKeySource(key, written),
    algorithms: once(value.algorithms),
    profile: PROFILES[value.profile],
    token_types: typesOf(value),
    extra_audiences,
    clock_tolerance_seconds,
    disabled: value.disabled,
    source: sourceOf(entry),
    input: { key, issuer: value.issuer, extra_audiences, clock_tolerance_seconds },
  };
}

function keySource(written: WrittenIssuer): KeySource | null {
  const { issuer, jwks_uri, jwks, discovery, introspection, allow_private_network } = written;
  if (jwks_uri !== undefined) return { kind: 'jwks_uri', url: jwks_uri, allow_private_network };
  if (jwks !== undefined) return { kind: 'jwks', keys: jwks.keys };
  if (discovery !== undefined) return { kind: 'discovery', issuer, allow_private_network };
  if (introspection === undefined) return null;
  const { endpoint, signed = null } = introspection;
  return { kind: 'introspection', endpoint, signed, allow_private_network };
}

/** Of a record that the lint let through without: none verifies. */
const NO_KEYS: KeySource = { kind: 'jwks', keys: [] };

function serverInForce(written: WrittenServer): JsonObject {
  const { resource, audiences, issuers, base_scopes, ...rest } = written;
  return {
    resource,
    audiences: inOrder(audiences),
    issuers,
    ...rest,
    // Absent is not the same as none: without it any call needs all scopes of the server.
    ...(base_scopes === undefined ? {} : { base_scopes }),
  };
}

/** Strings first, then the values of one issuer; each once. */
function inOrder(audiences: WrittenServer['audiences']): WrittenServer['audiences'] {
  const strings = once(audiences.filter((audience) => typeof audience === 'string'));
  return [...strings, ...audiences.filter((audience) => typeof audience !== 'string')];
}

function serverRecord(
  entry: Entry<WrittenServer>,
  written: Written,
  hubsFor: (issuerKey: string) => readonly HubInput[],
): ServerRecord {
  const { key, value } = entry;
  const { resource, max_lifetime_seconds, sender_constraint, actors, call_from, labels } = value;
  const source = sourceOf(entry);
  const audiences = inOrder(value.audiences);
  const issuers = once(value.issuers);
  const waivers = value.waivers.map(waiverInput);
  const types = once(value.authorization_details_types);
  const backends = backendsOf(value, written);

  const strings = audiences.filter((audience) => typeof audience === 'string');
  const inputWith = (foreign: readonly string[]): ServerInput => ({
    key,
    resource,
    audiences: once([resource, ...strings, ...foreign]),
    issuers,
    max_lifetime_seconds,
    sender_constraint,
    actors: typeof actors === 'string' ? actors : once(actors),
    ...(types.length > 0 && { authorization_details_types: types }),
    labels,
  });
  const forAny = inputWith([]);
  const foreign = Map.groupBy(
    audiences.filter((audience) => typeof audience !== 'string'),
    ({ issuer }) => issuer,
  );
  const forOne = new Map(
    [...foreign].map(([issuer, values]) => [issuer, inputWith(values.map((audience) => audience.value))]),
  );
  // Keys have no space, so the first space ends the issuer.
  const waiversByClient = Map.groupBy(waivers, ({ issuer, client_id }) => `${issuer} ${client_id}`);
  return {
    key,
    resource,
    audiences,
    issuers,
    max_lifetime_seconds,
    advertised_scopes: once(value.advertised_scopes),
    known_scopes: knownScopes(value, written),
    sender_constraint,
    actors,
    authorization_details_types: types,
    call_from,
    labels,
    waivers,
    resource_metadata: metadataUrl(resource),
    source,
    effective: { key, ...serverInForce(value), source: `${source.file}:${source.line}` },
    inputFor: (issuerKey) => forOne.get(issuerKey) ?? forAny,
    ...classifier(value, (at) => written.get(at)),
    backends,
    hop: hops(backends),
    hubsFor,
    waiversFor: (issuerKey, clientId) =>
      (clientId === undefined ? undefined : waiversByClient.get(`${issuerKey} ${clientId}`)) ?? NONE,
  };
}

function waiverInput(written: WrittenWaiver): WaiverInput {
  const until_seconds = untilSeconds(written.until);
  if (until_seconds === undefined) throw new Error(`a waiver with the end ${written.until} passed the lint`);
  return { ...written, until_seconds };
}
