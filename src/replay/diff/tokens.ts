/** Kinds of tokens that two sides may tell apart, and the simplest one that only one of them allows. */
import {
  actorStatus,
  allows,
  audienceStatus,
  authenticatedStatus,
  bindingStatus,
  contextStatus,
  detailsStatus,
  type Side,
  type Status,
  type Statuses,
  scopeStatus,
} from './side.ts';

/** A token that one side allows and the other does not. What is not named is as usual. */
export interface Witness {
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** Seconds from `iat` to `exp`. */
  readonly lifetime: number;
  /** Seconds of the issuer's clock tolerance that it needs. */
  readonly tolerance: number;
  readonly actor: string | null;
  /** What it is bound to, with a proof that is right; null: it is not. */
  readonly binding: 'dpop' | 'mtls' | null;
  /** `acr`; null: absent. */
  readonly context: string | null;
  /** Seconds since `auth_time`; null: absent. */
  readonly authenticated: number | null;
  /** The type of its authorization details; null: it has none. */
  readonly details: string | null;
  readonly algorithm: string;
  readonly type: string;
  readonly key: string;
  readonly profile: string;
}

/** Which sides allow some token, and one each that only one allows. */
export interface Compared {
  readonly before: boolean;
  readonly after: boolean;
  readonly gained: Witness | null;
  readonly lost: Witness | null;
}

/** An audience, an actor, a type of details that nobody registers. */
const STRANGER = 'urn:audgate:any-other';

interface Kind<T> {
  readonly value: T;
  readonly before: Status;
  readonly after: Status;
}

type Sides = readonly [before: Side | null, after: Side | null];

/** @param watched audience values whose owner differs between the registries, and one of a neighbour */
export function compareSides(sides: Sides, watched: readonly string[]): Compared {
  const [before, after] = sides;
  if (before === null && after === null) return { before: false, after: false, gained: null, lost: null };
  const both = [before, after].filter((side) => side !== null);
  const union = <T>(of: (side: Side) => readonly T[]): readonly T[] => [...new Set(both.flatMap(of))];
  const kinds = <T>(values: readonly T[], status: (side: Side, value: T) => Status): readonly Kind<T>[] => {
    const found = new Map<string, Kind<T>>();
    for (const value of values) {
      const kind = {
        value,
        before: before === null ? '' : status(before, value),
        after: after === null ? '' : status(after, value),
      };
      // Of values that both sides treat alike one is enough: the first, which is the simplest.
      const alike = `${kind.before} ${kind.after}`;
      if (!found.has(alike)) found.set(alike, kind);
    }
    return [...found.values()];
  };
  // What both sides refuse, whatever else the token is, tells them not apart.
  const firmly = <T>(values: readonly T[], status: (side: Side, value: T) => Status) =>
    kinds(values, status).filter((kind) => kind.before === 'ok' || kind.after === 'ok');
  const member = (of: (side: Side) => readonly string[]) =>
    firmly(union(of), (side, value) => (of(side).includes(value) ? 'ok' : 'no'));
  const firm: Kinds = {
    algorithm: member(({ algorithms }) => algorithms),
    type: member(({ types }) => types),
    key: member(({ keys }) => keys),
    profile: member(({ profile }) => [profile]),
    actor: firmly<string | null>(
      [null, ...union(({ actors }) => (typeof actors === 'string' ? [] : actors)), STRANGER],
      actorStatus,
    ),
    binding: firmly<Witness['binding']>([null, 'dpop', 'mtls'], bindingStatus),
    context: firmly<string | null>([null, ...union(({ contexts }) => contexts ?? [])], contextStatus),
    authenticated: firmly<number | null>(
      [null, ...union(({ authenticated: limit }) => (limit === null ? [] : [limit])).toSorted((a, b) => a - b)],
      authenticatedStatus,
    ),
    details: firmly<string | null>([null, ...union(({ details }) => details), STRANGER], detailsStatus),
    tolerance: firmly([0, ...union(({ tolerance }) => [tolerance])], (side, value) =>
      value <= side.tolerance ? 'ok' : 'no',
    ),
  };
  const limits = union(({ lifetime }) => [lifetime]);
  const soft = {
    audience: kinds(audiencesOf(both, watched), audienceStatus),
    lifetime: kinds(
      [...limits, Math.max(...limits) + 1].sort((a, b) => a - b),
      (side, value) => (value <= side.lifetime ? 'ok' : 'lifetime_exceeded'),
    ),
    scope: kinds(scopesOf(both), scopeStatus),
  };

  let [anyBefore, anyAfter] = [false, false];
  let gained: Witness | null = null;
  let lost: Witness | null = null;
  for (const parts of product(firm, soft)) {
    const said = (side: Side | null, at: 'before' | 'after') => side !== null && allows(side, statusesOf(parts, at));
    const [allowedBefore, allowedAfter] = [said(before, 'before'), said(after, 'after')];
    anyBefore ||= allowedBefore;
    anyAfter ||= allowedAfter;
    if (allowedAfter && !allowedBefore) gained ??= witnessOf(parts);
    if (allowedBefore && !allowedAfter) lost ??= witnessOf(parts);
  }
  return { before: anyBefore, after: anyAfter, gained, lost };
}

