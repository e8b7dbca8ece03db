/** `POST /v1/issuance/decide`: who may ask, what is a question, and how it is answered, recorded and counted. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Decider } from '../../../src/decide/decider.ts';
import type { IssuanceDecision, IssuanceQuestion } from '../../../src/decision/issuance.ts';
import { problem } from '../../../src/http/native/answers.ts';
import { issuanceDecided, issuanceIndeterminate } from '../../../src/http/native/issuance-answers.ts';
import { createRecorder } from '../../../src/record/write.ts';
import { openDesk } from '../../decide/desk.ts';
import { FILES } from '../../property/world.ts';
import { caller, serve } from '../serve.ts';

const PATH = '/v1/issuance/decide';
const CORP = 'https://login.example.com';
const QUESTION = { issuer: CORP, grant: 'authorization_request', client_id: 'agent', resources: [FILES] };
const REFRESH = { ...QUESTION, grant: 'refresh_token', bound: { resources: [FILES], client_id: 'agent' } };

const realDecider = async (): Promise<Decider> => (await openDesk()).service;

const pointersOf = async (response: Response) =>
  problem.parse(await response.json()).problems.map(({ pointer }) => pointer);

describe('POST /v1/issuance/decide', () => {
  it('answers allow and deny with 200, and nothing on the way may keep it', async () => {
    const { post } = await serve({ decider: await realDecider() });
    const allowed = await post(QUESTION, {}, PATH);
    expect([allowed.status, allowed.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(issuanceDecided.parse(await allowed.json())).toMatchObject({
      decision: 'allow',
      server: 'files',
      issue: { aud: FILES, resource: FILES, scope: 'files:read', expires_in: 900, sender_constraint: 'none' },
    });
    const denied = await post({ ...QUESTION, resources: [] }, {}, PATH);
    expect([denied.status, denied.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(issuanceDecided.parse(await denied.json())).toMatchObject({
      decision: 'deny',
      server: null,
      error: 'invalid_target',
      reasons: [{ code: 'resource_missing' }],
    });
  });

  it('answers 503 when nobody knows', async () => {
    const unknown: IssuanceDecision = {
      decision: 'indeterminate',
      decision_id: '01932f3a-7c00-7000-8000-000000000000',
      server: null,
      reasons: [{ code: 'policy_unavailable', message: 'Retry.' }],
      revision: 'sha256:1',
    };
    const decider: Decider = { ...(await realDecider()), issue: () => Promise.resolve(unknown) };
    const { post } = await serve({ decider });
    const response = await post(QUESTION, {}, PATH);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(issuanceIndeterminate.parse(await response.json())).toEqual(unknown);
  });

  it('needs its own permission, and gives no other', async () => {
    const callers = { edge: caller('edge', '*', ['decide', 'explain']), login: caller('login', '*', ['issuance']) };
    const { post } = await serve({ decider: await realDecider(), callers });
    expect((await post(QUESTION, {}, PATH)).status).toBe(401);
    expect((await post(QUESTION, { 'x-audgate-key': 'edge' }, PATH)).status).toBe(403);
    expect((await post(QUESTION, { 'x-audgate-key': 'login' }, PATH)).status).toBe(200);
    expect((await post({ server: FILES }, { 'x-audgate-key': 'login' }, '/v1/decide')).status).toBe(403);
  });

  it.each<[string, object, readonly string[]]>([
    ['an empty one', {}, ['/issuer', '/grant', '/client_id']],
    ['an unknown grant', { ...QUESTION, grant: 'password' }, ['/grant']],
    [
      'unknown members',
      { ...QUESTION, resource: FILES, bound: { resources: [], aud: 'x' } },
      ['/resource', '/bound/aud', '/bound'],
    ],
    ['one resource that is no list', { ...QUESTION, resources: FILES }, ['/resources']],
    ['values that are no texts', { ...QUESTION, resources: [1], audiences: [null] }, ['/resources/0', '/audiences/0']],
    ['no lifetime', { ...QUESTION, lifetime_seconds: 0 }, ['/lifetime_seconds']],
    ['a negative one', { ...QUESTION, lifetime_seconds: -1 }, ['/lifetime_seconds']],
    ['half a second', { ...QUESTION, lifetime_seconds: 0.5 }, ['/lifetime_seconds']],
    ['a scope that is a list', { ...QUESTION, scope: ['files:read'] }, ['/scope']],
    ['no client', { ...QUESTION, client_id: '' }, ['/client_id']],
    ['a grant without what it was bound to', { ...REFRESH, bound: undefined }, ['/bound']],
    ['a first grant with it', { ...QUESTION, bound: { resources: [] } }, ['/bound']],
    ['a type for what is no exchange', { ...QUESTION, requested_token_type: 'x' }, ['/requested_token_type']],
    ['no resources in it', { ...REFRESH, bound: {} }, ['/bound/resources']],
    ['an end that is no time', { ...REFRESH, bound: { resources: [], expires_at: 'soon' } }, ['/bound/expires_at']],
  ])('refuses %s, with all problems', async (_, question, pointers) => {
    const { post } = await serve();
    const response = await post(question, {}, PATH);
    expect(response.status).toBe(400);
    expect((await pointersOf(response)).sort()).toEqual([...pointers].sort());
  });

  it.each([
    '{"issuer":"a","issuer":"b"}',
    `{"__proto__":{},${JSON.stringify(QUESTION).slice(1)}`,
    `${JSON.stringify({ ...QUESTION, lifetime_seconds: 7 }).replace('7', '1e400')}`,
    '[]',
    'null',
    '"x"',
  ])('refuses %s', async (body) => {
    const { post } = await serve();
    expect((await post(body, {}, PATH)).status).toBe(400);
  });
});

const recorded = z.object({
  path: z.literal('audgate/issuance'),
  requested_by: z.string(),
  req_id: z.string(),
  input: z.strictObject({
    now: z.int(),
    issuer: z.string(),
    grant: z.string(),
    client_id: z.string(),
    resources: z.array(z.string()),
    audiences: z.array(z.string()),
    scopes: z.array(z.string()),
    bound: z.strictObject({
      resources: z.array(z.string()),
      servers: z.array(z.string()),
      scopes: z.array(z.string()),
      client_id: z.string(),
    }),
    exchanges: z.array(z.unknown()),
    context: z.strictObject({ caller: z.string(), request_id: z.string() }),
  }),
  result: issuanceDecided,
  references: z.array(z.string()).optional(),
});

const hostile: IssuanceQuestion = {
  issuer: CORP,
  grant: 'refresh_token',
  client_id: `agent\n${'x'.repeat(1000)}`,
  resources: Array.from({ length: 40 }, (_, at) => `eyJhbGciOiJFUzI1NiJ9.${at}.secret`),
  scope: 'a\u202eb',
  bound: { resources: [FILES], scope: 'files:read', client_id: 'agent' },
  context: { request_id: 'r\n1' },
};

describe('a question about issuance', () => {
  it('is recorded once, cut, escaped and without what may be a token', async () => {
    const events: string[] = [];
    const sink = createRecorder({
      destination: new (await import('node:stream')).Writable({
        write(chunk, _, done) {
          events.push(String(chunk));
          done();
        },
      }),
      labels: {},
      arguments: false,
      onDropped: () => {},
    });
    const { service } = await openDesk({ recorder: sink });
    await service.issue(hostile, { name: 'login', servers: '*' });
    await sink.flush();
    const lines = events.join('').trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const entry = recorded.parse(JSON.parse(lines[0] ?? ''));
    expect(entry.input.resources).toHaveLength(16);
    expect(entry.input.client_id.length).toBeLessThanOrEqual(255);
    expect(entry.input.bound).toMatchObject({ servers: ['files'], scopes: ['files:read'] });
    expect(lines[0]).not.toMatch(/secret|\u202e/);
    expect(JSON.stringify(entry.result)).not.toContain('secret');
  });

  it('is not allowed when its record cannot be written', async () => {
    const refusing = {
      record: () => {},
      flush: () => Promise.resolve(),
      dropped: () => 0,
      accept: () => Promise.resolve(false),
    };
    const { service } = await openDesk({ recorder: refusing });
    const decision = await service.issue(
      { issuer: CORP, grant: 'authorization_request', client_id: 'agent', resources: [FILES] },
      { name: 'login', servers: '*' },
    );
    expect(decision).toMatchObject({ decision: 'indeterminate', reasons: [{ code: 'log_unavailable' }] });
  });

  it('is counted by grant, outcome and first reason', async () => {
    const { service, metrics } = await openDesk();
    await service.issue({ ...hostile, resources: [] }, { name: 'login', servers: '*' });
    const text = await metrics.render({ version: '1', revision: 'r', issuerKeys: {} });
    expect(text).toContain(
      'audgate_issuance_decisions_total{grant="refresh_token",decision="deny",reason="resource_missing"} 1',
    );
  });
});
