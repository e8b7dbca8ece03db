import { describe, expect, test } from 'vitest';
import { start } from '../../conformance/gateways/nginx.ts';
import { IDENTITY_HEADERS } from '../../src/decide/identity.ts';
import { BY_HEADERS, callHeaders } from './by-headers.ts';
import { type Answer, CALL, openWorld } from './gateway-world.ts';
import { audgateHeaders, challenges, commandsAnswer, ESCAPES } from './smoke.ts';

const { headers, server } = BY_HEADERS;
const world = () => openWorld(start, { server });

describe('examples/nginx', () => {
  test('a right token reaches its server, body and all, with audgate’s word for who calls and none of the client’s', async () => {
    const { issuer, resources, ask, arrivals } = await world();
    const forged = [
      ['X-Audgate-Subject', 'mallory'],
      ['x-audgate-actor', 'mallory'],
      ['X-AUDGATE-Tier', 'mallory'],
      ['X-Audgate-Key', 'mallory'],
      ['X_Audgate_Subject', 'mallory'],
      ['Connection', 'close, X-Audgate-Subject, X-Audgate-Identity'],
      ['X-Original-URI', '/billing/mcp'],
      ['X-Original-Method', 'GET'],
    ] as const;
    const body = Buffer.from(CALL.replace('/a', '/ü \u0001 $x'));

    const token = await issuer.token(resources.files);
    const answer = await ask({ token, path: '/files/mcp?a=1', headers: [...headers, ...forged], body });

    expect(answer).toMatchObject({ status: 200, body: 'files did it' });
    const [arrival] = arrivals;
    expect(arrival).toMatchObject({ server: 'files', method: 'POST', target: '/files/mcp?a=1' });
    expect(arrival?.body.equals(body)).toBe(true);
    expect(audgateHeaders(arrival)).toEqual([...IDENTITY_HEADERS].sort());
    expect(arrival?.headers).toMatchObject({ 'x-audgate-subject': 'user-1', 'x-audgate-server': 'files' });
    expect(arrival?.rawHeaders.join()).not.toContain('mallory');
  });

  test('a token for the neighbour, and none, are refused with one challenge that names the right metadata', async () => {
    const { gateway, issuer, resources, ask, arrivals } = await world();
    const metadata = `resource_metadata="${gateway.url}/.well-known/oauth-protected-resource/files/mcp"`;

    const foreign = await ask({ token: await issuer.token(resources.billing), headers });
    expect(foreign.status).toBe(401);
    expect(challenges(foreign)).toEqual([expect.stringContaining(metadata)]);
    expect(challenges(foreign)).toEqual([expect.stringContaining('error="invalid_token"')]);

    const none = await ask({ headers });
    expect(none.status).toBe(401);
    expect(challenges(none)).toEqual([expect.stringContaining(metadata)]);
    expect(arrivals).toEqual([]);
  });

  test('a missing scope is a 403 that says which one, though auth_request drops the challenge', async () => {
    const { issuer, resources, ask, arrivals } = await world();
    const token = await issuer.token(resources.files);
    const answer = await ask({ token, headers: callHeaders('tools/call', 'write_file') });
    expect(answer.status).toBe(403);
    expect(challenges(answer)).toEqual([expect.stringMatching(/error="insufficient_scope".* scope="files:write"/)]);
    expect(arrivals).toEqual([]);
  });

  test('a call that its headers do not name, two credentials and a token in the query are refused, never with a 500', async () => {
    const { issuer, resources, ask, arrivals } = await world();
    const token = await issuer.token(resources.files);
    const status = async (question: Parameters<typeof ask>[0]) => (await ask({ headers, token, ...question })).status;
    expect(await status({ headers: [] })).toBe(403);
    expect(await status({ headers: [...headers, ['Mcp-Name', 'write_file']] })).toBe(403);
    expect(await status({ headers: [...headers, ['Authorization', `Bearer ${token}`]] })).toBe(400);
    expect(await status({ path: `/files/mcp?access_token=${token}` })).toBe(403);
    expect(await status({ path: `/files/mcp?access_token=${token}`, token: null })).toBe(401);
    expect(arrivals).toEqual([]);
  });

  test('at a server whose calls are read from the body, every POST is refused', async () => {
    const { issuer, resources, ask, arrivals } = await openWorld(start, { server: { call_from: 'body' } });
    expect((await ask({ token: await issuer.token(resources.files), headers })).status).toBe(403);
    expect(arrivals).toEqual([]);
  });

  test('no spelling of a path takes a token for files to billing', async () => {
    const { issuer, resources, ask, arrivals } = await world();
    const token = await issuer.token(resources.files);
    for (const path of ESCAPES) {
      const { status } = await ask({ token, path, headers });
      expect.soft({ path, status }).not.toMatchObject({ status: 200 });
    }
    expect(arrivals).toEqual([]);
  });

  test('a body that is too large, declared or in chunks, does not pass', async () => {
    const { issuer, resources, ask, arrivals } = await world();
    const token = await issuer.token(resources.files);
    const body = CALL.replace('/a', 'a'.repeat(600_000));
    const refused = (answer: Answer) => answer.status;
    const closed = (error: NodeJS.ErrnoException) => error.code;
    const declared = await ask({ token, headers, body }).then(refused, closed);
    const chunked = await ask({ token, headers, body, chunked: true }).then(refused, closed);
    for (const outcome of [declared, chunked]) expect([413, 'ECONNRESET', 'EPIPE']).toContain(outcome);
    expect(arrivals).toEqual([]);
  });

  test('a stream of events arrives as it is sent', async () => {
    const { gateway, issuer, resources, release } = await world();
    const token = await issuer.token(resources.files);
    const accept = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const answer = await fetch(`${gateway.url}/files/mcp`, { headers: accept });
    let text = '';
    for await (const piece of answer.body ?? []) {
      text += new TextDecoder().decode(piece);
      // The second is sent only once the first was seen here.
      if (text === 'data: first\n\n') release();
    }
    expect(text).toBe('data: first\n\ndata: second\n\n');
  });

  test('protected resource metadata is audgate’s, and open', async () => {
    const { gateway, resources } = await world();
    for (const key of ['files', 'billing'] as const) {
      const answer = await fetch(`${gateway.url}/.well-known/oauth-protected-resource/${key}/mcp`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ resource: resources[key], scopes_supported: ['files:read'] });
    }
  });

  test('the README’s commands answer as it says', async () => commandsAnswer('nginx', await world()));
});
