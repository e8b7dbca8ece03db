/** Ports for programs that must be told theirs: no gateway says which one the system chose for it. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux gives ports to whoever asks for any (32768 on): a port from there, free a moment ago,
 * is often another test's by the time the gateway binds it.
 */
const FIRST = 20_000;
const LAST = 32_767;

/** A port of 127.0.0.1 that was free a moment ago, and that nobody gets by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
