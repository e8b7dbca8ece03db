/** decide = evaluate, then record once: what a record is told of the question and of the answer (contract 9). */
import { describe, expect, it } from 'vitest';
import { FILES, NOW } from '../property/world.ts';
import { EDGE, openDesk } from './desk.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const context = { client_ip: '203.0.113.7', request_id: 'r-1' };

describe('a decision', () => {
  it('is recorded once, as it was answered', async () => {
    const { decide, token, events, service } = await openDesk();
    const decision = await decide({ token: await token() }, EDGE);
    const { registry, policy } = service.current();
    expect(events).toMatchObject([
      {
        path: 'audgate/decide',
        decision,
        input: { now: NOW, context: { caller: 'edge' } },
        asked: { server: FILES, method: 'tools/call', target: 'read_file' },
        caller: 'edge',
        revisions: { registry: registry.digest, core: policy.core.digest, custom: null },
        started: NOW * 1000,
        duration_ns: 0,
      },
    ]);
    expect(events[0]).not.toHaveProperty('trace_id');
    expect(events[0]).not.toHaveProperty('request_id');
  });

  it.each([
    ['at the server', { server: 'x' }, 'server_unknown'],
    ['at the call', { source: { kind: 'body', body: '' } as const }, 'call_malformed'],
    ['at the missing token', { token: null }, 'token_missing'],
    ['at the token', { token: 'x' }, 'token_malformed'],
    ['at the policy', { source: { kind: 'call', method: 'tools/call', tool: 'x' } as const }, 'tool_unknown'],
  ])('that ends %s is recorded with whom it is for: trace, request and address', async (_, question, code) => {
    const { decide, token, events } = await openDesk();
    const { reasons } = await decide({ token: await token(), context, trace_id: TRACE, ...question });
    expect(reasons.map((reason) => reason.code)).toEqual([code]);
    expect(events).toMatchObject([{ trace_id: TRACE, ...context }]);
  });

  it('hands arguments over for their digest, and no token', async () => {
    const { decide, token, events } = await openDesk();
    const text = await token();
    const source = { kind: 'call', method: 'tools/call', tool: 'read_file', arguments: { path: '/x' } } as const;
    await decide({ token: text, source });
    expect(events[0]?.arguments).toEqual({ path: '/x' });
    expect(JSON.stringify(events)).not.toContain(text.split('.')[1]);
  });
});