/** Parts of a token that no waiver observes. */
interface Firm {
  readonly algorithm: string;
  readonly type: string;
  readonly key: string;
  readonly profile: string;
  readonly actor: string | null;
  readonly binding: Witness['binding'];
  readonly context: string | null;
  readonly authenticated: number | null;
  readonly details: string | null;
  readonly tolerance: number;
}
type Kinds = { readonly [Part in keyof Firm]: readonly Kind<Firm[Part]>[] };
type OneOfEach = { readonly [Part in keyof Firm]: Kind<Firm[Part]> };

interface Parts {
  readonly firm: OneOfEach;
  readonly audience: Kind<readonly string[]>;
  readonly lifetime: Kind<number>;
  readonly scope: Kind<readonly string[]>;
}

function statusesOf({ firm, audience, lifetime, scope }: Parts, at: 'before' | 'after'): Statuses {
  return {
    firm: Object.values(firm).map((kind) => kind[at]),
    audience: audience[at],
    lifetime: lifetime[at],
    scope: scope[at],
  };
}

function witnessOf({ firm, audience, lifetime, scope }: Parts): Witness {
  return {
    audiences: audience.value,
    scopes: scope.value,
    lifetime: lifetime.value,
    tolerance: firm.tolerance.value,
    actor: firm.actor.value,
    binding: firm.binding.value,
    context: firm.context.value,
    authenticated: firm.authenticated.value,
    details: firm.details.value,
    algorithm: firm.algorithm.value,
    type: firm.type.value,
    key: firm.key.value,
    profile: firm.profile.value,
  };
}

function* product(
  firm: Kinds,
  soft: {
    readonly audience: readonly Kind<readonly string[]>[];
    readonly lifetime: readonly Kind<number>[];
    readonly scope: readonly Kind<readonly string[]>[];
  },
): Generator<Parts> {
  for (const one of eachFirm(firm))
    for (const audience of soft.audience)
      for (const lifetime of soft.lifetime)
        for (const scope of soft.scope) yield { firm: one, audience, lifetime, scope };
}

function* eachFirm(kinds: Kinds): Generator<OneOfEach> {
  for (const algorithm of kinds.algorithm)
    for (const type of kinds.type)
      for (const key of kinds.key)
        for (const profile of kinds.profile)
          for (const tolerance of kinds.tolerance)
            for (const user of eachOfUser(kinds)) yield { algorithm, type, key, profile, tolerance, ...user };
}

type OfUser = Pick<OneOfEach, 'actor' | 'binding' | 'context' | 'authenticated' | 'details'>;

function* eachOfUser(kinds: Kinds): Generator<OfUser> {
  for (const actor of kinds.actor)
    for (const binding of kinds.binding)
      for (const context of kinds.context)
        for (const authenticated of kinds.authenticated)
          for (const details of kinds.details) yield { actor, binding, context, authenticated, details };
}

/** One value each, then two: what a rule of all values says of more, it says of two of them. */
function audiencesOf(sides: readonly Side[], watched: readonly string[]): readonly (readonly string[])[] {
  const of = sides.flatMap(({ accepted, extra, waived }) => [...accepted, ...waived, ...extra]);
  const values = [...new Set([...of, STRANGER])];
  const pairs = values.flatMap((one, at) => values.slice(at + 1).map((other) => [one, other]));
  const all = [...values.map((value) => [value]), ...pairs];
  // Only waivers that observe ask whether a value is good elsewhere; a change may move thousands of them.
  if (!sides.some(({ observed }) => observed.length > 0)) return all;
  const [own = STRANGER] = values;
  return [...all, ...watched.flatMap((value) => [[value], [own, value]])];
}

/**
 * Sets of scopes that stand for all: the fewest that satisfy a side, and all but those that one requirement takes. Requirements
 * only ever ask for more, so that a set that fails one side and satisfies the other exists if one of these does.
 */
function scopesOf(sides: readonly Side[]): readonly (readonly string[])[] {
  const clauses = sides.flatMap((side) => side.clauses ?? []);
  const all = [...new Set(clauses.flat())];
  const least = sides.map((side) => [...new Set((side.clauses ?? []).flatMap(([first = '']) => first))]);
  const without = clauses.map((clause) => all.filter((scope) => !clause.includes(scope)));
  return [[], ...least, ...without, all];
}
