/** Inside the MCP session, where only the handler knows which tool is called: a server whose HTTP layer does not look at calls. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler, InMemoryTransport, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../src/json/value.ts';
import { type Authorization, type Credential, type OpenedGuard, protect, protectTool } from '../../src/server.ts';
import { BILLING, FILES } from '../e2e/issue.ts';
import { collect, startWorld } from './world.ts';

/** Any token for this server opens a session; what it opens in there, each tool asks itself. */
const SESSION: JsonObject = {
  call_from: 'none',
  base_scopes: [],
  tools: { read_file: { scopes: ['files:read'] }, write_file: { scopes: ['files:write', 'files:audit'] } },
  prompts: { summary: { scopes: ['files:read'] } },
};

type Context = { http?: { authInfo?: object } };

function createServer(guard: OpenedGuard, credential?: Credential) {
  const ran: unknown[] = [];
  const asked: Authorization[] = [];
  const serve = () => {
    const server = new McpServer({ name: 'files', version: '1.0.0' });
    const inputSchema = z.object({ path: z.string().default('/') });
    for (const tool of ['read_file', 'write_file', 'unlisted']) {
      server.registerTool(
        tool,
        { inputSchema },
        protectTool(
          guard,
          tool,
          ({ path }) => {
            ran.push({ tool, path });
            return { content: [{ type: 'text', text: 'done' }] };
          },
          credential,
        ),
      );
    }
    server.registerTool(
      'whole',
      {},
      protectTool(guard, 'read_file', () => ({ content: [{ type: 'text', text: 'done' }] }), credential),
    );
    server.registerTool('copied', { inputSchema }, async (_, { http }) => {
      const authorization = await guard.authorize({ ...http?.authInfo }, { method: 'tools/call', tool: 'read_file' });
      asked.push(authorization);
      return authorization.allowed ? { content: [] } : authorization.refusal;
    });
    server.registerPrompt('summary', {}, async ({ http }: Context) => {
      const authorization = await guard.authorize(http?.authInfo, { method: 'prompts/get', prompt: 'summary' });
      asked.push(authorization);
      if (!authorization.allowed) throw new Error(authorization.message);
      return { messages: [] };
    });
    return server;
  };
  return { serve, ran, asked };
}

