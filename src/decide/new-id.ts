import { v7 } from 'uuid';

/** Bytes of randomness fetched at once: one system call then serves 256 ids, where it would cost each 4 µs. */
const POOL_BYTES = 4096;
const ID_BYTES = 16;

/**
 * Decision ids: UUIDv7 (RFC 9562 §5.7), which sort by time.
 * @param fill overwrites all bytes with cryptographic randomness
 * @param now milliseconds since the epoch
 */
export function createNewId(fill: (bytes: Uint8Array<ArrayBuffer>) => void, now: () => number): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return () => {
    if (used === POOL_BYTES) {
      fill(pool);
      used = 0;
    }
    const random = pool.slice(used, used + ID_BYTES);
    used += ID_BYTES;
    return v7({ random, msecs: now() });
  };
}
