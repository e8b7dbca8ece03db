import { describe, expect, it } from 'vitest';
import { explanation, problem } from '../../../src/http/native/answers.ts';
import { BILLING, caller, FILES, INDETERMINATE, serve } from '../serve.ts';

const QUESTION = { server: FILES, call: { method: 'ping' } };
const PATH = '/v1/explain';

describe('POST /v1/explain', () => {
  it('answers 200 even where it would be indeterminate', async () => {
    const { post } = await serve({ decide: () => Promise.resolve(INDETERMINATE) });
    const response = await post(QUESTION, {}, PATH);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(explanation.parse(await response.json()).would_decide).toEqual(INDETERMINATE);
  });

  it.each([
    ['2026-11-23T12:00:00Z', 1_795_435_200],
    ['2026-11-23T12:00:00.999Z', 1_795_435_200],
    ['2026-11-23T13:00:00+01:00', 1_795_435_200],
    ['0000-01-01T00:00:00Z', -62_167_219_200],
    ['9999-12-31T23:59:59Z', 253_402_300_799],
    ['9999-12-31T23:59:59+01:00', 253_402_297_199],
    [undefined, undefined],
  ])('decides for %s', async (at, seconds) => {
    const { post, asked } = await serve();
    const response = await post({ ...QUESTION, ...(at && { at }) }, {}, PATH);
    expect(response.status).toBe(200);
    expect(asked).toEqual([
      { ask: { server: FILES, source: { kind: 'call', method: 'ping' } }, caller: expect.anything(), at: seconds },
    ]);
  });

  it.each([
    // Years that four digits do not hold: 10000 and -1 in UTC.
    ...['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+00:01'],
    ...[1_795_435_200, '2026-11-23', 'now', '2026-02-30T00:00:00Z', '2026-11-23T12:00:00', null],
  ])('refuses %j as a time', async (at) => {
    const { post, asked } = await serve();
    const response = await post({ ...QUESTION, at }, {}, PATH);
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).problems.map(({ pointer }) => pointer)).toEqual(['/at']);
    expect(asked).toEqual([]);
  });

  it('checks the question as /v1/decide does', async () => {
    const { post } = await serve();
    const response = await post({ server: FILES, call: { method: 'tools/call' }, proof: [] }, {}, PATH);
    expect(problem.parse(await response.json()).problems.map(({ pointer }) => pointer)).toEqual([
      '/proof',
      '/call/tool',
    ]);
  });

  it('needs its own permission, and keeps to listed servers', async () => {
    const callers = {
      edge: caller('edge', ['files'], ['decide']),
      desk: caller('desk', ['files'], ['explain']),
    };
    const { post, asked } = await serve({ callers });
    expect((await post(QUESTION, { 'x-audgate-key': 'edge' }, PATH)).status).toBe(403);
    expect((await post({ server: BILLING }, { 'x-audgate-key': 'desk' }, PATH)).status).toBe(403);
    expect(asked).toEqual([]);
    expect((await post(QUESTION, { 'x-audgate-key': 'desk' }, PATH)).status).toBe(200);
  });
});
