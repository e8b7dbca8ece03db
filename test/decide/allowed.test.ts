/** What a token opens at a server, asked at once: the stages of a decision, and one record. */
import { describe, expect, it } from 'vitest';
import type { AllowedAsk } from '../../src/decide/allowed.ts';
import type { Caller } from '../../src/decide/ask.ts';
import { FILES, NOW } from '../property/world.ts';
import { BILLING, type Desk, EDGE, EVERYONE, openDesk } from './desk.ts';

const OPEN = [
  ...['initialize', 'ping', 'server/discover', 'logging/setLevel'],
  ...['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'],
  'subscriptions/listen',
];
const NOTHING = { tools: [], unlisted_tools: false, prompts: [], resources: [], methods: [], custom: 'none' };

const ask = ({ service }: Desk, question: Partial<AllowedAsk>, caller: Caller = EVERYONE) =>
  service.allowed({ server: FILES, ...question }, caller);

describe('a right token', () => {
  it('opens what its scopes open, and is answered like an allow', async () => {
    const desk = await openDesk();
    const answer = await ask(desk, { token: await desk.token() });
    expect(answer).toEqual({
      decision: 'allow',
      decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      server: 'files',
      reasons: [],
      principal: expect.objectContaining({ subject: 'user-1', scopes: ['files:read'] }),
      valid_until: '2026-11-23T12:05:00Z',
      advice: {},
      revision: desk.service.current().revision,
      tools: ['read_file'],
      unlisted_tools: false,
      prompts: ['greet'],
      resources: ['file:///docs/*'],
      methods: OPEN,
      custom: 'none',
    });
  });

  it('without scope opens what needs none, which is still an allow', async () => {
    const desk = await openDesk();
    const answer = await ask(desk, { token: await desk.token({ claims: { scope: '' } }) });
    expect(answer).toMatchObject({ decision: 'allow', tools: [], prompts: ['greet'], methods: OPEN });
  });

  it('opens what its user was authenticated well enough for', async () => {
    const authentication = { acr_values: ['mfa'], max_age_seconds: 300 };
    const tools = { read_file: { scopes: ['files:read'] }, pay: { authentication } };
    const desk = await openDesk({ files: { tools, methods: { ping: { authentication } } } });
    const weak = await ask(desk, { token: await desk.token({ claims: { acr: 'pwd', auth_time: NOW } }) });
    expect(weak).toMatchObject({ decision: 'allow', tools: ['read_file'] });
    expect(weak.methods).not.toContain('ping');
    const strong = await ask(desk, { token: await desk.token({ claims: { acr: 'mfa', auth_time: NOW - 300 } }) });
    expect(strong).toMatchObject({ decision: 'allow', tools: ['read_file', 'pay'] });
    expect(strong.methods).toContain('ping');
  });

  it('of which it holds details that the server does not know opens nothing', async () => {
    const desk = await openDesk();
    const claims = { authorization_details: [{ type: 'payment' }] };
    const answer = await ask(desk, { token: await desk.token({ claims }) });
    expect(answer).toMatchObject({
      decision: 'deny',
      reasons: [{ code: 'authorization_details_unknown' }],
      ...NOTHING,
    });
  });

  it('is recorded once, as a question of its own', async () => {
    const desk = await openDesk();
    await ask(desk, { token: await desk.token(), context: { request_id: 'r-1' } });
    expect(desk.events).toMatchObject([
      { path: 'audgate/allowed', caller: 'local', request_id: 'r-1', asked: { method: 'audgate/allowed' } },
    ]);
  });
});

it('is counted by its own door', async () => {
  const { service, metrics, token } = await openDesk();
  await service.allowed({ server: FILES, token: await token() }, EVERYONE);
  const text = await metrics.render({ version: '', revision: '', issuerKeys: {} });
  expect(text).toContain('audgate_door_decisions_total{door="audgate/allowed",decision="allow"} 1');
});

describe('a token that is refused opens nothing', () => {
  it.each([
    ['for another server', { claims: { aud: BILLING } }, 'audience_mismatch', 401],
    ['that has expired', { claims: { iat: 1, exp: 2 } }, 'token_expired', 401],
    ['that nobody signed', { sign: 'broken' as const }, 'signature_invalid', 401],
  ])('%s', async (_, spec, code, status) => {
    const desk = await openDesk();
    const answer = await ask(desk, { token: await desk.token(spec) });
    expect(answer).toMatchObject({ decision: 'deny', reasons: [{ code }], challenge: { status }, ...NOTHING });
    expect(desk.events).toHaveLength(1);
  });

  it.each([
    ['no token', { token: null }, 'token_missing'],
    ['another scheme', { token: 'x', scheme: 'Basic' }, 'scheme_unsupported'],
    ['two credentials', { ambiguous: 'carries two' }, 'credential_ambiguous'],
    ['another subject than its own', { subject: 'user-2' }, 'claims_invalid'],
    ['no registered server', { server: 'https://nobody.example' }, 'server_unknown'],
  ])('%s', async (_, question, code) => {
    const desk = await openDesk();
    const answer = await ask(desk, { token: await desk.token(), ...question });
    expect(answer).toMatchObject({ decision: 'deny', reasons: [{ code }], ...NOTHING });
  });

  it('and its reasons name no neighbour to a caller that may not see it', async () => {
    const desk = await openDesk();
    const answer = await ask(desk, { token: await desk.token({ claims: { aud: BILLING } }) }, EDGE);
    expect(answer.reasons[0]?.message).not.toContain('"billing"');
  });
});

describe('a token that is good only by a waiver', () => {
  it('opens only what the waiver names, until the waiver ends', async () => {
    const desk = await openDesk();
    const token = await desk.token({ claims: { aud: 'api://default', client_id: 'desktop' } });
    expect(await ask(desk, { token })).toMatchObject({
      ...NOTHING,
      decision: 'allow',
      tools: ['read_file'],
      valid_until: '2026-11-23T12:01:27Z',
      advice: { waivers: [{ what: 'audience', owner: 'team-files', until: '2026-11-23T12:01:27.9Z' }] },
    });
  });

  it('that has ended opens nothing', async () => {
    const desk = await openDesk();
    const token = await desk.token({ claims: { aud: 'api://default', client_id: 'late' } });
    expect(await ask(desk, { token })).toMatchObject({ decision: 'deny', ...NOTHING });
  });
});

describe('without keys', () => {
  it('nobody knows what a token opens', async () => {
    const desk = await openDesk({ keyless: true });
    const answer = await ask(desk, { token: await desk.token() });
    expect(answer).toMatchObject({ decision: 'indeterminate', reasons: [{ code: 'keys_unavailable' }], ...NOTHING });
  });

  it('a token for another server opens nothing all the same, and that is certain', async () => {
    const desk = await openDesk({ keyless: true });
    const answer = await ask(desk, { token: await desk.token({ claims: { aud: BILLING } }) });
    expect(answer).toMatchObject({
      decision: 'deny',
      reasons: [{ code: 'audience_mismatch', verified: false }],
      ...NOTHING,
    });
  });
});
