/** Which server × operation × issuer combinations open or close between two registries, for which tokens, without any record. */
import type { IssuerRecord, Registry, ServerRecord } from '../../registry/registry.ts';
import { type Asked, operationsOf } from './operations.ts';
import { sideOf } from './side.ts';
import { compareSides, type Witness } from './tokens.ts';

export type Change = 'opens' | 'widens' | 'shifts' | 'narrows' | 'closes';

export interface Combination {
  /** `SERVER OPERATION ISSUER`, by registry keys: stable, and what `--accept` names. */
  readonly name: string;
  readonly server: string;
  readonly operation: string;
  /** Registry key of the issuer, the new one if there are two. */
  readonly issuer: string;
  /** `shifts`: for some tokens it opens, for others it closes. */
  readonly change: Change;
  /** A token that is allowed now and was not. */
  readonly gained: Example | null;
  /** A token that was allowed and is not now. */
  readonly lost: Example | null;
}

export interface Example extends Witness {
  /** Null: any client that no waiver names. */
  readonly client: string | null;
  /** Seconds since the epoch: when; waivers end. */
  readonly at: number;
}

/** What this comparison cannot judge, and a reader must: it may open what was closed. */
export interface Uncertain {
  /** `SERVER call_from` or `SERVER labels`: stable, and what `--accept` names. */
  readonly name: string;
  readonly server: string;
  readonly what: 'call_from' | 'labels';
  readonly message: string;
}

export interface Difference {
  readonly combinations: readonly Combination[];
  readonly uncertain: readonly Uncertain[];
}

/** @param now seconds since the epoch; waivers are compared from then on */
export function compareRegistries(before: Registry, after: Registry, now: number): Difference {
  const watched = movedAudiences(before, after);
  const keys = [...new Set([...before.servers.keys(), ...after.servers.keys()])].sort();
  const combinations: Combination[] = [];
  const uncertain: Uncertain[] = [];
  for (const key of keys) {
    const [then, next] = [before.servers.get(key), after.servers.get(key)];
    if (then && next) {
      if (isUntouched(then, next, before, after, watched)) continue;
      uncertain.push(...uncertainOf(then, next));
    }
    combinations.push(
      ...compareServers({ registry: before, server: then }, { registry: after, server: next }, now, watched),
    );
  }
  return { combinations, uncertain };
}

interface Half {
  readonly registry: Registry;
  readonly server: ServerRecord | undefined;
}

function compareServers(before: Half, after: Half, now: number, watched: readonly string[]): readonly Combination[] {
  const servers = [before.server, after.server].filter((server) => server !== undefined);
  const found = new Map<string, Combination>();
  const issuers = new Set([...issuersOf(before), ...issuersOf(after)]);
  const operations = operationsOf(servers);
  for (const iss of issuers) {
    const [then, next] = [before.registry.issuerByIss.get(iss), after.registry.issuerByIss.get(iss)];
    const issuer = next?.key ?? then?.key ?? iss;
    for (const asked of operations) {
      const name = `${servers[0]?.key ?? ''} ${asked.name} ${issuer}`;
      const compared = compareOne({ ...before, issuer: then }, { ...after, issuer: next }, asked, now, watched);
      if (compared === null) continue;
      const earlier = found.get(name);
      const whole = earlier === undefined ? compared : together(earlier, compared);
      found.set(name, { name, server: servers[0]?.key ?? '', operation: asked.name, issuer, ...whole });
    }
  }
  return [...found.values()];
}

type Verdict = Pick<Combination, 'change' | 'gained' | 'lost'>;

/** Two kinds of calls under one name, as a completion for a prompt and for a resource. */
function together(one: Verdict, other: Verdict): Verdict {
  const change = one.change === other.change ? one.change : 'shifts';
  return { change, gained: one.gained ?? other.gained, lost: one.lost ?? other.lost };
}

type Trusting = Half & { readonly issuer: IssuerRecord | undefined };

