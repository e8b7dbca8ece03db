/** Every message tells what was expected, what was found and what to do next, and names the near miss (contract 2). */
import { describe, expect, it } from 'vitest';
import { FILES, NOW } from '../property/world.ts';
import { BILLING, EDGE, EVERYONE, openDesk } from './desk.ts';

const ASK_FOR_FILES = `Ask the authorization server for a token with resource=${FILES}.`;

describe('audience_mismatch names', () => {
  it.each([
    [
      'a trailing slash',
      `${FILES}/`,
      `${FILES}/, which is ${FILES} but for a trailing slash (audiences are compared byte for byte)`,
    ],
    [
      'a parent',
      'https://files.example.com',
      `https://files.example.com, which is ${FILES} but cut short: a parent does not stand for what lies below it (audiences are compared byte for byte)`,
    ],
    [
      'a child',
      `${FILES}/x`,
      `${FILES}/x, which is ${FILES} with more path: what lies below does not stand for its parent (audiences are compared byte for byte)`,
    ],
    [
      'other case',
      'https://files.example.com/MCP',
      `https://files.example.com/MCP, which is ${FILES} but for upper and lower case (audiences are compared byte for byte)`,
    ],
    [
      'the default port',
      'https://files.example.com:443/mcp',
      `https://files.example.com:443/mcp, which is ${FILES} but for its spelling (default port, or case of scheme and host) (audiences are compared byte for byte)`,
    ],
    ['the client’s id', 'client-1', "client-1, the client's own id (as an ID token is)"],
    ['an opaque identifier', 'api://default', 'api://default, an opaque identifier'],
    [
      'an authorization server',
      'https://login.example.com',
      'https://login.example.com (the identifier of an authorization server)',
    ],
    ['a registered neighbour', BILLING, `${BILLING} (registered server "billing")`],
    ['any other', 'https://elsewhere.example', 'https://elsewhere.example'],
    ['several', [BILLING, 'x'], `${BILLING} (registered server "billing") and x, an opaque identifier`],
    ['the issuer’s own value, when it is alone', 'account', 'account, an opaque identifier'],
  ])('%s', async (_, aud, named) => {
    const { reasonFor } = await openDesk();
    expect(await reasonFor({ aud })).toMatchObject({
      code: 'audience_mismatch',
      message: `The token was issued for ${named}. ${ASK_FOR_FILES}`,
      expected: [FILES],
    });
  });

  it('a neighbour’s key only to a caller that may see it', async () => {
    const { reasonFor } = await openDesk();
    const { message } = await reasonFor({ aud: BILLING }, {}, EDGE);
    expect(message).toBe(`The token was issued for ${BILLING} (another registered server). ${ASK_FOR_FILES}`);
  });

  it('the near misses of four values, and the rest as they are', async () => {
    const { reasonFor } = await openDesk();
    const { message } = await reasonFor({ aud: Array.from({ length: 16 }, (_, at) => `${FILES}/${at}`) });
    expect(message.match(/which is/g)).toHaveLength(4);
    expect(message).toContain(` and ${FILES}/15. Ask`);
  });

  it('sixteen long values within a few thousand characters, each cut', async () => {
    const { decide, token } = await openDesk();
    const aud = Array.from({ length: 16 }, (_, at) => `https://${at}.example/${'x'.repeat(300)}\u202e`);
    const { reasons } = await decide({ token: await token({ claims: { aud } }) });
    expect(reasons[0]?.message.match(/…/g)).toHaveLength(16);
    expect(reasons[0]?.message).not.toContain('\u202e');
  });
});

