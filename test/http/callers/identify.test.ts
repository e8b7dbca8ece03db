import { describe, expect, it } from 'vitest';
import type { CallerConfig } from '../../../src/config/callers.ts';
import { problem } from '../../../src/http/native/answers.ts';
import { send } from '../raw.ts';
import { caller, serve } from '../serve.ts';

const callers = {
  edge: {
    ...caller('old-key', '*', ['read']),
    key_sha256: [
      ...caller('old-key', '*', []).key_sha256,
      ...caller('new-key', '*', []).key_sha256.map((hex) => hex.toUpperCase()),
    ],
  },
  accented: caller('clé', '*', ['read']),
};
const request = (...headers: readonly string[]) =>
  ['GET /v1/status HTTP/1.1', 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n');

describe('a caller', () => {
  it.each([
    ['its key', ['X-Audgate-Key: old-key'], 200],
    ['its other key while keys rotate', ['x-audgate-key: new-key'], 200],
    ['a key beyond ASCII, by its bytes', [`X-AUDGATE-KEY: ${Buffer.from('clé').toString('latin1')}`], 200],
    ['no key', [], 401],
    ['an empty key', ['X-Audgate-Key:'], 401],
    ['a wrong key', ['X-Audgate-Key: old-kez'], 401],
    ['the digest in place of the key', [`X-Audgate-Key: ${callers.edge.key_sha256[0]}`], 401],
    ['its key twice', ['X-Audgate-Key: old-key', 'X-Audgate-Key: old-key'], 401],
    ['a right and a wrong key', ['X-Audgate-Key: old-key', 'x-audgate-key: nonsense'], 401],
    ['an empty and a right key', ['X-Audgate-Key:', 'X-Audgate-Key: old-key'], 401],
    ['its key as a bearer token', ['Authorization: Bearer old-key'], 200],
    ['its key as a bearer token, scheme in any case', ['authorization: bEARER  new-key'], 200],
    ['a key beyond ASCII as a bearer token', [`Authorization: Bearer ${Buffer.from('clé').toString('latin1')}`], 200],
    ['a wrong bearer token', ['Authorization: Bearer old-kez'], 401],
    ['an empty bearer token', ['Authorization: Bearer '], 401],
    ['a bearer token with more behind it', ['Authorization: Bearer old-key, Bearer x'], 401],
    ['its key twice as a bearer token', ['Authorization: Bearer old-key', 'Authorization: Bearer old-key'], 401],
    ['its key under another scheme', ['Authorization: Basic old-key'], 401],
    ['its key without a scheme', ['Authorization: old-key'], 401],
    ['its key and the same as a bearer token', ['X-Audgate-Key: old-key', 'Authorization: Bearer old-key'], 401],
    ['its key and another’s as a bearer token', ['X-Audgate-Key: old-key', 'Authorization: Bearer clx'], 401],
    ['its key and any other Authorization', ['X-Audgate-Key: old-key', 'Authorization: Basic eDp5'], 401],
  ])('with %s: %s → %i', async (_, headers, status) => {
    const { port } = await serve({ callers });
    const answer = await send(port, request(...headers));
    expect(answer.status).toBe(status);
    if (status !== 401) return;
    expect(answer.headers.get('www-authenticate')).toBe('AudgateKey');
    expect(problem.parse(JSON.parse(answer.body)).type).toBe('urn:audgate:problem:caller_unknown');
    expect(answer.body).not.toContain('old-key');
  });

  it('needs no key where none are configured, and none is looked at', async () => {
    const { port } = await serve();
    expect((await send(port, request())).status).toBe(200);
    expect((await send(port, request('X-Audgate-Key: a', 'Authorization: Bearer b'))).status).toBe(200);
  });

  it('is never known by Authorization on a gateway’s adapter, where that is the gateway’s client’s', async () => {
    const { url, asked } = await serve({ callers });
    const path = `${url}/v1/gateways/envoy/files/mcp`;
    const bearer = { authorization: 'Bearer old-key' };
    const refused = await fetch(path, { headers: bearer });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('AudgateKey');
    expect(asked).toEqual([]);
    const known = await fetch(path, { headers: { ...bearer, 'x-audgate-key': 'old-key' } });
    expect(known.status).not.toBe(401);
  });

  it('is known by what is configured at the time of the request', async () => {
    let inForce: Record<string, CallerConfig> = { one: caller('one', '*', ['read']) };
    const { url } = await serve({ callers: () => inForce });
    const status = async (key: string) =>
      (await fetch(`${url}/v1/status`, { headers: { 'x-audgate-key': key } })).status;
    expect([await status('one'), await status('two')]).toEqual([200, 401]);
    inForce = { two: caller('two', '*', ['read']) };
    expect([await status('one'), await status('two')]).toEqual([401, 200]);
    inForce = {};
    const misdirected = ['GET /v1/status HTTP/1.1', 'Host: evil.example', 'Connection: close', '', ''].join('\r\n');
    expect((await send(Number(new URL(url).port), misdirected)).status).toBe(421);
  });

  it.each(['/health/live', '/health/ready', '/openapi.json', '/v1/servers/files/protected-resource-metadata'])(
    'needs no key for %s',
    async (path) => {
      const { url } = await serve({ callers });
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    },
  );

  it.each([
    ['POST', '/v1/decide'],
    ['POST', '/v1/explain'],
    ['GET', '/v1/servers'],
    ['GET', '/v1/servers/files'],
    ['GET', '/v1/status'],
    ['GET', '/metrics'],
    ['GET', '/v1/nowhere'],
    ['DELETE', '/v1/decide'],
  ])('needs one for %s %s, and is told so first', async (method, path) => {
    const { url } = await serve({ callers });
    expect((await fetch(`${url}${path}`, { method })).status).toBe(401);
  });

  it.each([
    ['decide', 'POST', '/v1/decide'],
    ['explain', 'POST', '/v1/explain'],
    ['read', 'GET', '/v1/servers'],
    ['read', 'GET', '/v1/servers/files'],
    ['read', 'GET', '/v1/status'],
    ['metrics', 'GET', '/metrics'],
  ] as const)('needs the permission %s for %s %s', async (may, method, path) => {
    const others = (['decide', 'explain', 'read', 'metrics'] as const).filter((one) => one !== may);
    const { url } = await serve({ callers: { a: caller('others', '*', others), b: caller('this', '*', [may]) } });
    const refused = await fetch(`${url}${path}`, { method, headers: { 'x-audgate-key': 'others' } });
    expect(refused.status).toBe(403);
    expect(problem.parse(await refused.json()).detail).toContain(`"${may}"`);
    const admitted = await fetch(`${url}${path}`, { method, headers: { 'x-audgate-key': 'this' } });
    expect(admitted.status).toBe(method === 'POST' ? 415 : 200);
  });
});
