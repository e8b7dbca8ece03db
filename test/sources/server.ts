/** A server of bundles that does what a test says, well or badly. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { digestOf } from '../../src/policy/bundle.ts';

export type Answer = (answer: ServerResponse, request: IncomingMessage) => void;

export interface BundleServer {
  readonly url: string;
  /** Headers of each request, the newest last. */
  readonly asked: readonly IncomingMessage['headers'][];
  /** What it answers from now on. */
  answer(next: Answer): void;
  close(): Promise<void>;
}

/** As a good server does: the ETag stands for the bytes, and who has them gets 304. */
export const serving =
  (bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (answer, request) => {
    const etag = JSON.stringify(digestOf(bytes));
    const same = request.headers['if-none-match'] === etag;
    answer.writeHead(same ? 304 : 200, { etag, ...headers });
    answer.end(same ? undefined : bytes);
  };

export const failing =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (answer) =>
    answer.writeHead(status, headers).end('no');

/** @param tls options of a server with TLS; absent: none */
export async function bundleServer(first: Answer, tls?: object): Promise<BundleServer> {
  let now = first;
  const asked: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, answer) => {
    asked.push(request.headers);
    now(answer, request);
  };
  const server = tls === undefined ? createServer(listener) : createSecure(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/bundles/rules.tar.gz`,
    asked,
    answer: (next) => {
      now = next;
    },
    close,
  };
}
