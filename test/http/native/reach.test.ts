/** `POST /v1/reach` at the edge. */
import { expect, it } from 'vitest';
import { reach } from '../../../src/http/native/reach-answer.ts';
import { EVERYONE, openDesk } from '../../decide/desk.ts';
import { caller, serve } from '../serve.ts';

const PATH = '/v1/reach';

it('answers for a time, and keeps nobody on the way from asking again', async () => {
  const { post } = await serve();
  const answer = await post({ token: 'a.b.c', at: '2026-11-23T12:00:00.9Z' }, {}, PATH);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(await answer.json()).toMatchObject({ at: '2026-11-23T12:00:00.000Z' });
});

it.each([
  ['neither token nor claims', {}, ''],
  ['both', { token: 'x', claims: {} }, ''],
  ['an empty token', { token: '' }, '/token'],
  ['a token that is no text', { token: null }, '/token'],
  ['claims that are no object', { claims: [] }, '/claims'],
  ['a server', { token: 'x', server: 'files' }, '/server'],
  ['a call', { token: 'x', call: { method: 'ping' } }, '/call'],
  ['a proof', { token: 'x', proof: {} }, '/proof'],
  ['no time', { token: 'x', at: 'soon' }, '/at'],
])('refuses %s', async (_, body, pointer) => {
  const { post } = await serve();
  const answer = await post(body, {}, PATH);
  const { problems } = (await answer.json()) as { problems: { pointer: string }[] };
  expect([answer.status, problems.map((one) => one.pointer)]).toEqual([400, [pointer]]);
});

it('is for callers that may explain', async () => {
  const callers = { edge: caller('k', '*', ['decide', 'read']), team: caller('l', '*', ['explain']) };
  const { post } = await serve({ callers });
  const status = async (key: string) => (await post({ token: 'x' }, { 'x-audgate-key': key }, PATH)).status;
  expect([await status('k'), await status('l')]).toEqual([403, 200]);
});

it('answers as its schema says', async () => {
  const desk = await openDesk({ files: { tools: { pay: { authentication: { acr_values: ['mfa'] } } } } });
  const { post } = await serve({ decider: desk.service });
  for (const claims of [{}, { cnf: { jkt: 'x'.repeat(43) } }, { aud: 'api://default', client_id: 'desktop' }]) {
    const answer = await post({ token: await desk.token({ claims }) }, {}, PATH);
    const told = reach.safeParse(await answer.json());
    expect(told.error).toBeUndefined();
    expect(told.data?.asked).toBe([...desk.service.current().registry.servers].length);
  }
  expect(reach.safeParse(await desk.service.reach({ token: 'x' }, undefined, EVERYONE)).error).toBeUndefined();
});
