import { describe, expect, it } from 'vitest';
import { problem } from '../../src/http/native/answers.ts';
import { FILES, serve } from './serve.ts';

const QUESTION = { server: FILES, call: { method: 'ping' } };

describe('POST /v1/decide takes', () => {
  it.each([
    ['application/json', 200],
    ['Application/JSON; charset=utf-8', 200],
    ['application/json;charset="UTF-8"', 200],
    ['application/json; profile=x', 200],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=utf-8; charset=latin1', 415],
    ['application/json, text/plain', 415],
    ['application/jsonp', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/problem+json', 415],
    ['application/json ; ;a=b ; c="d;e" ;', 200],
    ['application/json;a', 415],
    ['application/json a=b', 415],
    [`application/json;a=${'x'.repeat(237)}`, 200],
    [`application/json;a=${'x'.repeat(238)}`, 415],
    // What a pattern that can read a space in two ways would take ages for.
    [`application/json${';  '.repeat(75)}!`, 415],
    [`application/json;${' '.repeat(15_000)}!`, 415],
  ])('Content-Type %s: %i', async (type, status) => {
    const { post } = await serve();
    expect((await post(QUESTION, { 'content-type': type })).status).toBe(status);
  });

  it.each(['gzip', 'identity', 'br'])('no Content-Encoding %s', async (encoding) => {
    const { post, asked } = await serve();
    const response = await post(QUESTION, { 'content-encoding': encoding });
    expect(response.status).toBe(415);
    expect(problem.parse(await response.json()).type).toBe('urn:audgate:problem:media_type_unsupported');
    expect(asked).toEqual([]);
  });
});
