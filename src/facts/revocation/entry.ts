/**
 * One entry of a list of revoked tokens, as it is written in a file (one JSON object a line), in Valkey (fields of a stream's
 * entry) and by whoever feeds them. Strict: an entry that is misspelt would be one that revokes nothing.
 */
import { z } from 'zod';
import { hasControl } from '../../json/control.ts';
import type { JsonProblem } from '../../json/locate.ts';
import { mismatches } from '../../json/mismatch.ts';
import { readJson } from '../../json/read.ts';
import { isJsonObject } from '../../json/value.ts';
import { untilSeconds } from '../../registry/lint/waiver.ts';

/** Characters, as of the claims that it is compared with (contract 5). */
const MAX_LENGTH = 255;
/** Levels of nesting of an entry. */
const DEPTH = 2;

const text = (what: string) =>
  z
    .string()
    .refine((value) => value !== '' && value.length <= MAX_LENGTH && !hasControl(value), {
      error: `must be ${what}: 1 to ${MAX_LENGTH} characters without control characters`,
    })
    .meta({ description: what });
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const time = z.string().refine((value) => secondsOf(value) !== undefined, {
  error: 'must be a time in UTC, like 2026-11-23T12:00:00Z',
});

/** Each description says what is expected, as problems of case files repeat it. */
export const writtenEntry = z.strictObject({
  by: z
    .enum(['jti', 'sub', 'client_id', 'issued_before'], { error: 'must be jti, sub, client_id or issued_before' })
    .meta({ description: 'jti, sub, client_id or issued_before' }),
  issuer: text('the registry key of the issuer, not its iss'),
  value: text('the claim’s value, or a time for issued_before'),
  sub: text('a subject, to which issued_before is then narrowed').exactOptional(),
  client_id: text('a client, to which issued_before is then narrowed').exactOptional(),
  until: time
    .meta({ description: 'the time in UTC at which the entry ends, like 2026-11-23T12:00:00Z' })
    .exactOptional(),
  note: text('a text for people').exactOptional(),
  event: text('the id of the event that the entry came from').exactOptional(),
});

/** As it is written. */
export type WrittenEntry = z.output<typeof writtenEntry>;

/** The same in seconds since the epoch. */
export interface Entry {
  readonly by: WrittenEntry['by'];
  readonly issuer: string;
  readonly value: string;
  /** Of issued_before: tokens whose `iat` is below it. Otherwise 0. */
  readonly before: number;
  readonly sub?: string;
  readonly client_id?: string;
  /** In force while now < until; Infinity: for ever. */
  readonly until: number;
  readonly event?: string;
}

/** Seconds for which an ended entry is still held: a clock that is wrong for a while must not lose it. */
const GRACE = 3600;

/** @param now seconds since the epoch */
export const isLongOver = ({ until }: Entry, now: number): boolean => until < now - GRACE;

export type EntryReading =
  | { readonly ok: true; readonly entry: Entry }
  | { readonly ok: false; readonly problems: readonly JsonProblem[] };

/** @param line JSON */
export function readEntryText(line: string): EntryReading {
  const read = readJson(line, { depth: DEPTH });
  return read.ok ? readEntry(read.value) : read;
}

export function readEntry(value: unknown): EntryReading {
  const parsed = writtenEntry.safeParse(value);
  const problems = [...(parsed.success ? [] : mismatches(writtenEntry, value, parsed.error.issues)), ...crossed(value)];
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  const { note, until, ...rest } = parsed.data;
  return {
    ok: true,
    entry: {
      ...rest,
      before: rest.by === 'issued_before' ? (secondsOf(rest.value) ?? 0) : 0,
      until: until === undefined ? Number.POSITIVE_INFINITY : (secondsOf(until) ?? 0),
    },
  };
}

/** What no single member shows. */
function crossed(value: unknown): readonly JsonProblem[] {
  if (!isJsonObject(value)) return [];
  if (value.by === 'issued_before') {
    if (typeof value.value !== 'string' || secondsOf(value.value) !== undefined) return [];
    return [{ pointer: '/value', message: 'must be a time in UTC, like 2026-11-23T12:00:00Z, for issued_before' }];
  }
  return ['sub', 'client_id']
    .filter((name) => Object.hasOwn(value, name))
    .map((name) => ({
      pointer: `/${name}`,
      message: `belongs to issued_before: for others write {"by": "${name}", "value": …}`,
    }));
}

/** Seconds since the epoch, a fraction rounded up: an entry rather holds a moment longer. Undefined: no such time. */
function secondsOf(value: string): number | undefined {
  const whole = TIME.test(value) ? untilSeconds(value) : undefined;
  return whole === undefined ? undefined : whole + (/\.0*[1-9]/.test(value) ? 1 : 0);
}
