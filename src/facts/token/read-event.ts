/**
 * Security Event Token → verified event (RFC 8417), by the same steps as an access token: the text, the header, the issuer by
 * `iss`, its algorithm, type, claims, key and signature. No event passes for an access token, nor the other way round: the
 * types differ, and only transmitters that the configuration names are heard.
 */
import type { EventError, SecurityEvent } from '../../decision/security-event.ts';
import { hasControl } from '../../json/control.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json/value.ts';
import type { Algorithm, IssuerRecord, Registry } from '../../registry/registry.ts';
import { checkHeader } from './check-header.ts';
import { findIssuer } from './find-issuer.ts';
import { parseSegment } from './parse.ts';
import type { KeyLookup } from './read.ts';
import { MAX_TEXT_LENGTH, type Refused } from './refuse.ts';
import { splitText } from './split.ts';
import { judgeAnswer, verifySignature } from './verify-signature.ts';

export type EventReading =
  | { readonly kind: 'verified'; readonly event: SecurityEvent }
  /** `description` repeats nothing of the event. */
  | { readonly kind: 'refused'; readonly error: EventError; readonly description: string }
  /** The keys cannot be had: it may be sent again. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface EventParts {
  readonly registry: Pick<Registry, 'issuerByIss'>;
  /** `aud` that each transmitter must write, by registry key. */
  readonly audiences: ReadonlyMap<string, string>;
  readonly lookup: KeyLookup;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** RFC 8417 §2.3; media types ignore case, and `application/` may be left out (RFC 7515 §4.1.9). */
const TYPE = /^(application\/)?secevent\+jwt$/i;
/** The last second of the year 9999. */
const MAX_TIME = 253_402_300_799;
/** Types of events in one token; SSF allows one. */
const MAX_EVENTS = 16;

/** @param text the token as it was sent */
export async function readEvent(text: string, parts: EventParts): Promise<EventReading> {
  const segments = splitText(text);
  if (segments.kind === 'refused') return malformed('is no signed JWT in compact form, of at most 8192 characters');
  const [header, payload] = [parseSegment(segments.header, 'header'), parseSegment(segments.payload, 'claims')];
  if (header.kind === 'refused' || payload.kind === 'refused') return malformed('holds no strict JSON objects');
  const checked = checkHeader(header.object);
  if (checked.kind === 'refused')
    return malformed('has a header without alg or kid, or with a member that none may have');
  const { typ, alg, kid } = checked;
  if (typeof typ !== 'string' || !TYPE.test(typ)) return malformed('must be of type secevent+jwt');

  const claims = payload.object;
  const found = findIssuer(claims, parts.registry);
  if (found.kind === 'refused') return refused('invalid_issuer', 'is of no registered issuer that is enabled');
  const { issuer } = found;
  const audience = parts.audiences.get(issuer.key);
  if (audience === undefined) return refused('invalid_issuer', 'is of an issuer that is no transmitter here');
  if (!isFor(claims.aud, audience)) return refused('invalid_audience', 'is not for this receiver');
  const read = readClaims(claims, issuer, parts.now);
  if (typeof read === 'string') return malformed(read);

  const algorithm = issuer.algorithms.find((pinned) => pinned === alg);
  if (algorithm === undefined)
    return refused('invalid_key', 'is signed with an algorithm that its issuer is not registered for');
  const wrong = await verify(text, { kid, alg: algorithm }, issuer, parts);
  return wrong ?? { kind: 'verified', event: { transmitter: issuer.key, ...read } };
}

async function verify(
  text: string,
  wanted: { readonly kid: string; readonly alg: Algorithm },
  issuer: IssuerRecord,
  { lookup, audiences }: Pick<EventParts, 'lookup' | 'audiences'>,
): Promise<Extract<EventReading, { kind: 'refused' | 'unavailable' }> | undefined> {
  const answer = judgeAnswer(await lookup(issuer, wanted), wanted, issuer, [...audiences.keys()]);
  if (answer.kind === 'unavailable') return answer;
  if (answer.kind === 'refused') return refused('invalid_key', 'is signed with a key that its issuer does not have');
  const broken: Refused | undefined = await verifySignature(text, answer, wanted, issuer);
  return broken && refused('invalid_key', 'has a signature that does not verify with its issuer’s key');
}

/** RFC 7519 §4.1.3: a text, or several; that there are others too is their affair. */
function isFor(aud: Json | undefined, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** @returns what is wrong, completing "the event …" */
function readClaims(
  claims: JsonObject,
  { clock_tolerance_seconds: tolerance }: IssuerRecord,
  now: number,
): Omit<SecurityEvent, 'transmitter'> | string {
  const { jti, iat, toe, events, sub_id } = claims;
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_TEXT_LENGTH || hasControl(jti))
    return 'needs jti, a text of 1 to 255 characters without control characters';
  // What is an access or ID token for somebody else must not be an event here (RFC 8417 §4.5 to §4.7).
  for (const name of ['exp', 'sub', 'nonce', 'scope', 'client_id'])
    if (Object.hasOwn(claims, name)) return `must not hold ${name}`;
  if (!isTime(iat)) return 'needs iat, in seconds since the epoch';
  if (toe !== undefined && !isTime(toe)) return 'has a toe that is no time in seconds since the epoch';
  if (iat > now + tolerance || (toe !== undefined && toe > now + tolerance)) return 'is of a time that is yet to come';
  if (sub_id !== undefined && !isJsonObject(sub_id)) return 'has a sub_id that is no object';
  if (!isJsonObject(events)) return 'needs events, an object';
  const listed = Object.entries(events);
  if (listed.length === 0 || listed.length > MAX_EVENTS) return `needs 1 to ${MAX_EVENTS} events`;
  const objects = listed.filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
  if (objects.length !== listed.length) return 'has an event that is no object';
  return { id: jti, time: toe ?? iat, ...(sub_id && { subject: sub_id }), events: Object.fromEntries(objects) };
}

const isTime = (value: Json | undefined): value is number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIME;

const refused = (error: EventError, why: string) =>
  ({ kind: 'refused', error, description: `The event ${why}.` }) as const;
const malformed = (why: string) => refused('invalid_request', why);