describe('other messages of the token', () => {
  it('audience_not_exclusive names who else could be fooled', async () => {
    const { reasonFor } = await openDesk();
    const { code, message } = await reasonFor({ aud: [FILES, BILLING, 'account'] });
    expect(code).toBe('audience_not_exclusive');
    expect(message).toBe(
      `Besides this server the token names ${BILLING} (registered server "billing"); either could replay it at the other. Ask the authorization server for a token with resource=${FILES} alone.`,
    );
  });

  it.each([
    [{ aud: null }, 'audience_missing', `The token names no audience (aud). ${ASK_FOR_FILES}`],
    [
      { exp: null },
      'lifetime_missing',
      'The token lacks exp. Have the issuer put both exp and iat into its access tokens (RFC 9068 §2.2).',
    ],
    [
      { iat: null },
      'lifetime_missing',
      'The token lacks iat. Have the issuer put both exp and iat into its access tokens (RFC 9068 §2.2).',
    ],
    [
      { exp: null, iat: null },
      'lifetime_missing',
      'The token lacks exp and iat. Have the issuer put both exp and iat into its access tokens (RFC 9068 §2.2).',
    ],
    [
      { iat: '-300', exp: '-60' },
      'token_expired',
      'The token expired at 2026-11-23T11:59:00Z; it is 2026-11-23T12:00:00Z now. Get a new token.',
    ],
    [
      { iat: '+60' },
      'token_not_yet_valid',
      'The token holds from 2026-11-23T12:01:00Z; it is 2026-11-23T12:00:00Z now. Compare the clocks of the issuer and of audgate, or wait.',
    ],
    [
      { iat: NOW, exp: NOW + 3600 },
      'lifetime_exceeded',
      'The token lives 3600 seconds (exp − iat), and server "files" accepts at most 900. Have the issuer issue shorter tokens for this server.',
    ],
    [
      { act: { sub: 'agent-7' } },
      'actor_not_allowed',
      'The token was issued to the actor agent-7, which server "files" does not accept. Call as yourself, or list the actor under actors of the server.',
    ],
  ])('%j is %s', async (claims, code, message) => {
    const { reasonFor } = await openDesk();
    expect(await reasonFor(claims)).toMatchObject({ code, message });
  });

  it.each([
    ['without iat', { iat: null, exp: '+1200' }, ['lifetime_missing', 'lifetime_exceeded']],
    ['with an iat ahead', { iat: '+600', exp: '+1200' }, ['token_not_yet_valid', 'lifetime_exceeded']],
  ])('lifetime_exceeded %s tells of what is left', async (_, claims, codes) => {
    const { decide, token } = await openDesk();
    const { reasons } = await decide({ token: await token({ claims }) });
    expect(reasons.map(({ code }) => code)).toEqual(codes);
    expect(reasons[1]).toMatchObject({
      message:
        'The token has 1200 seconds left (exp − now), and server "files" accepts at most 900. Have the issuer issue shorter tokens for this server.',
      expected: [900],
      actual: [1200],
    });
  });

  it('issuer_not_trusted names the issuers that the server lists', async () => {
    const { decide, token } = await openDesk();
    const { reasons } = await decide({ token: await token({}, 'partner') });
    expect(reasons[0]).toMatchObject({
      code: 'issuer_not_trusted',
      message:
        'The issuer https://login.partner.example is registered, but server "files" does not list it. Get a token from one of: corp.',
    });
  });

  it('waiver_expired names the end, beside what the waiver no longer covers', async () => {
    const { decide, token } = await openDesk();
    const { reasons } = await decide({
      token: await token({ claims: { client_id: 'late', aud: 'api://default' } }),
    });
    expect(reasons.map(({ code }) => code)).toEqual(['audience_mismatch', 'waiver_expired']);
    expect(reasons[1]?.message).toBe(
      'A waiver would have covered this call, but it ended at 2026-11-01T00:00:00Z. Renew it with its owner, or make the issuer bind its tokens to this server.',
    );
  });
});

