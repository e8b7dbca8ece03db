/** Adapters with real tokens and real decisions: what a gateway's client gets, and nothing that it should not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BILLING, FILES } from '../serve.ts';
import { message, READ, type Real, serveReal } from './real.ts';
import { type AdapterRequest, ask, PROFILES, TOLD } from './request.ts';

const METADATA = 'resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp"';
const MALFORMED = `Bearer error="invalid_request", error_description="The request is malformed", ${METADATA}`;

/** A call of `read_file`, as each profile hands it on. */
const call = (profile: string, key: string, tokens: readonly string[], more: Partial<AdapterRequest> = {}) => ({
  target: `/v1/gateways/${profile}/${key}`,
  body: READ,
  ...more,
  headers: [
    ...(TOLD[profile] ?? []),
    ...tokens.map((token) => `Authorization: Bearer ${token}`),
    ...(more.headers ?? []),
  ],
});
const reasonsOf = (real: Real) => real.events.at(-1)?.decision.reasons.map(({ code }) => code);

describe.each(PROFILES)('%s', (profile) => {
  it('lets through a right token, and says who calls', async () => {
    const real = await serveReal();
    const answer = await ask(real.port, call(profile, 'files', [await real.token('files')]));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-audgate-subject')).toBe('user-1');
    const identity = Buffer.from(answer.headers.get('x-audgate-identity') ?? '', 'base64url').toString();
    expect(JSON.parse(identity)).toMatchObject({ subject: 'user-1', server: 'files', scopes: ['read'] });
    expect(real.events).toMatchObject([
      {
        path: `audgate/gateways/${profile}`,
        decision: { decision: 'allow', decision_id: answer.headers.get('x-audgate-decision-id') },
        asked: { server: 'files', method: 'tools/call', target: 'read_file' },
      },
    ]);
  });

  it('refuses the neighbour’s token with a challenge that leads to the right one', async () => {
    const real = await serveReal();
    const answer = await ask(real.port, call(profile, 'files', [await real.token('billing')]));
    expect(answer).toMatchObject({ status: 401, body: 'refused\n' });
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer error="invalid_token", error_description="The access token is not valid for this server", ${METADATA}, scope="read"`,
    );
    expect([...answer.headers.keys()].filter((name) => name.startsWith('x-audgate-'))).toEqual([
      'x-audgate-decision-id',
    ]);
    expect(reasonsOf(real)).toEqual(['audience_mismatch']);
  });

  it('tells a client without token where to get one', async () => {
    const real = await serveReal();
    const answer = await ask(real.port, call(profile, 'files', []));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(`Bearer ${METADATA}, scope="read"`);
  });

  it('names the scope that a tool needs', async () => {
    const real = await serveReal();
    const body = message('tools/call', { name: 'write_file', arguments: {} });
    const answer = await ask(real.port, call(profile, 'files', [await real.token('files')], { body }));
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(answer.headers.get('www-authenticate')).toContain('scope="write"');
  });

  it('needs the whole body', async () => {
    const real = await serveReal({ body_bytes: 2048 });
    const token = await real.token('files');
    const status = profile === 'nginx' ? 403 : 400;
    for (const body of ['', READ.slice(0, -1), `[${READ}]`, READ + ' '.repeat(3000)]) {
      const answer = await ask(real.port, call(profile, 'files', [token], { body }));
      expect(answer).toMatchObject({ status, body: 'refused\n' });
      expect(answer.headers.get('www-authenticate')).toBe(MALFORMED);
    }
  });

  it('without keys answers 403 and a time to retry, but a certain deny is a deny', async () => {
    const real = await serveReal({ keyless: true });
    const unknown = await ask(real.port, call(profile, 'files', [await real.token('files')]));
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([403, '5']);
    const certain = await ask(real.port, call(profile, 'files', [await real.token('billing')]));
    expect([certain.status, certain.headers.has('retry-after')]).toEqual([401, false]);
  });

  it('says of a header that differs from the body what MCP asks for', async () => {
    const real = await serveReal();
    const headers = ['Mcp-Method: tools/call', 'Mcp-Name: write_file', 'MCP-Protocol-Version: 2026-07-28'];
    const answer = await ask(real.port, call(profile, 'files', [await real.token('files')], { headers }));
    expect(answer.status).toBe(profile === 'nginx' ? 403 : 400);
    expect(JSON.parse(answer.body)).toMatchObject({ id: null, error: { code: -32020 } });
    expect(reasonsOf(real)).toEqual(['header_mismatch']);
  });
});

describe('two credentials are none', () => {
  it.each([
    ['two headers', (token: string) => ({ tokens: [token, token] })],
    ['one joined by a proxy', (token: string) => ({ tokens: [`${token}, Bearer ${token}`] })],
    ['one in the query too', (token: string) => ({ tokens: [token], target: `/mcp?access_token=${token}` })],
  ])('%s', async (_, made) => {
    const real = await serveReal();
    const token = await real.token('files');
    const { tokens, target } = { target: '/mcp', ...made(token) };
    const envoy = call('envoy', 'files', tokens, { target: `/v1/gateways/envoy/files${target}` });
    const answer = await ask(real.port, envoy);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('www-authenticate')).toBe(MALFORMED);
    expect(reasonsOf(real)).toEqual(['credential_ambiguous']);
    expect(JSON.stringify(real.events)).not.toContain(token);
  });

  it('a token in the query alone is none at all', async () => {
    const real = await serveReal();
    const target = `/v1/gateways/envoy/files/mcp?access_token=${await real.token('files')}`;
    expect((await ask(real.port, call('envoy', 'files', [], { target }))).status).toBe(401);
    expect(reasonsOf(real)).toEqual(['token_missing']);
  });

  it('the scheme ignores case, and another is refused', async () => {
    const real = await serveReal();
    const token = await real.token('files');
    const asking = async (value: string) =>
      (await ask(real.port, call('envoy', 'files', [], { headers: [`authorization: ${value}`] }))).status;
    expect(await asking(`BEARER ${token}`)).toBe(200);
    expect(await asking(`Basic ${token}`)).toBe(400);
    expect(await asking(token)).toBe(400);
    expect(await asking(`Bearer  ${token}`)).toBe(401);
  });
});

describe('a server whose calls are read', () => {
  const headers = ['Mcp-Method: tools/call', 'Mcp-Name: read_file', 'MCP-Protocol-Version: 2026-07-28'];

  it('from headers needs no body', async () => {
    const real = await serveReal();
    const tokens = [await real.token('headed')];
    for (const profile of PROFILES) {
      expect((await ask(real.port, call(profile, 'headed', tokens, { headers, body: '' }))).status).toBe(200);
      const twice = [...headers, 'Mcp-Name: write_file'];
      expect((await ask(real.port, call(profile, 'headed', tokens, { headers: twice, body: '' }))).status).not.toBe(
        200,
      );
      expect((await ask(real.port, call(profile, 'headed', tokens))).status).not.toBe(200);
    }
  });

  it('not at all needs the scopes of all of them', async () => {
    const real = await serveReal();
    const asking = async (scope: string) =>
      (await ask(real.port, call('envoy', 'whole', [await real.token('whole', { claims: { scope } })], { body: '' })))
        .status;
    expect(await asking('read')).toBe(403);
    expect(await asking('read write')).toBe(200);
  });

  it('from the body opens a stream or ends a session only where that is listed', async () => {
    const real = await serveReal();
    const asking = async (key: 'files' | 'stream', method: string) =>
      (await ask(real.port, call('envoy', key, [await real.token(key)], { method, body: '' }))).status;
    expect(await asking('stream', 'GET')).toBe(200);
    expect(await asking('stream', 'DELETE')).toBe(200);
    expect(await asking('files', 'GET')).toBe(403);
    for (const method of ['OPTIONS', 'PUT', 'PATCH', 'HEAD']) expect(await asking('stream', method)).not.toBe(200);
  });
});

describe('a token opens its own server alone', () => {
  it.each([
    '/v1/gateways/envoy/files/../billing/mcp',
    '/v1/gateways/envoy/files/%2e%2e/billing/mcp',
    '/v1/gateways/envoy/files/..%2fbilling/mcp',
    '/v1/gateways/envoy/files\\..\\billing/mcp',
    '/v1/gateways/envoy/files//billing/mcp',
    '/v1/gateways/envoy/%66iles/mcp',
    '/v1/gateways/envoy/files%2f..%2fbilling/mcp',
    'http://127.0.0.1/v1/gateways/envoy/files/../billing/mcp',
    'http://127.0.0.1/v1/x/../gateways/envoy/billing/mcp',
  ])('%s is nobody’s', async (target) => {
    const real = await serveReal();
    for (const key of ['files', 'billing'] as const) {
      const answer = await ask(real.port, call('envoy', '', [await real.token(key)], { target }));
      expect([400, 401, 403, 404]).toContain(answer.status);
    }
  });

  it('whatever path follows the key, and whatever a client smuggles in', async () => {
    const real = await serveReal();
    const tokens = { files: await real.token('files'), billing: await real.token('billing') };
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2F',
      '%5C',
      '\\',
      '//',
      ';',
      '?',
      '#',
      '@',
      'files',
      'billing',
      'mcp',
    );
    const path = fc.array(fc.oneof(piece, fc.stringMatching(/^[!-~]{0,6}$/)), { maxLength: 8 });
    const smuggled = fc.subarray([
      'X-Original-URI: /billing/mcp',
      'X-Forwarded-Uri: /billing/mcp',
      'X-Original-Method: GET',
      'X-Forwarded-Host: billing.example.com',
      'X-Audgate-Server: billing',
      'X-Envoy-Original-Path: /billing/mcp',
      'Mcp-Name: read_file',
    ]);
    const profiles = fc.constantFrom(...PROFILES);
    const keys = fc.constantFrom('files' as const, 'billing' as const);
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(profiles, keys, keys, path, smuggled, async (profile, at, of, pieces, headers) => {
        const target = `/v1/gateways/${profile}/${at}/${pieces.join('')}`;
        const before = real.events.length;
        const answer = await ask(real.port, call(profile, at, [tokens[of]], { target, headers }));
        const resource = { files: FILES, billing: BILLING };
        const decided = real.events.slice(before);
        expect(decided.map(({ asked }) => asked.server)).toEqual([at]);
        if (answer.status === 200) {
          allowed++;
          expect(of).toBe(at);
          expect(answer.headers.get('x-audgate-server')).toBe(at);
          expect(decided[0]?.input?.token.audiences).toEqual([resource[at]]);
        } else {
          expect([400, 401, 403]).toContain(answer.status);
        }
      }),
      { numRuns: 300 },
    );
    // Else the property would hold of a service that refuses everything.
    expect(allowed).toBeGreaterThan(10);
  });
});
