/** W3C Trace Context: the trace that a record belongs to is the caller's, when it names one. */
import { describe, expect, it } from 'vitest';
import { traceIdOf } from '../../../src/http/native/trace.ts';
import { FILES, serve } from '../serve.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const QUESTION = { server: FILES, call: { method: 'ping' } };

describe('the trace id', () => {
  it.each([
    ['sampled', `00-${TRACE}-${PARENT}-01`],
    ['not sampled', `00-${TRACE}-${PARENT}-00`],
  ])('of a traceparent that is %s is read', (_, traceparent) => {
    expect(traceIdOf({ traceparent })).toBe(TRACE);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['of another version', `01-${TRACE}-${PARENT}-01`],
    ['of the forbidden version', `ff-${TRACE}-${PARENT}-01`],
    ['all zero', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['of a parent that is all zero', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['too long', `00-${TRACE}0-${PARENT}-01`],
    ['followed by more', `00-${TRACE}-${PARENT}-01-x`],
    ['followed by a line break', `00-${TRACE}-${PARENT}-01\n`],
    ['surrounded by spaces', ` 00-${TRACE}-${PARENT}-01 `],
    ['without its parent', `00-${TRACE}`],
    ['sent twice', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ])('that is %s is none', (_, traceparent) => {
    expect(traceIdOf({ traceparent })).toBeUndefined();
  });
});

describe.each(['/v1/decide', '/v1/explain'])('POST %s', (path) => {
  it('hands the trace id over', async () => {
    const { post, asked } = await serve();
    await post(QUESTION, { traceparent: `00-${TRACE}-${PARENT}-01` }, path);
    expect(asked[0]?.ask.trace_id).toBe(TRACE);
  });

  it('hands over none that is ill-formed', async () => {
    const { post, asked } = await serve();
    expect((await post(QUESTION, { traceparent: TRACE }, path)).status).toBe(200);
    expect(asked[0]?.ask).not.toHaveProperty('trace_id');
  });

  it('takes none from the body', async () => {
    const { post, asked } = await serve();
    expect((await post({ ...QUESTION, trace_id: TRACE }, {}, path)).status).toBe(400);
    expect(asked).toEqual([]);
  });
});
