/** Asks over a Unix socket, which `fetch` cannot. Loaded only for such a URL, so that the client runs where Node's http is not. */
import { request } from 'node:http';
import type { Fetch } from './transport.ts';

/** @param path of the socket */
export function fetchOverUnix(path: string): Fetch {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath: path, path: new URL(url).pathname, method, headers, signal }, (incoming) => {
        const pieces = new ReadableStream<Uint8Array>({
          start(controller) {
            incoming.on('data', (piece: Uint8Array) => controller.enqueue(piece));
            incoming.on('end', () => controller.close());
            incoming.on('error', (error) => controller.error(error));
          },
          cancel: () => void incoming.destroy(),
        });
        const type = incoming.headers['content-type'] ?? '';
        resolve(new Response(pieces, { status: incoming.statusCode ?? 0, headers: { 'content-type': type } }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
}
