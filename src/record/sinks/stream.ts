/** Records on a stream that somebody else opened, as standard output. */
import type { Writable } from 'node:stream';
import type { Sink } from './sink.ts';

const CLOSED = 'the destination is closed';

/** Handles the stream's errors, so that a reader that goes away (EPIPE) ends nothing. A stream that broke stays broken. */
export function createStreamSink(destination: Writable): Sink {
  let broken: string | undefined;
  destination.on('error', (error: Error) => {
    broken = error.message;
  });
  return {
    write(lines) {
      if (broken !== undefined || !destination.writable) return Promise.reject(new Error(broken ?? CLOSED));
      return new Promise((resolve, reject) => {
        // A destination that is destroyed meanwhile may never call back.
        const closed = () => reject(new Error(broken ?? CLOSED));
        destination.once('close', closed);
        destination.write(lines, (error) => {
          destination.off('close', closed);
          if (error) reject(error);
          else resolve();
        });
      });
    },
    close: () => Promise.resolve(),
  };
}