describe('messages of the operation', () => {
  it.each([
    [
      { method: 'roots/list' },
      'method_unknown',
      'The method roots/list is not open at server "files". Call another, or add it under methods of the server.',
    ],
    [
      { method: 'http/get' },
      'method_unknown',
      'A GET request (method http/get) is not open at server "files". Call another, or add it under methods of the server.',
    ],
    [
      { method: 'completion/complete', prompt: 'x' },
      'prompt_unknown',
      'Server "files" has no registered prompt x. Get a registered prompt, or add it under prompts of the server.',
    ],
    [
      { method: 'subscriptions/listen', uris: ['file:///a', 'file:///docs/a', 'file:///b\n'] },
      'resource_unknown',
      'Server "files" has no registered resource for file:///a, file:///b\\u000a. Read a registered resource, or add it under resources of the server.',
    ],
    [
      { method: 'tasks/get', task: 't1' },
      'task_unknown',
      'Server "files" does not open tasks to tasks/get. Call tools without a task, or add the method under methods of the server.',
    ],
    [
      { method: 'subscriptions/listen', tasks: ['t1'] },
      'task_unknown',
      'Server "files" does not open tasks to subscriptions/listen. Call tools without a task, or add tasks/get under methods of the server.',
    ],
    [
      { method: 'tools/call', tool: 'rm\u202e' },
      'tool_unknown',
      'Server "files" has no registered tool rm\\u202e. Call a registered tool, or add it under tools of the server.',
    ],
    [
      { method: 'prompts/get', prompt: 'x' },
      'prompt_unknown',
      'Server "files" has no registered prompt x. Get a registered prompt, or add it under prompts of the server.',
    ],
    [
      { method: 'resources/read', uri: 'file:///docs/../etc' },
      'resource_unknown',
      'Server "files" has no registered resource for file:///docs/../etc. Read a registered resource, or add it under resources of the server.',
    ],
    [
      { method: 'tools/call', tool: 'write_file' },
      'scope_insufficient',
      'The operation tools/call write_file needs files:write, files:own, and the token carries files:read. Ask the authorization server for a token with scope="files:write files:own".',
    ],
  ])('%j is %s', async (call, code, message) => {
    const { reasonFor } = await openDesk();
    expect(await reasonFor({}, { source: { kind: 'call', ...call } })).toMatchObject({ code, message });
  });

  it('a token’s scopes beyond the sixteenth are cut, and the cut is marked; what to ask for is whole', async () => {
    const { reasonFor } = await openDesk();
    const held = Array.from({ length: 30 }, (_, at) => `h${at}`);
    const needed = Array.from({ length: 20 }, (_, at) => `s${at}`);
    const { message, actual } = await reasonFor(
      { scope: held.join(' ') },
      { source: { kind: 'call', method: 'tools/call', tool: 'many' } },
    );
    expect(message).toBe(
      `The operation tools/call many needs ${needed.slice(0, 15).join(', ')}, …, and the token carries ${held.slice(0, 15).join(', ')}, …. Ask the authorization server for a token with scope="${needed.join(' ')}".`,
    );
    expect(actual).toEqual([...held.slice(0, 15), '…']);
  });

  it('a token without scopes carries nothing', async () => {
    const { reasonFor } = await openDesk();
    expect((await reasonFor({ scope: '' })).message).toContain('and the token carries nothing.');
  });
});

describe('server_unknown', () => {
  const NOBODY =
    'Send the registered resource of the server that you are about to call, from your own route, or add it to the registry.';

  it.each([
    ['a key', 'files', `It is the key of a server; send its resource, ${FILES}, byte for byte.`],
    [
      'a trailing slash',
      `${FILES}/`,
      `It is ${FILES} (server "files") but for a trailing slash; send the registered resource byte for byte.`,
    ],
    [
      'a parent',
      'https://files.example.com',
      `It is ${FILES} (server "files") but cut short: a parent does not stand for what lies below it; send the registered resource byte for byte.`,
    ],
    [
      'a child',
      `${FILES}/x`,
      `It is ${FILES} (server "files") with more path: what lies below does not stand for its parent; send the registered resource byte for byte.`,
    ],
    [
      'several differences at once',
      'HTTP://Files.example.com/MCP/',
      `It is ${FILES} (server "files") but for its spelling; send the registered resource byte for byte.`,
    ],
    ['nobody', 'https://elsewhere.example/mcp', NOBODY],
  ])('names %s', async (_, server, says) => {
    const { decide } = await openDesk();
    const { reasons } = await decide({ server });
    expect(reasons).toMatchObject([
      { code: 'server_unknown', message: `No registered server has the resource ${server}. ${says}`, actual: [server] },
    ]);
  });

  it.each(['billing', `${BILLING}/`, 'https://billing.example.com', `${BILLING}/x`])(
    'of %s names nobody to a caller that may not see it',
    async (server) => {
      const { decide } = await openDesk();
      const forEdge = await decide({ server }, EDGE);
      expect(forEdge.reasons[0]?.message).toBe(`No registered server has the resource ${server}. ${NOBODY}`);
      const forEveryone = await decide({ server }, EVERYONE);
      expect(forEveryone.reasons[0]?.message).toContain(BILLING);
    },
  );

  it('of a text beyond all length is cut and escaped, and nothing near it is looked for', async () => {
    const { decide } = await openDesk();
    const { reasons } = await decide({ server: `${FILES}/\u202e${'/'.repeat(200_000)}` });
    expect(reasons[0]?.message).toMatch(
      /^No registered server has the resource https:.*\\u202e\/+…\. Send the registered/,
    );
  });
});
