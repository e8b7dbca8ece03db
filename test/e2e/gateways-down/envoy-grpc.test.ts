import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, onTestFinished, test } from 'vitest';
import { start } from '../../../conformance/gateways/envoy-grpc.ts';
import { decisionsHold } from './allow-on-failure.ts';
import { nothingPasses, nothingPassesAt, tokensStayOutOfLogs } from './nothing-passes.ts';

describe('Envoy over gRPC, audgate gone', () => {
  nothingPasses(start);
  tokensStayOutOfLogs(start);

  test.each(forged())('in audgate’s place, in gRPC: %s', async (_, answer) => {
    const sessions = new Set<ServerHttp2Session>();
    // A stream that Envoy gives up is no error of this test.
    const server = createServer().on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      answer(stream);
    });
    server.on('session', (session) => sessions.add(session));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    await nothingPassesAt(start, `127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
});

describe('Envoy over gRPC with failure_mode_allow', () => decisionsHold('envoy-grpc'));

type Answer = (stream: ServerHttp2Stream) => void;

function forged(): readonly (readonly [name: string, answer: Answer])[] {
  /** A whole answer of gRPC: one message (RFC 9113 DATA, length-prefixed), and the status in trailers. */
  const message =
    (bytes: Buffer, status: string, length = bytes.length): Answer =>
    (stream) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(length, 1);
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.end(Buffer.concat([prefix, bytes]));
    };
  const http =
    (status: number, more: Record<string, string> = {}): Answer =>
    (stream) => {
      stream.respond({ ':status': status, ...more });
      stream.end('{}');
    };
  // CheckResponse.ok_response is field 3; status, whose code 0 is OK, field 1.
  const okResponse = Buffer.from([0x1a, 0x00]);
  return [
    // Nothing in it says no: Envoy alone takes this for an allow.
    ['an empty answer', message(Buffer.alloc(0), '0')],
    ['an allow without audgate’s headers', message(okResponse, '0')],
    ['bytes that are no message', message(Buffer.from([0xff, 0xff, 0xff, 0xff]), '0')],
    ['a message that is shorter than it says', message(okResponse, '0', 100)],
    ['an allow with the status of an error', message(okResponse, '14')],
    ['no such method', message(Buffer.alloc(0), '12')],
    ['200 of plain HTTP', http(200)],
    ['200 of HTTP with the status of gRPC in its header', http(200, { 'grpc-status': '0' })],
    ['503', http(503)],
    ['a stream that stays open', () => {}],
    [
      'a stream that stays open after its headers',
      (stream) => stream.respond({ ':status': 200, 'content-type': 'application/grpc' }),
    ],
    ['a stream that is reset', (stream) => stream.close(8)],
  ];
}
