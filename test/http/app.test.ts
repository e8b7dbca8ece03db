import { describe, expect, it } from 'vitest';
import { problem } from '../../src/http/native/answers.ts';
import { send } from './raw.ts';
import { caller, serve } from './serve.ts';

const callers = { edge: caller('key', ['files'], ['explain', 'metrics']) };
const KEY = { 'x-audgate-key': 'key' };

describe('what no route takes', () => {
  it.each([
    ['GET', '/', 404],
    ['GET', '/v1', 404],
    ['POST', '/v1/decide/', 404],
    ['GET', '/v1/servers/files/other', 404],
    ['GET', '/V1/status', 404],
    ['GET', '/v1/gateways', 404],
    ['POST', '/v1/gateways/envoy/', 404],
    ['POST', '/v1/gateways/other/files', 404],
    ['POST', '/v1/gatewaysenvoy/files', 404],
  ])('%s %s is %i', async (method, path, status) => {
    const { url } = await serve();
    const response = await fetch(`${url}${path}`, { method });
    expect(response.status).toBe(status);
    expect(problem.parse(await response.json()).type).toBe('urn:audgate:problem:not_found');
  });

  it.each([
    ['GET', '/v1/decide', 'POST'],
    ['OPTIONS', '/v1/decide', 'POST'],
    ['GET', '/v1/enforce', 'POST'],
    ['PUT', '/v1/explain', 'POST'],
    ['DELETE', '/v1/status', 'GET, HEAD'],
    ['POST', '/v1/servers/files', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['PATCH', '/v1/servers/files/protected-resource-metadata', 'GET, HEAD'],
  ])('%s %s is 405 and Allow: %s', async (method, path, allow) => {
    const { url } = await serve();
    const response = await fetch(`${url}${path}`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(problem.parse(await response.json()).type).toBe('urn:audgate:problem:method_not_allowed');
  });

  it('HEAD is served as GET without a body', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/health/ready`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await fetch(`${url}/v1/decide`, { method: 'HEAD' })).status).toBe(405);
  });

  it('says nothing about paths to who has no key, but for open ones', async () => {
    const { url } = await serve({ callers });
    const status = async (method: string, path: string) => (await fetch(`${url}${path}`, { method })).status;
    expect(await status('GET', '/v1/decide')).toBe(401);
    expect(await status('GET', '/nowhere')).toBe(401);
    expect(await status('POST', '/health/live')).toBe(405);
  });
});

describe('the first refusal wins', () => {
  const large = 'x'.repeat(3000);
  const post = (options: { path?: string; headers?: string[]; body?: string }) => {
    const { path = '/v1/explain', headers = [], body = '{}' } = options;
    const given = headers.some((header) => header.startsWith('Host')) ? headers : ['Host: localhost', ...headers];
    return [`POST ${path} HTTP/1.1`, 'Connection: close', `Content-Length: ${body.length}`, ...given, '', body].join(
      '\r\n',
    );
  };

  it('host, then permission without callers', async () => {
    const { port } = await serve({ body_bytes: 2048 });
    const answer = await send(port, post({ path: '/nowhere', headers: ['Host: evil.example'], body: large }));
    expect(answer.status).toBe(421);
  });

  it.each([
    ['caller before path', { path: '/nowhere', headers: [], body: large }, 401],
    ['path before media', { path: '/nowhere', headers: ['X-Audgate-Key: key'], body: large }, 404],
    ['method before media', { path: '/v1/status', headers: ['X-Audgate-Key: key'], body: large }, 405],
    ['permission before media', { path: '/v1/decide', headers: ['X-Audgate-Key: key'], body: large }, 403],
    ['media before size', { headers: ['X-Audgate-Key: key', 'Content-Type: text/plain'], body: large }, 415],
    ['size before content', { headers: ['X-Audgate-Key: key', 'Content-Type: application/json'], body: large }, 413],
    [
      'content before server',
      { headers: ['X-Audgate-Key: key', 'Content-Type: application/json'], body: '{"server":1}' },
      400,
    ],
    ['server last', { headers: ['X-Audgate-Key: key', 'Content-Type: application/json'], body: '{"server":"x"}' }, 403],
    [
      'and two media types are none',
      { headers: ['X-Audgate-Key: key', 'Content-Type: application/json', 'Content-Type: text/plain'], body: '{}' },
      415,
    ],
  ])('%s', async (_, options, status) => {
    const { port, asked } = await serve({ callers, body_bytes: 2048 });
    expect((await send(port, post(options))).status).toBe(status);
    expect(asked).toEqual([]);
  });
});

describe('GET /metrics', () => {
  it('counts problems by name, and shows keys and revision', async () => {
    const { url } = await serve({ callers });
    await fetch(`${url}/v1/status`);
    await fetch(`${url}/v1/status`, { headers: KEY });
    const response = await fetch(`${url}/metrics`, { headers: KEY });
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toContain('audgate_problems_total{problem="caller_unknown"} 1');
    expect(text).toContain('audgate_problems_total{problem="caller_not_allowed"} 1');
    expect(text).toContain('audgate_issuer_keys{issuer="corp"} 2');
    expect(text).toContain('audgate_info{version="0.1.0",revision="sha256:5f3c"} 1');
  });
});

it('a target that is no URL is a problem too', async () => {
  const { port, logged } = await serve();
  for (const target of ['http://[/', '/a\\b', 'http://', '*']) {
    const answer = await send(port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect([400, 404]).toContain(answer.status);
    if (answer.body !== '') problem.parse(JSON.parse(answer.body));
  }
  expect(logged).toEqual([]);
});
