import { describe, expect, it } from 'vitest';
import { DPOP_ALGORITHMS } from '../../../src/decision/dpop.ts';
import { metadata, problem, server as serverAnswer, servers } from '../../../src/http/native/answers.ts';
import { BILLING, caller, FILES, serve, server } from '../serve.ts';

const callers = {
  all: caller('all', '*', ['read']),
  edge: caller('edge', ['files', 'gone'], ['read']),
};
const get = (url: string, key?: string) => fetch(url, { headers: key === undefined ? {} : { 'x-audgate-key': key } });

describe('GET /v1/servers', () => {
  it('lists what the caller may see', async () => {
    const { url } = await serve({ callers });
    const keys = async (key: string) =>
      servers.parse(await (await get(`${url}/v1/servers`, key)).json()).servers.map((one) => one.key);
    expect(await keys('all')).toEqual(['billing', 'files']);
    expect(await keys('edge')).toEqual(['files']);
  });

  it('gives each server in five members', async () => {
    const { url } = await serve();
    const answer = servers.parse(await (await get(`${url}/v1/servers`)).json());
    expect(answer.servers[1]).toEqual({
      key: 'files',
      resource: FILES,
      issuers: ['corp', 'old'],
      max_lifetime_seconds: 900,
      protected_resource_metadata: 'https://files.example.com/.well-known/oauth-protected-resource/mcp',
    });
  });
});

describe('GET /v1/servers/{key}', () => {
  it('gives the record with defaults and its place', async () => {
    const { url } = await serve();
    expect(serverAnswer.parse(await (await get(`${url}/v1/servers/files`)).json())).toEqual({
      key: 'files',
      resource: FILES,
      issuers: ['corp', 'old'],
      max_lifetime_seconds: 900,
      audiences: [],
      source: 'registry.yaml:12',
    });
  });

  it('tells a caller with a list nothing about others, registered or not', async () => {
    const { url } = await serve({ callers });
    const [neighbour, nobody] = await Promise.all(
      ['billing', 'nobody'].map(async (key) => {
        const response = await get(`${url}/v1/servers/${key}`, 'edge');
        expect(response.status).toBe(403);
        return problem.parse(await response.json());
      }),
    );
    expect(neighbour).toEqual(nobody);
    expect((await get(`${url}/v1/servers/gone`, 'edge')).status).toBe(404);
    expect((await get(`${url}/v1/servers/nobody`, 'all')).status).toBe(404);
  });
});

describe('GET /v1/servers/{key}/protected-resource-metadata', () => {
  const path = (key: string) => `/v1/servers/${key}/protected-resource-metadata`;

  it('needs no key, and names enabled issuers only', async () => {
    const { url } = await serve({ callers });
    const response = await get(`${url}${path('files')}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      resource: FILES,
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['files:read'],
      bearer_methods_supported: ['header'],
    });
    expect((await get(`${url}${path('nobody')}`)).status).toBe(404);
  });

  it.each([
    ['dpop', { dpop_bound_access_tokens_required: true, dpop_signing_alg_values_supported: DPOP_ALGORITHMS }],
    ['mtls', { tls_client_certificate_bound_access_tokens: true }],
    ['any', { dpop_signing_alg_values_supported: DPOP_ALGORITHMS, tls_client_certificate_bound_access_tokens: true }],
    ['none', {}],
  ] as const)('says what a sender constraint of %s requires', async (sender_constraint, expected) => {
    const { url } = await serve({ servers: [server('billing', BILLING, { sender_constraint })] });
    const { resource, authorization_servers, scopes_supported, bearer_methods_supported, ...rest } = metadata.parse(
      await (await get(`${url}${path('billing')}`)).json(),
    );
    expect(rest).toEqual(expected);
  });
});
