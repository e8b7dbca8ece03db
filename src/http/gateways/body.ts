/** What a gateway handed on of its client's body: whole, or not to be judged. */
import type { IncomingMessage } from 'node:http';
import type { RequestBody } from '../../decision/facts.ts';
import { readBody } from '../body.ts';
import { type SentHeaders, valuesOf } from './headers.ts';
import type { Profile } from './profiles.ts';

/**
 * Never a 413: whoever sends a large body gets a decision, and it is a denial.
 * @param limit bytes
 */
export async function readClientBody(
  incoming: IncomingMessage,
  sent: SentHeaders,
  profile: Profile,
  limit: number,
): Promise<RequestBody> {
  const read = await readBody(incoming, limit);
  if (read.kind === 'too_large') return tooLong(limit);
  if (read.kind === 'ended_early') return partial('ended before it was complete');
  return judgeClientBody(read.bytes, sent, profile, limit);
}

/** @param bytes all that arrived */
export function judgeClientBody(
  bytes: Uint8Array,
  sent: SentHeaders,
  profile: Pick<Profile, 'partial' | 'length'>,
  limit: number,
): RequestBody {
  if (bytes.length > limit) return tooLong(limit);
  // Envoy says `false` of a whole body. Anything else, twice `false` too, was not Envoy's word alone.
  const marks = profile.partial === null ? [] : valuesOf(sent, profile.partial);
  if (marks.length > 1 || (marks[0] ?? 'false') !== 'false')
    return partial(`was cut by the gateway (${profile.partial})`);
  const announced = (profile.length === null ? [] : valuesOf(sent, profile.length)).filter((value) => value !== '');
  if (announced.some((value) => !/^\d{1,15}$/.test(value) || Number(value) !== bytes.length))
    return partial(`arrived with ${bytes.length} bytes, which is not what ${profile.length} says`);
  if (bytes.length === 0) return { kind: 'absent' };
  if (valuesOf(sent, 'content-encoding').some((value) => value !== '' && value.toLowerCase() !== 'identity'))
    return partial('is encoded (Content-Encoding), and only its plain bytes can be judged');
  return { kind: 'whole', bytes };
}

const tooLong = (limit: number) => partial(`is longer than ${limit} bytes (limits.body_bytes)`);
const partial = (why: string): RequestBody => ({ kind: 'partial', why });
