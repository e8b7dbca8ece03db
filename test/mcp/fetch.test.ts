/** In front of a web-standard handler: what reaches it, and what is answered in its place. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createGuard, protect } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { METADATA, post, READ, startService, startWorld, witness } from './world.ts';

describe('an allowed request', () => {
  it('reaches the handler with its very bytes, without token and without what clients say of themselves', async () => {
    const { issuer, guard } = await startWorld();
    const { seen, handler } = witness();
    const odd = `  ${READ}\n`;
    const sent = post(await issuer.token(FILES), odd, {
      'x-audgate-subject': 'admin',
      'X-Audgate-Scopes': 'files:write',
      'mcp-protocol-version': '2025-11-25',
    });
    const answer = await protect(guard, handler)(sent);

    expect([answer.status, await answer.text()]).toEqual([200, 'done']);
    expect(seen).toHaveLength(1);
    const { request, body } = seen[0] ?? expect.fail();
    expect(body).toBe(odd);
    expect(request.url).toBe(FILES);
    expect([...request.headers.keys()].sort()).toEqual(['content-type', 'mcp-protocol-version']);
  });

  it('tells who calls, also in the shape that the MCP SDK knows, and nobody can widen it', async () => {
    const { issuer, guard } = await startWorld();
    const { seen, handler } = witness();
    const token = await issuer.token(FILES, { claims: { sub: 'user-9', client_id: 'client-9', exp: '+200' } });
    await protect(guard, handler)(post(token));

    const { admission } = seen[0] ?? expect.fail();
    const principal = { issuer: 'https://login.example.com', subject: 'user-9', client_id: 'client-9', actor: null };
    expect(admission.principal).toEqual({ ...principal, scopes: ['files:read'] });
    expect(admission.authInfo).toEqual({
      token: '(withheld by audgate)',
      clientId: 'client-9',
      scopes: ['files:read'],
      expiresAt: Date.parse(admission.valid_until) / 1000,
      resource: new URL(FILES),
      resourceMetadataUrl: `https://files.example.com${METADATA}`,
      extra: { issuer: principal.issuer, subject: 'user-9', actor: null, decision_id: admission.decision_id },
    });
    expect(() => admission.authInfo.scopes.push('files:write')).toThrow(TypeError);
    expect(() => Object.assign(admission.authInfo, { clientId: 'other' })).toThrow(TypeError);
  });

  it('widens nothing for the next request, whatever its handler does to who calls', async () => {
    const { issuer, guard } = await startWorld({
      tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
    });
    const token = await issuer.token(FILES);
    const widened = (scopes: readonly string[]) => Reflect.set(scopes, scopes.length, 'files:write');
    // What a question inside the session answers is the handler's own.
    const asked = await guard.authorize(guard.credential(token), { method: 'tools/call', tool: 'read_file' });
    if (asked.allowed) widened(asked.principal.scopes);
    const guarded = protect(guard, (_, { principal, authInfo }) => {
      expect([widened(principal.scopes), widened(authInfo.scopes)]).toEqual([false, false]);
      return new Response('done');
    });
    expect((await guarded(post(token))).status).toBe(200);
    expect((await guarded(post(token, READ.replace('read_file', 'write_file')))).status).toBe(403);
  });

  it('shows its token to nobody: neither the request nor what comes with it holds a part of it', async () => {
    const { issuer, guard, logged } = await startWorld();
    const { seen, handler } = witness();
    const token = await issuer.token(FILES);
    await protect(guard, handler)(post(token));
    const shown = inspect({ seen, guard, logged }, { depth: 20, showHidden: true }) + JSON.stringify(seen);
    for (const part of token.split('.')) expect(shown).not.toContain(part);
  });

  it('is served to whatever host it was sent: the server is the configured one, not what a client names', async () => {
    const { issuer, guard } = await startWorld();
    const { seen, handler } = witness();
    const guarded = protect(guard, handler);
    const [mine, foreign] = [await issuer.token(FILES), await issuer.token(BILLING)];
    const lies = { 'x-forwarded-host': 'billing.example.com', host: 'billing.example.com' };
    expect((await guarded(post(mine, READ, lies, 'http://127.0.0.1:3000/other'))).status).toBe(200);
    expect((await guarded(post(foreign, READ, lies, BILLING))).status).toBe(401);
    expect(seen).toHaveLength(1);
  });

  it('fails as its handler fails', async () => {
    const { issuer, guard } = await startWorld();
    const broken = protect(guard, () => Promise.reject(new Error('out of paper')));
    await expect(broken(post(await issuer.token(FILES)))).rejects.toThrow('out of paper');
  });
});

describe('a refused request never reaches the handler, and its client gets', () => {
  const metadata = `resource_metadata="https://files.example.com${METADATA}"`;
  const invalid = `Bearer error="invalid_token", error_description="The access token is not valid for this server", ${metadata}, scope="files:read"`;
  const malformed = `Bearer error="invalid_request", error_description="The request is malformed", ${metadata}`;
  const write = READ.replace('read_file', 'write_file');
  type Token = (resource: string) => Promise<string>;
  const cases: readonly [string, number, string | null, (token: Token) => Request | Promise<Request>][] = [
    ['the challenge, without token', 401, `Bearer ${metadata}, scope="files:read"`, () => post(null)],
    ['the challenge, for another server’s token', 401, invalid, async (token) => post(await token(BILLING))],
    ['the challenge, for no token at all', 401, invalid, () => post('guess')],
    [
      'the missing scope',
      403,
      `Bearer error="insufficient_scope", error_description="The access token lacks a scope that this operation needs", ${metadata}, scope="files:write"`,
      async (token) => post(await token(FILES), write),
    ],
    ['403 for an unlisted tool', 403, null, async (token) => post(await token(FILES), READ.replace('read', 'drop'))],
    ['400 for a batch', 400, malformed, async (token) => post(await token(FILES), `[${READ}]`)],
    [
      '400 for a member that is there twice',
      400,
      malformed,
      async (token) => post(await token(FILES), READ.replace('"id":7', '"id":7,"method":"ping"')),
    ],
    [
      '400 for two credentials',
      400,
      malformed,
      async (token) => {
        const request = post(await token(FILES));
        request.headers.append('authorization', `Bearer ${await token(BILLING)}`);
        return request;
      },
    ],
    [
      '400 for another token in the query',
      400,
      malformed,
      async (token) => post(await token(FILES), READ, {}, `${FILES}?access_token=${await token(BILLING)}`),
    ],
    [
      '401 for a token in the query alone',
      401,
      `Bearer ${metadata}, scope="files:read"`,
      async (token) => post(null, READ, {}, `${FILES}?access_token=${await token(FILES)}`),
    ],
    [
      '400 for a body beyond the limit',
      400,
      malformed,
      async (token) => post(await token(FILES), READ.replace('"a"', `"${'a'.repeat(262_144)}"`)),
    ],
    [
      '400 for a body that is said to be encoded: decoded it may be another message',
      400,
      malformed,
      async (token) => post(await token(FILES), READ, { 'content-encoding': 'br' }),
    ],
    [
      '403 for a GET that the registry does not list',
      403,
      null,
      async (token) => new Request(FILES, { headers: { authorization: `Bearer ${await token(FILES)}` } }),
    ],
    [
      '400 for a preflight, which nothing in front of it has answered',
      400,
      malformed,
      () => new Request(FILES, { method: 'OPTIONS' }),
    ],
  ];
  it.each(cases)('%s', async (_, status, challenge, make) => {
    const { issuer, guard } = await startWorld({
      tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write'] } },
    });
    const { seen, handler } = witness();
    const answer = await protect(guard, handler)(await make((resource) => issuer.token(resource)));
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-audgate-decision-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen).toEqual([]);
  });

  it('the JSON-RPC error that MCP asks for, where a header differs from the message', async () => {
    const { issuer, guard } = await startWorld();
    const { seen, handler } = witness();
    const answer = await protect(guard, handler)(post(await issuer.token(FILES), READ, { 'mcp-name': 'other' }));
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32020 } });
    expect(seen).toEqual([]);
  });

  it('503 and when to ask again, while the issuer’s keys cannot be had', async () => {
    const { issuer, guard } = await startWorld();
    await issuer.down();
    const { seen, handler } = witness();
    const answer = await protect(guard, handler)(post(await issuer.token(FILES)));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(seen).toEqual([]);
    expect((await protect(guard, handler)(post(await issuer.token(BILLING)))).status).toBe(401);
  });

  it('403 once the server is no longer registered, and its metadata is gone', async () => {
    const { issuer, guard, write } = await startWorld();
    const { handler, seen } = witness();
    await write({ billing: BILLING });
    expect((await guard.reload()).ok).toBe(true);
    expect((await protect(guard, handler)(post(await issuer.token(FILES)))).status).toBe(403);
    expect((await protect(guard, handler)(new Request(`https://files.example.com${METADATA}`))).status).toBe(403);
    expect(seen).toEqual([]);
  });

  it('413 where the call is not read from the body, but the body that the handler needs is too large', async () => {
    const { issuer, guard } = await startWorld({ call_from: 'none' }, { body_bytes: 16 });
    const { seen, handler } = witness();
    expect((await protect(guard, handler)(post(await issuer.token(FILES)))).status).toBe(413);
    expect((await protect(guard, handler)(post(await issuer.token(FILES), '{}'))).status).toBe(200);
    expect(seen.map(({ body }) => body)).toEqual(['{}']);
  });

  it('nothing where the call is not read from the body: an encoded one reaches the handler as it came', async () => {
    const { issuer, guard } = await startWorld({ call_from: 'none' });
    const { seen, handler } = witness();
    await protect(guard, handler)(post(await issuer.token(FILES), 'anything', { 'content-encoding': 'br' }));
    expect(seen.map(({ request, body }) => [request.headers.get('content-encoding'), body])).toEqual([
      ['br', 'anything'],
    ]);
  });

  it('500 when the decision breaks, whatever the log does', async () => {
    const { issuer, registry } = await startWorld();
    const token = await issuer.token(FILES);
    const service = await startService(registry);
    const decider = { ...service, decide: () => Promise.reject(new Error('a bug')) };
    const { seen, handler } = witness();
    for (const error of [
      () => {},
      () => {
        throw new Error('the disk is full');
      },
    ]) {
      const guard = createGuard({ decider, server: { key: 'files' }, now: Date.now, log: { error } });
      const answer = await protect(guard, handler)(post(token));
      expect([answer.status, await answer.text()]).toEqual([500, 'The access token could not be checked.\n']);
    }
    expect(seen).toEqual([]);
  });

  it('500 when something read the body before, and the log says what to do', async () => {
    const { issuer, guard, logged } = await startWorld();
    const { seen, handler } = witness();
    const request = post(await issuer.token(FILES));
    await request.text();
    expect((await protect(guard, handler)(request)).status).toBe(500);
    expect(logged).toEqual([
      {
        fields: { err: expect.objectContaining({ message: expect.stringContaining('put audgate before') }) },
        message: expect.any(String),
      },
    ]);
    expect(seen).toEqual([]);
  });

  it('400 when the body breaks off', async () => {
    const { issuer, guard } = await startWorld();
    const { seen, handler } = witness();
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error('the client went away')),
    });
    const headers = { authorization: `Bearer ${await issuer.token(FILES)}` };
    const request = new Request(FILES, { method: 'POST', headers, body: broken, duplex: 'half' });
    expect((await protect(guard, handler)(request)).status).toBe(400);
    expect(seen).toEqual([]);
  });
});
