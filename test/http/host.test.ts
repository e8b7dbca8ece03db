import { describe, expect, it } from 'vitest';
import { problem } from '../../src/http/native/answers.ts';
import { send } from './raw.ts';
import { caller, serve } from './serve.ts';

const get = (target: string, ...headers: readonly string[]) =>
  [`GET ${target} HTTP/1.1`, 'Connection: close', ...headers, '', ''].join('\r\n');

describe('without callers', () => {
  it.each(['localhost', 'LocalHost:8181', '127.0.0.1', '127.0.0.1:1', '127.255.0.9:65535', '[::1]', '[::1]:8181'])(
    'Host %s is served',
    async (host) => {
      const { port } = await serve();
      expect((await send(port, get('/v1/status', `Host: ${host}`))).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:8181',
    'localhost.evil.example',
    'localhost.',
    'evil.localhost',
    '127.0.0.1.evil.example',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0.0.0.0',
    '10.0.0.1',
    '127.0.0.256',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[2001:db8::1]',
  ])('Host %s is not', async (host) => {
    const { port } = await serve();
    for (const path of ['/v1/status', '/health/live', '/openapi.json', '/nowhere']) {
      const answer = await send(port, get(path, `Host: ${host}`));
      expect(answer.status).toBe(421);
      expect(problem.parse(JSON.parse(answer.body)).type).toBe('urn:audgate:problem:host_not_served');
    }
  });

  it('several Hosts, or another name in the target, are not', async () => {
    const { port } = await serve();
    const statuses = await Promise.all([
      send(port, get('/v1/status', 'Host: localhost', 'Host: evil.example')),
      send(port, get('/v1/status', 'Host: evil.example', 'Host: localhost')),
      send(port, get('/v1/status', 'Host: localhost', 'Host: localhost')),
      send(port, get('http://evil.example/v1/status', 'Host: localhost')),
      send(port, 'GET /v1/status HTTP/1.0\r\n\r\n'),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([421, 421, 421, 421, 421]);
    expect((await send(port, get('http://127.0.0.1/v1/status', 'Host: localhost'))).status).toBe(200);
    expect((await send(port, 'GET /v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n')).status).toBe(200);
  });

  it.each(['evil@localhost', 'localhost/evil', 'localhost evil', ''])('a Host %j is never served', async (host) => {
    const { port } = await serve();
    expect([400, 421]).toContain((await send(port, get('/v1/status', `Host: ${host}`))).status);
  });
});

describe('with callers', () => {
  it('any Host is served: a key, not a name, says who asks', async () => {
    const { port } = await serve({ callers: { edge: caller('key', '*', ['read']) } });
    expect((await send(port, get('/v1/status', 'Host: audgate.example', 'X-Audgate-Key: key'))).status).toBe(200);
    expect((await send(port, 'GET /health/live HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});
