/**
 * Nonces of DPoP proofs (RFC 9449 §8 and §9): a time that only audgate can have written. Nothing is stored, so they hold over
 * restarts, and at every replica that has the same secret. They say when a proof was made at the earliest; that it is used once
 * is another check.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../../json/base64url.ts';

/** `ageing`: good, and the client is given the next one. */
export type Freshness = 'good' | 'ageing' | 'bad';

export interface Nonces {
  /** @param now seconds since the epoch */
  issue(server: string, now: number): string;
  judge(nonce: string | undefined, server: string, now: number): Freshness;
}

export interface NonceSettings {
  /** The first one signs, each of them is accepted: two while they are rotated. At least one, each of at least 32 bytes. */
  readonly secrets: readonly Uint8Array[];
  readonly max_age_seconds: number;
}

/** Bytes: a time of six, and half of a SHA-256, which nobody guesses (RFC 2104 §5). */
const TIME_BYTES = 6;
const TAG_BYTES = 16;
/** Seconds that the clocks of two replicas may differ. */
const CLOCK_TOLERANCE = 5;
export const MIN_SECRET_BYTES = 32;

/** @throws without secrets, or with one that is too short: what reads the configuration refuses both */
export function createNonces({ secrets, max_age_seconds }: NonceSettings): Nonces {
  const [signing] = secrets;
  if (signing === undefined || secrets.some(({ length }) => length < MIN_SECRET_BYTES))
    throw new Error(`nonces need secrets of at least ${MIN_SECRET_BYTES} bytes`);

  function tag(secret: Uint8Array, time: Uint8Array, server: string): Buffer {
    // The time is of one length, so no two pairs are one text.
    const mac = createHmac('sha256', secret).update('audgate dpop nonce 1\n').update(time).update(server);
    return mac.digest().subarray(0, TAG_BYTES);
  }

  return {
    issue(server, now) {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeUIntBE(now, 0, TIME_BYTES);
      return Buffer.concat([time, tag(signing, time, server)]).toString('base64url');
    },
    judge(nonce, server, now) {
      const bytes = nonce === undefined ? null : decodeBase64url(nonce);
      if (bytes?.length !== TIME_BYTES + TAG_BYTES) return 'bad';
      const time = bytes.subarray(0, TIME_BYTES);
      const shown = bytes.subarray(TIME_BYTES);
      if (!secrets.some((secret) => timingSafeEqual(tag(secret, time, server), shown))) return 'bad';
      const age = now - Buffer.from(time).readUIntBE(0, TIME_BYTES);
      if (age > max_age_seconds || age < -CLOCK_TOLERANCE) return 'bad';
      return age > max_age_seconds / 2 ? 'ageing' : 'good';
    },
  };
}
