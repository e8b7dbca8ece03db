/**
 * What a security event revokes: the tokens that its subject was issued before it. Events of CAEP and RISC whose meaning is
 * "what was issued before is void"; all others revoke nothing. A subject that cannot be told is refused, never passed over:
 * its transmitter believes otherwise that the subject's tokens are void.
 */
import { createHash } from 'node:crypto';
import type { SecurityEvent } from '../../decision/security-event.ts';
import { hasControl } from '../../json/control.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import type { WrittenEntry } from './entry.ts';

/** An issuer whose tokens the transmitter may revoke. */
export interface Revocable {
  /** Registry key. */
  readonly key: string;
  /** Its `iss`. */
  readonly issuer: string;
  /** By how much its clock may differ from others. */
  readonly clock_tolerance_seconds: number;
}

export type Effect =
  /** The last one alone names the event, so that one that was written in part is not known when it is sent again. */
  | { readonly kind: 'entries'; readonly entries: readonly WrittenEntry[] }
  /** Nothing that is still valid could be meant. */
  | { readonly kind: 'none' }
  | Refused;

/** `description` repeats nothing of the event. */
interface Refused {
  readonly kind: 'refused';
  readonly description: string;
}

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
type MeansVoid = (event: JsonObject) => boolean;

/** Types that void what was issued before, each with what its own members must say. */
const VOIDING: ReadonlyMap<string, MeansVoid> = new Map<string, MeansVoid>([
  [`${CAEP}session-revoked`, () => true],
  // Created and updated credentials leave sessions as they are (CAEP §3.3).
  [`${CAEP}credential-change`, ({ change_type }) => change_type === 'revoke' || change_type === 'delete'],
  [`${RISC}account-disabled`, () => true],
  [`${RISC}account-purged`, () => true],
  [`${RISC}credential-compromise`, () => true],
  [`${RISC}sessions-revoked`, () => true],
]);

/** Seconds: no token lives longer (a waiver allows a day, contract 1), nor is any clock's tolerance above a minute. */
const LONGEST_SECONDS = 86_400 + 3600;
const MAX_LENGTH = 255;
/** The last second of the year 9999. */
const MAX_TIME = 253_402_300_799;

/** @param now seconds since the epoch */
export function effectOf(event: SecurityEvent, revocable: readonly Revocable[], now: number): Effect {
  const entries: WrittenEntry[] = [];
  for (const [type, members] of Object.entries(event.events)) {
    if (VOIDING.get(type)?.(members) !== true) continue;
    const some = entriesOf(type, members, event, revocable, now);
    if ('kind' in some) return some;
    entries.push(...some);
  }
  const last = entries.pop();
  return last === undefined
    ? { kind: 'none' }
    : { kind: 'entries', entries: [...entries, { ...last, event: eventId(event) }] };
}

/** Of one type of the event: for each name of its subject. */
function entriesOf(
  type: string,
  members: JsonObject,
  event: SecurityEvent,
  revocable: readonly Revocable[],
  now: number,
): readonly WrittenEntry[] | Refused {
  const { event_timestamp: at } = members;
  if (at !== undefined && (typeof at !== 'number' || at < 0 || at > MAX_TIME))
    return refused('has an event_timestamp that is no time in seconds since the epoch');
  // The event's own word, but none that lies ahead of what the transmitter's clock says of the whole.
  const time = Math.min(at ?? event.time, Math.max(event.time, now));
  const until = Math.floor(time) + LONGEST_SECONDS;
  const subjects = subjectsOf(event.subject ?? members.subject, revocable);
  if (typeof subjects === 'string') return refused(subjects);
  if (until <= now) return [];
  const note = type.slice(type.lastIndexOf('/') + 1);
  return subjects.map(({ issuer, ...who }) => {
    const shared = { issuer, until: instant(until), note };
    if ('jti' in who) return { by: 'jti', value: who.jti, ...shared };
    // Two parties have two clocks; one agrees with itself.
    const tolerance = revocable.find(({ key }) => key === issuer)?.clock_tolerance_seconds ?? 0;
    const skew = issuer === event.transmitter ? 0 : tolerance;
    // Of the same second nobody can tell which was first: both are void.
    return { by: 'issued_before', value: instant(Math.floor(time) + 1 + skew), ...who, ...shared };
  });
}

/** One text for an event of any `jti`. */
export const eventId = ({ transmitter, id }: Pick<SecurityEvent, 'transmitter' | 'id'>): string =>
  `${transmitter}/${createHash('sha256').update(id).digest('base64url')}`;

type Subject = { readonly issuer: string } & ({ readonly sub: string } | { readonly jti: string });

/** RFC 9493, and the formats of the Shared Signals Framework. @returns what is wrong, completing "the event …" */
function subjectsOf(subject: Json | undefined, revocable: readonly Revocable[]): readonly Subject[] | string {
  if (!isJsonObject(subject)) return 'names no subject (sub_id)';
  const { format, iss, sub, id, jti, user, identifiers } = subject;
  const owner = () => revocable.find(({ issuer }) => issuer === iss)?.key;
  switch (format) {
    case 'iss_sub': {
      const issuer = owner();
      if (issuer === undefined) return FOREIGN;
      return isName(sub) ? [{ issuer, sub }] : `has a subject whose sub is none: ${NAME}`;
    }
    case 'jwt_id': {
      const issuer = owner();
      if (issuer === undefined) return FOREIGN;
      return isName(jti) ? [{ issuer, jti }] : `has a subject whose jti is none: ${NAME}`;
    }
    case 'opaque': {
      const [only, second] = revocable;
      if (only === undefined || second !== undefined)
        return 'has an opaque subject, and its transmitter speaks for several issuers: send iss_sub';
      return isName(id) ? [{ issuer: only.key, sub: id }] : `has a subject whose id is none: ${NAME}`;
    }
    case 'complex':
      return isJsonObject(user) && user.format !== 'complex'
        ? subjectsOf(user, revocable)
        : 'has a subject without user';
    case 'aliases': {
      const all = Array.isArray(identifiers) ? identifiers : [];
      const known = all.filter((one) => isJsonObject(one) && one.format === 'iss_sub');
      const told = known.map((one) => subjectsOf(one, revocable));
      const names = told.flatMap((one) => (typeof one === 'string' ? [] : one));
      return names.length > 0 ? names : (told.find((one) => typeof one === 'string') ?? UNKNOWN);
    }
    default:
      return UNKNOWN;
  }
}

const NAME = 'expected 1 to 255 characters without control characters';
const FOREIGN = 'has a subject of an issuer that its transmitter may not speak for (revocation.events, subjects_of)';
const UNKNOWN = 'has a subject that no token can be told by: send iss_sub, opaque, jwt_id, or complex with user';

const isName = (value: Json | undefined): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH && !hasControl(value);
const instant = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
const refused = (why: string): Refused => ({ kind: 'refused', description: `The event ${why}.` });
