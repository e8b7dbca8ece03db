/** OPA's Data API at the edge: its shapes, as OPA 1.22 itself answers, and OPA's own client. */
import { OPAClient } from '@open-policy-agent/opa';
import { describe, expect, it } from 'vitest';
import { ALLOW, caller, DENY, FILES, INDETERMINATE, type Options, serve } from '../serve.ts';

const PATH = '/v1/data/audgate/decide';
const INPUT = { server: FILES, token: 'TOKEN', call: { method: 'tools/call', tool: 'read_file', arguments: {} } };
const WITHOUT_INPUT = { warning: { code: 'api_usage_warning', message: "'input' key missing from the request" } };

interface Body {
  readonly code?: string;
  readonly errors?: readonly object[];
  readonly result?: { readonly allow: boolean };
}

async function ask(body: unknown, options: Options = {}, headers = {}, path = PATH) {
  const served = await serve(options);
  const answer = await served.post(body, headers, path);
  return { answer, body: (await answer.json()) as Body, asked: served.asked };
}

describe('POST /v1/data/audgate/decide', () => {
  it.each([
    ['allow', ALLOW, true],
    ['deny', DENY, false],
    ['indeterminate', INDETERMINATE, false],
  ])('answers the whole decision as a result, and %s as a boolean beside it', async (_, decision, allow) => {
    const { answer, body } = await ask({ input: INPUT }, { decide: async () => decision });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ decision_id: decision.decision_id, result: { ...decision, allow } });
  });

  it('asks what /v1/decide asks, and says through which door', async () => {
    const { asked } = await ask({ input: INPUT, unknown: 1 });
    const native = await ask(INPUT, {}, {}, '/v1/decide');
    expect(asked[0]?.ask).toEqual({ ...native.asked[0]?.ask, door: 'audgate/data' });
  });

  it.each([
    ['an object without input', {}],
    ['input null', { input: null }],
    ['no body', ''],
  ])('%s is undefined, as OPA answers it: 200 without a result', async (_, body) => {
    const got = await ask(body);
    expect([got.answer.status, got.body, got.asked]).toEqual([200, WITHOUT_INPUT, []]);
  });

  it('takes OPA’s query parameters and lets them be', async () => {
    const { body } = await ask({ input: INPUT }, {}, {}, `${PATH}?pretty&metrics&explain=notes&provenance`);
    expect(body.result?.allow).toBe(false);
  });

  it.each([
    ['no JSON', '{', 400, 'invalid_parameter', 'the body'],
    ['a list', [], 400, 'invalid_parameter', 'the body must be an object'],
    ['a member twice', '{"input":{"server":"a","server":"b"}}', 400, 'invalid_parameter', '/input/server'],
    ['an input that is no question', { input: 1 }, 400, 'invalid_parameter', '/input must be an object'],
    [
      'an unknown member',
      { input: { ...INPUT, tokn: '' } },
      400,
      'invalid_parameter',
      '/input/tokn is an unknown member',
    ],
    ['two sources', { input: { ...INPUT, body: '' } }, 400, 'invalid_parameter', '/input holds call and body'],
  ])('%s is an error in OPA’s form', async (_, sent, status, code, message) => {
    const { answer, body, asked } = await ask(sent);
    expect([answer.status, body.code, asked]).toEqual([status, code, []]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(JSON.stringify(body.errors)).toContain(message);
  });

  it.each([
    ['another media type', { 'content-type': 'application/x-yaml' }, 400],
    ['an encoding', { 'content-encoding': 'gzip' }, 400],
  ])('%s is 400 in OPA’s form', async (_, headers, status) => {
    const { answer, body } = await ask({ input: INPUT }, {}, headers);
    expect([answer.status, body.code]).toEqual([status, 'invalid_parameter']);
  });

  it('a caller without key, permission or server is refused in OPA’s form', async () => {
    const callers = { edge: caller('k', ['billing'], ['decide']), eye: caller('e', '*', ['read']) };
    for (const [headers, status] of [
      [{}, 401],
      [{ 'x-audgate-key': 'k' }, 403],
      [{ 'x-audgate-key': 'e' }, 403],
    ] as const) {
      const { answer, body } = await ask({ input: INPUT }, { callers }, headers);
      expect([answer.status, body.code]).toEqual([status, 'unauthorized']);
    }
  });

  it('is not read with GET, and no other document is served', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}${PATH}`)).status).toBe(405);
    const other = await fetch(`${url}/v1/data/audgate/other`, { method: 'POST' });
    expect([other.status, await other.json()]).toMatchObject([404, { code: 'undefined_document' }]);
  });
});

describe('@open-policy-agent/opa', () => {
  const client = async (options: Options = {}, headers = {}) => {
    const served = await serve(options);
    return { asked: served.asked, opa: new OPAClient(served.url, { headers }) };
  };

  it('evaluates a question, with its key', async () => {
    const callers = { edge: caller('k', '*', ['decide']) };
    const { opa, asked } = await client({ callers, decide: async () => ALLOW }, { 'x-audgate-key': 'k' });
    expect(await opa.evaluate('audgate/decide', INPUT)).toEqual({ ...ALLOW, allow: true });
    expect(asked[0]?.caller.name).toBe('edge');
    const fromResult = (result: unknown) => (result as { allow: boolean }).allow;
    expect(await opa.evaluate('audgate/decide', INPUT, { fromResult })).toBe(true);
  });

  it('falls back from batches, which are not served, to one question after the other', async () => {
    const { opa, asked } = await client();
    const answers = await opa.evaluateBatch('audgate/decide', { a: INPUT, b: INPUT }, { fallback: true });
    expect(answers).toEqual({ a: { ...DENY, allow: false }, b: { ...DENY, allow: false } });
    expect(asked).toHaveLength(2);
  });

  it('rejects whatever is no answer', async () => {
    const callers = { edge: caller('k', ['billing'], ['decide']) };
    const { opa } = await client();
    const stranger = await client({ callers });
    const neighbour = await client({ callers }, { 'x-audgate-key': 'k' });
    const broken = await client({ decide: () => Promise.reject(new Error('broken')) });
    await expect(opa.evaluate('audgate/decide', { tokn: '' })).rejects.toMatchObject({ code: 'invalid_parameter' });
    await expect(opa.evaluate('audgate/other', INPUT)).rejects.toThrow();
    await expect(opa.evaluate('audgate/decide')).rejects.toThrow();
    await expect(opa.evaluateDefault(INPUT)).rejects.toThrow();
    await expect(opa.evaluateBatch('audgate/decide', { a: INPUT })).rejects.toThrow();
    await expect(stranger.opa.evaluate('audgate/decide', INPUT)).rejects.toThrow();
    await expect(neighbour.opa.evaluate('audgate/decide', INPUT)).rejects.toThrow();
    await expect(broken.opa.evaluate('audgate/decide', INPUT)).rejects.toMatchObject({ code: 'internal_error' });
  });
});
