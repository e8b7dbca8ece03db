import type { RequestBody } from '../decision/facts.ts';

/**
 * Reads a body once, counting what arrives and not what was announced.
 * @param pieces of the body; undefined: the request has none
 * @param limit bytes
 */
export async function readBody(
  pieces: AsyncIterable<Uint8Array> | null | undefined,
  limit: number,
): Promise<RequestBody> {
  if (pieces === null || pieces === undefined) return { kind: 'absent' };
  const held: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > limit) return { kind: 'partial', why: `is larger than ${limit} bytes` };
      held.push(piece);
    }
  } catch {
    return { kind: 'partial', why: 'ended before it was complete' };
  }
  return size === 0 ? { kind: 'absent' } : { kind: 'whole', bytes: Buffer.concat(held) };
}