async function overHttp(guard: OpenedGuard, token: string) {
  const { serve, ran, asked } = createServer(guard);
  const guarded = protect(guard, createMcpHandler(serve).fetch);
  const client = new Client({ name: 'test', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(FILES), {
    authProvider: { token: () => Promise.resolve(token) },
    fetch: (url, init) => guarded(new Request(url, init)),
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { content, isError } = await client.callTool({ name, arguments: args });
    const [part] = content;
    return { text: part?.type === 'text' ? part.text : '', isError: isError === true };
  };
  return { call, client, ran, asked };
}

async function overStdio(guard: OpenedGuard, credential?: Credential) {
  const { serve, ran } = createServer(guard, credential);
  const [near, far] = InMemoryTransport.createLinkedPair();
  const server = serve();
  await server.connect(far);
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(near);
  onTestFinished(() => client.close());
  return { client, ran };
}

describe('a wrapped tool', () => {
  it('runs for a token that opens it, with what the client sent', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    const { call, ran } = await overHttp(guard, await issuer.token(FILES));
    expect(await call('read_file', { path: '/a' })).toEqual({ text: 'done', isError: false });
    expect(await call('whole')).toEqual({ text: 'done', isError: false });
    expect(ran).toEqual([{ tool: 'read_file', path: '/a' }]);
  });

  it('says which scopes are missing, and does not run', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    const { call, ran } = await overHttp(guard, await issuer.token(FILES));
    const { text, isError } = await call('write_file');
    expect(isError).toBe(true);
    expect(text).toMatch(
      /^insufficient_scope: the access token lacks a scope that this call needs: files:write files:audit \(decision [0-9a-f-]{36}\)$/,
    );
    expect(await call('unlisted')).toEqual({ text: expect.stringMatching(/^access_denied: /), isError: true });
    expect(ran).toEqual([]);
  });

  it('is judged with the arguments that it gets, defaults and all', async () => {
    const { records, entries } = collect();
    const { issuer, guard } = await startWorld(SESSION, { records });
    const { call } = await overHttp(guard, await issuer.token(FILES));
    await call('read_file');
    await guard.close();
    const inSession = entries().filter(({ input }) => input.call?.tool === 'read_file');
    expect(inSession).toMatchObject([
      { path: 'audgate/server', requested_by: 'in-process:files', input: { call: { arguments: { size: 12 } } } },
    ]);
  });

  it('refuses the token once it has expired, though the session goes on', async () => {
    let now = Date.now();
    const { issuer, guard } = await startWorld(SESSION, { now: () => now });
    const token = await issuer.token(FILES);
    const held: object[] = [];
    await protect(guard, (_, { authInfo }) => {
      held.push(authInfo);
      return new Response();
    })(new Request(FILES, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{}' }));
    const ask = () => guard.authorize(held[0], { method: 'tools/call', tool: 'read_file', arguments: {} });
    expect(await ask()).toMatchObject({ allowed: true, principal: { scopes: ['files:read'] } });
    now += 400_000;
    expect(await ask()).toMatchObject({ allowed: false, message: expect.stringMatching(/^invalid_token: /) });
  });
});

describe('a question of a handler', () => {
  it('may be about whatever the registry knows', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    const { client, asked } = await overHttp(guard, await issuer.token(FILES));
    expect(await client.getPrompt({ name: 'summary' })).toMatchObject({ messages: [] });
    const other = await overHttp(guard, await issuer.token(FILES, { claims: { scope: '' } }));
    await expect(other.client.getPrompt({ name: 'summary' })).rejects.toThrow(/insufficient_scope: .*: files:read/);
    expect([asked[0]?.allowed, other.asked[0]?.allowed]).toEqual([true, false]);
  });

  it('is refused for a copy of who calls, which stands for no token', async () => {
    const { issuer, guard, logged } = await startWorld(SESSION);
    const { call, asked } = await overHttp(guard, await issuer.token(FILES));
    expect(await call('copied')).toEqual({ text: expect.stringMatching(/^temporarily_unavailable: /), isError: true });
    expect(asked).toMatchObject([{ allowed: false, decision_id: null }]);
    expect(logged).toMatchObject([{ fields: { err: { message: expect.stringContaining('found a copy') } } }]);
  });

  it('is about the call that it names: no other member makes it another question', async () => {
    // What a client sent, handed on whole, may hold anything. Here any request would be open.
    const { issuer, guard } = await startWorld({ ...SESSION, base_scopes: [] });
    const credential = guard.credential(await issuer.token(FILES));
    const drop = { method: 'tools/call', tool: 'drop', arguments: {} };
    const smuggled = [
      { kind: 'request', body: { kind: 'absent' } },
      { kind: 'any' },
      { kind: 'message', message: { jsonrpc: '2.0', id: 1, method: 'ping' } },
      { kind: 'body', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' },
    ];
    for (const more of smuggled) expect((await guard.authorize(credential, { ...drop, ...more })).allowed).toBe(false);
    expect((await guard.authorize(credential, { ...drop, tool: 'read_file' })).allowed).toBe(true);
  });

  it('is refused for arguments that are no JSON, because rules would judge others than the tool uses', async () => {
    const { issuer, guard, logged } = await startWorld(SESSION);
    const credential = guard.credential(await issuer.token(FILES));
    const ask = (args: unknown) =>
      guard.authorize(credential, { method: 'tools/call', tool: 'read_file', arguments: args });
    for (const good of [{}, { path: '/a', depth: undefined }, { list: [1, null, true, { a: 'b' }], n: 0.5 }])
      expect((await ask(good)).allowed).toBe(true);
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = { deep };
    const odd = [{ at: new Date(0) }, { m: new Map() }, { n: Number.NaN }, { n: 2 ** 53 }, { n: 1n }, { s: '\ud800' }];
    for (const bad of [...odd, { deep }, [], 'text', null, { f: () => 1 }])
      expect((await ask(bad)).allowed).toBe(false);
    expect(logged.length).toBe(11);
  });
});

describe('over stdio, where no request carries a token', () => {
  it('the token that the server was started with counts', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    const { client, ran } = await overStdio(guard, guard.credential(await issuer.token(FILES)));
    expect((await client.callTool({ name: 'read_file', arguments: {} })).isError).toBeUndefined();
    expect((await client.callTool({ name: 'write_file', arguments: {} })).isError).toBe(true);
    expect(ran).toEqual([{ tool: 'read_file', path: '/' }]);
  });

  it('without one nothing runs, nor with one for another server', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    for (const credential of [undefined, guard.credential(''), guard.credential(await issuer.token(BILLING))]) {
      const { client, ran } = await overStdio(guard, credential);
      const { content } = await client.callTool({ name: 'read_file', arguments: {} });
      expect(content).toMatchObject([{ text: expect.stringMatching(/^invalid_token: /) }]);
      expect(ran).toEqual([]);
    }
  });

  it('the credential does not stand in for a request without token', async () => {
    const { issuer, guard } = await startWorld(SESSION);
    const credential = guard.credential(await issuer.token(FILES));
    const tool = protectTool(guard, 'read_file', (_: object) => 'ran', credential);
    expect(await tool({ http: {} })).toMatchObject({ isError: true });
    expect(await tool({})).toBe('ran');
    expect(JSON.stringify(credential)).toBe('{"kind":"credential"}');
  });
});
