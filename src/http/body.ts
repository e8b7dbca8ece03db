/**
 * Reads a request body, counting what arrives and not what was announced. Works on Node's stream itself: the detour over
 * a web stream costs more than a decision (measured).
 */
import type { IncomingMessage } from 'node:http';

/** Pieces that are held before they are put together: a body that arrives byte by byte must not cost an object a byte. */
const MAX_PIECES = 256;

export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  /** The client went away, or took longer than the server's request timeout: nobody reads the answer. */
  | { readonly kind: 'ended_early' };

/**
 * What is left of a body that is too large is taken and dropped, so that its sender gets to read the answer; how long
 * that may go on is bounded by the server's request timeout.
 * @param limit bytes
 */
export function readBody(incoming: IncomingMessage, limit: number): Promise<BodyReading> {
  return new Promise((resolve) => {
    if (Number(incoming.headers['content-length']) > limit) {
      resolve({ kind: 'too_large' });
      return;
    }
    let pieces: Uint8Array[] = [];
    let size = 0;
    incoming.on('data', (piece: Uint8Array) => {
      size += piece.length;
      if (size > limit) {
        pieces = [];
        resolve({ kind: 'too_large' });
        return;
      }
      pieces.push(piece);
      if (pieces.length === MAX_PIECES) pieces = [Buffer.concat(pieces)];
    });
    incoming.on('end', () => {
      const [first, second] = pieces;
      resolve({ kind: 'read', bytes: first !== undefined && second === undefined ? first : Buffer.concat(pieces) });
    });
    // After 'end' these resolve what is resolved already.
    incoming.on('error', () => resolve({ kind: 'ended_early' }));
    incoming.on('close', () => resolve({ kind: 'ended_early' }));
  });
}
