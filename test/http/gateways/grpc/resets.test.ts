/** Clients that go away: Envoy ends their checks over the one connection on which it asks for all others too. */
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { expect, it, onTestFinished } from 'vitest';
import { serveGrpc } from './serve.ts';

/** Three times what HTTP/2 servers let pass by default before they end the connection. */
const GONE = 3000;
const TOGETHER = 100;

it('does not end the checks of others, however many clients go away: the error could let those pass', async () => {
  const served = await serveGrpc({});
  const session = connect(`http://${served.listening.address}`);
  onTestFinished(() => session.destroy());
  const goaways: number[] = [];
  session.on('goaway', (code) => goaways.push(code));
  session.on('error', () => {});

  await once(session, 'connect');
  const other = check(session);
  for (let gone = 0; gone < GONE && goaways.length === 0; gone += TOGETHER) {
    const streams = Array.from({ length: TOGETHER }, () => check(session));
    await arrived(session);
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await arrived(session);
  }

  expect(goaways).toEqual([]);
  other.end();
  const [headers] = await once(other, 'response');
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' });
});

/** Under way: its message has not ended. */
function check(session: ClientHttp2Session): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.auth.v3.Authorization/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  return stream;
}

/** All that was sent before has been taken, or the connection has ended. */
function arrived(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed || !session.ping(() => resolve())) resolve();
  });
}
