/** `POST /v1/allowed` at the edge. */
import { describe, expect, it } from 'vitest';
import { ALLOW, caller, DENY, FILES, INDETERMINATE, NOTHING, OPENED, serve } from '../serve.ts';

const QUESTION = { server: FILES, token: 'a.b.c' };
const PATH = '/v1/allowed';

describe('POST /v1/allowed answers', () => {
  it.each([
    [ALLOW, 200, OPENED],
    [DENY, 200, NOTHING],
    [INDETERMINATE, 503, NOTHING],
  ])('%# a decision with its lists', async (decision, status, lists) => {
    const { post } = await serve({ decide: async () => decision });
    const answer = await post(QUESTION, {}, PATH);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
    expect(await answer.json()).toEqual({ ...decision, ...lists, custom: 'none' });
  });
});

describe('POST /v1/allowed asks', () => {
  it('what the gateway wrote', async () => {
    const { post, asked } = await serve();
    const context = { client_ip: '203.0.113.7', request_id: 'r-1' };
    await post({ ...QUESTION, scheme: 'bearer', context, http: { headers: {} } }, {}, PATH);
    expect(asked[0]?.ask).toEqual({ ...QUESTION, scheme: 'bearer', context, headers: {} });
  });

  it.each([
    ['a call', { ...QUESTION, call: { method: 'ping' } }, '/call'],
    ['a message', { ...QUESTION, message: {} }, '/message'],
    ['a body', { ...QUESTION, body: '' }, '/body'],
    ['a proof that is no object', { ...QUESTION, proof: [] }, '/proof'],
    ['a time', { ...QUESTION, at: '2026-11-23T12:00:00Z' }, '/at'],
    ['no server', { token: 'x' }, '/server'],
  ])('nothing about %s, which is a problem', async (_, body, pointer) => {
    const { post, asked } = await serve();
    const answer = await post(body, {}, PATH);
    const { problems } = (await answer.json()) as { problems: { pointer: string }[] };
    expect([answer.status, problems.map((one) => one.pointer), asked]).toEqual([400, [pointer], []]);
  });

  it('nothing about another’s server, registered or not', async () => {
    const { post, asked } = await serve({ callers: { edge: caller('k', ['billing'], ['decide']) } });
    for (const server of [FILES, 'https://nobody.example']) {
      expect((await post({ ...QUESTION, server }, { 'x-audgate-key': 'k' }, PATH)).status).toBe(403);
    }
    expect(asked).toEqual([]);
  });
});
