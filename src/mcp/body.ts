import type { RequestBody } from '../decision/facts.ts';

/** Pieces that are held before they are put together: a body that arrives byte by byte must not cost an object a byte. */
const MAX_PIECES = 256;

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
  let held: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > limit) return { kind: 'partial', why: `is larger than ${limit} bytes` };
      held.push(piece);
      if (held.length === MAX_PIECES) held = [Buffer.concat(held)];
    }
  } catch {
    return { kind: 'partial', why: 'ended before it was complete' };
  }
  return size === 0 ? { kind: 'absent' } : { kind: 'whole', bytes: Buffer.concat(held) };
}

/**
 * The body as it may be judged. What is JSON as it stands may be another message to a handler that decodes it (RFC 9110 §8.4).
 * @param encodings values of Content-Encoding
 */
export function plain(body: RequestBody, encodings: readonly string[] = []): RequestBody {
  const encoded = encodings.some((value) => value !== '' && value.toLowerCase() !== 'identity');
  return encoded && body.kind === 'whole'
    ? { kind: 'partial', why: 'is encoded (Content-Encoding), and only its plain bytes can be judged' }
    : body;
}