function compareOne(
  before: Trusting,
  after: Trusting,
  { name, call }: Asked,
  now: number,
  watched: readonly string[],
): Verdict | null {
  const waivers = [before, after].flatMap(({ server, issuer }) =>
    (server?.waivers ?? []).filter((waiver) => waiver.issuer === issuer?.key),
  );
  const clients = [null, ...new Set(waivers.map(({ client_id }) => client_id))];
  let gained: Example | null = null;
  let lost: Example | null = null;
  let [wasOpen, isOpen] = [false, false];
  for (const client of clients) {
    const ends = waivers.filter(({ client_id }) => client_id === client).map(({ until_seconds }) => until_seconds);
    // What is in force changes only where a waiver ends.
    for (const at of [now, ...new Set(ends.filter((end) => end > now))]) {
      const side = ({ registry, server, issuer }: Trusting) =>
        server === undefined || issuer === undefined
          ? null
          : sideOf({ registry, server, issuer, call, name, client, now: at });
      const compared = compareSides([side(before), side(after)], watched);
      wasOpen ||= compared.before;
      isOpen ||= compared.after;
      if (compared.gained) gained ??= { ...compared.gained, client, at };
      if (compared.lost) lost ??= { ...compared.lost, client, at };
    }
  }
  if (gained === null && lost === null) return null;
  const change = !wasOpen
    ? 'opens'
    : !isOpen
      ? 'closes'
      : gained === null
        ? 'narrows'
        : lost === null
          ? 'widens'
          : 'shifts';
  return { change, gained, lost };
}

function issuersOf({ registry, server }: Half): readonly string[] {
  return (server?.issuers ?? []).flatMap((key) => registry.issuers.get(key)?.issuer ?? []);
}

/** Audiences that belong to others in one registry only: waivers that observe look at that. */
function movedAudiences(before: Registry, after: Registry): readonly string[] {
  const owned = ({ servers, issuers }: Registry) => [
    ...[...servers.values()].flatMap(({ resource, audiences }) => [
      resource,
      ...audiences.map((audience) => (typeof audience === 'string' ? audience : audience.value)),
    ]),
    ...[...issuers.values()].map(({ issuer }) => issuer),
  ];
  const owners = (registry: Registry, audience: string) => JSON.stringify(registry.ownersOf(audience));
  return [...new Set([...owned(before), ...owned(after)])].filter(
    (audience) => owners(before, audience) !== owners(after, audience),
  );
}

/** So that ten thousand servers, of which a change touches three, are compared in a moment. */
function isUntouched(
  then: ServerRecord,
  next: ServerRecord,
  before: Registry,
  after: Registry,
  watched: readonly string[],
): boolean {
  const written = ({ effective }: ServerRecord) => JSON.stringify({ ...effective, source: null });
  const issuer = (registry: Registry, key: string) => {
    const { source: _source, profile, ...record } = registry.issuers.get(key) ?? { source: null, profile: null };
    return JSON.stringify([record, profile?.name]);
  };
  const observes = next.waivers.some(({ what }) => what === 'observe') && watched.length > 0;
  return (
    !observes &&
    written(then) === written(next) &&
    // What a hub opens, the records behind it say.
    next.backends.every(({ key }) => {
      const [was, is] = [before.servers.get(key), after.servers.get(key)];
      return was !== undefined && is !== undefined && written(was) === written(is);
    }) &&
    next.issuers.every((key) => issuer(before, key) === issuer(after, key))
  );
}

function uncertainOf(then: ServerRecord, next: ServerRecord): readonly Uncertain[] {
  const { key } = next;
  const found: Uncertain[] = [];
  if (then.call_from !== next.call_from)
    found.push({
      ...{ name: `${key} call_from`, server: key, what: 'call_from' as const },
      message: `${then.call_from} → ${next.call_from}: gateways read their clients' calls otherwise`,
    });
  if (labelsOf(then) !== labelsOf(next))
    found.push({
      ...{ name: `${key} labels`, server: key, what: 'labels' as const },
      message: 'labels changed: custom rules that read them may decide otherwise',
    });
  return found;
}

function labelsOf({ effective }: ServerRecord): string {
  const { labels, tools, prompts, resources, methods } = effective;
  const of = (entries: unknown) =>
    Object.entries(typeof entries === 'object' && entries !== null ? entries : {}).map(([name, entry]) => [
      name,
      typeof entry === 'object' && entry !== null && 'labels' in entry ? entry.labels : {},
    ]);
  const labelled = [tools, prompts, resources, methods].map((entries) =>
    of(entries).filter(([, own]) => JSON.stringify(own) !== '{}'),
  );
  return JSON.stringify([labels, ...labelled]);
}
