/** Event streams end with the allow that opened them (contract 2); other answers are delivered. */
import { describe, expect, it } from 'vitest';
import { endAt } from '../../src/mcp/stream.ts';
import { protect } from '../../src/server.ts';
import { FILES } from '../e2e/issue.ts';
import { post, startWorld } from './world.ts';

const EVENT = 'data: {}\n\n';
const bytes = (text: string) => new TextEncoder().encode(text);

/** One event, and then none for ever. */
function silent() {
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes(EVENT)),
    cancel: (reason) => cancelled.resolve(reason),
  });
  const events = new Response(body, {
    status: 201,
    headers: { 'content-type': 'Text/Event-Stream; charset=utf-8', 'mcp-session-id': 's-1' },
  });
  return { events, cancelled: cancelled.promise };
}

describe('an event stream', () => {
  it('of a token with two seconds to live is ended by the guard, and its handler learns of it', async () => {
    const { issuer, guard } = await startWorld();
    const { events, cancelled } = silent();
    const answer = await protect(guard, () => events)(post(await issuer.token(FILES, { claims: { exp: '+2' } })));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('mcp-session-id')).toBe('s-1');
    // Ends only because the guard ends it; without that the test runs into its time limit.
    expect(await answer.text()).toBe(EVENT);
    expect(await cancelled).toBe('the access token has expired');
  });

  it('that is over before its token ends as it is', async () => {
    const events = new Response(EVENT + EVENT, { headers: { 'content-type': 'text/event-stream' } });
    const answer = endAt(events, '2026-11-23T12:05:00Z', () => Date.parse('2026-11-23T12:00:00Z'));
    expect(await answer.text()).toBe(EVENT + EVENT);
  });

  it('begun only when the token has expired gives nothing more than what is there', async () => {
    const { events, cancelled } = silent();
    const answer = endAt(events, '2026-11-23T12:05:00Z', () => Date.parse('2026-11-23T12:06:00Z'));
    expect([EVENT, '']).toContain(await answer.text());
    await cancelled;
  });

  it('that its client leaves is left by the guard too', async () => {
    const { events, cancelled } = silent();
    const answer = endAt(events, '2026-11-23T12:05:00Z', () => Date.parse('2026-11-23T12:00:00Z'));
    await answer.body?.cancel('gone');
    expect(await cancelled).toBe('gone');
  });

  it('that breaks is broken for its client', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('lost')) });
    const events = new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    const answer = endAt(events, '2026-11-23T12:05:00Z', () => Date.parse('2026-11-23T12:00:00Z'));
    await expect(answer.text()).rejects.toThrow('lost');
  });
});

it('a plain answer is handed on as it is, however late', async () => {
  const plain = Response.json({ jsonrpc: '2.0', id: 1, result: {} });
  expect(endAt(plain, '2026-11-23T12:05:00Z', () => Date.parse('2026-11-23T13:00:00Z'))).toBe(plain);
});
