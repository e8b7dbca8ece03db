/** Asks over a Unix socket, which `fetch` cannot. Loaded only for such a URL, so that the client runs where Node's http is not. */
import { type IncomingMessage, request } from 'node:http';
import type { Fetch } from './transport.ts';

/** @param path of the socket */
export function fetchOverUnix(path: string): Fetch {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath: path, path: new URL(url).pathname, method, headers, signal }, (incoming) => {
        // What is thrown in here nobody would catch, and it would end the process.
        try {
          resolve(responseOf(incoming));
        } catch (error) {
          incoming.destroy();
          reject(error);
        }
      });
      sent.on('error', reject);
      // Another protocol (101) is no answer, and nobody else tells of it. After an answer this changes nothing.
      sent.on('close', () => reject(new Error('the connection was closed without an answer')));
      sent.end(body);
    });
}

/** Statuses whose answers have no content, and `Response` takes none for them (WHATWG Fetch, null body status). */
const EMPTY: ReadonlySet<number> = new Set([204, 205, 304]);

/** @throws RangeError for a status that is not HTTP's */
function responseOf(incoming: IncomingMessage): Response {
  const { statusCode: status = 0, headers } = incoming;
  if (EMPTY.has(status)) {
    incoming.resume();
    return new Response(null, { status });
  }
  const type = headers['content-type'] ?? '';
  return new Response(pieces(incoming), { status, headers: { 'content-type': type } });
}

function pieces(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      incoming.on('data', (piece: Uint8Array) => controller.enqueue(piece));
      incoming.on('end', () => controller.close());
      incoming.on('error', (error) => controller.error(error));
    },
    // Destroyed it still tells what it holds, and a stream that was left takes no more.
    cancel: () => void incoming.removeAllListeners('data').removeAllListeners('end').destroy(),
  });
}
