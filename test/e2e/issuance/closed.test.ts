/** Whatever audgate does not say, says too late or says oddly: no grant yields a token, and the client is told by OAuth's words. */
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { createClient, type IssuanceDecision, type IssuanceQuestion, type Issue } from '../../../src/client/create.ts';
import { answering, json, nobody } from '../../client/answering.ts';
import { listen, startAuthorizationServer } from './authorization-server.ts';
import { type Outcome, requestsTo } from './client.ts';

const FILES = 'https://mcp.example.com/files';
const BILLING = 'https://mcp.example.com/billing';
const WHOLE = { decision_id: '019ab000-0000-7000-8000-000000000000', server: 'files', revision: 'sha256:0' };
const ISSUE: Issue = { aud: FILES, resource: FILES, scope: 'mcp:read', expires_in: 120, sender_constraint: 'none' };
const allow = (issue: Partial<Issue> = {}): IssuanceDecision => ({
  ...{ ...WHOLE, decision: 'allow', reasons: [], issue: { ...ISSUE, ...issue } },
});
const reason = (code: 'policy_unavailable' | 'resource_changed') => ({ code, message: 'x' });
const deny = (error: 'invalid_target' | 'invalid_scope'): IssuanceDecision => ({
  ...{ ...WHOLE, decision: 'deny', reasons: [reason('resource_changed')], error, error_description: 'as audgate says' },
});

/** A login whose audgate answers as the test says at that time. */
async function world() {
  const place = await listen();
  const asked: IssuanceQuestion[] = [];
  const now: { answer: (question: IssuanceQuestion) => ReturnType<ReturnType<typeof createClient>['issuance']> } = {
    answer: async () => allow(),
  };
  const issuance = (question: IssuanceQuestion) => {
    asked.push(question);
    return now.answer(question);
  };
  const login = await startAuthorizationServer(place, { audgate: { issuance } }, [
    // Believes itself, which is all that these tests need of an identity provider.
    { issuer: place.issuer, keys: async (...token) => login.keys(...token) },
  ]);
  const requests = requestsTo(login.issuer);
  const good = { resource: FILES, scope: 'mcp:read' };
  const code = () => requests.authorize('app', good);
  const refreshToken = async () => {
    now.answer = async () => allow();
    const { refresh_token } = await requests.exchangeCode('app', await code(), { resource: FILES });
    return refresh_token;
  };
  const prepared = {
    authorization_request: async () => () => code(),
    pushed_authorization_request: async () => () => requests.push('app', good),
    authorization_code: async () => {
      const authorized = await code();
      return () => requests.exchangeCode('app', authorized, { resource: FILES });
    },
    refresh_token: async () => {
      const refresh_token = await refreshToken();
      return () => requests.token('app', { grant_type: 'refresh_token', refresh_token, resource: FILES });
    },
    client_credentials: async () => () => requests.token('app', { grant_type: 'client_credentials', ...good }),
    token_exchange: async () => {
      const subject_token = await login.accessToken({ aud: BILLING, client_id: 'app', scope: 'mcp:read' });
      return () =>
        requests.token('app', {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          ...{ subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', ...good },
        });
    },
    jwt_bearer: async () => {
      const assertion = await login.idJag({ aud: login.issuer, resource: FILES, client_id: 'app', scope: 'mcp:read' });
      return () =>
        requests.token('app', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, ...good });
    },
  } satisfies Record<string, () => Promise<() => Promise<Outcome>>>;
  return { login, requests, now, asked, prepared, refreshToken };
}

const isNothing = ({ access_token, code }: Outcome) => access_token === undefined && code === undefined;

test('every grant fails closed: nobody there, an outage, no answer in time, an odd answer, a mistake in the key', async () => {
  const { now, prepared } = await world();
  const servers = {
    'nobody there': [await nobody(), 'temporarily_unavailable'],
    'an outage': [(await answering(json(500, ''))).url, 'temporarily_unavailable'],
    indeterminate: [
      (await answering(json(503, { ...WHOLE, decision: 'indeterminate', reasons: [reason('policy_unavailable')] })))
        .url,
      'temporarily_unavailable',
    ],
    'no answer': [(await answering(() => {})).url, 'temporarily_unavailable'],
    'an allow for nothing': [(await answering(json(200, { ...allow(), issue: {} }))).url, 'temporarily_unavailable'],
    'an allow for another audience': [
      (await answering(json(200, allow({ aud: BILLING })))).url,
      'temporarily_unavailable',
    ],
    'a key that audgate does not know': [
      (await answering(json(401, { type: 'urn:audgate:problem:unauthenticated', detail: 'x' }))).url,
      'server_error',
    ],
    'a question that is none': [
      (await answering(json(400, { type: 'urn:audgate:problem:invalid_request', detail: 'x' }))).url,
      'invalid_request',
    ],
  } as const;
  for (const [grant, prepare] of Object.entries(prepared)) {
    for (const [what, [url, error]] of Object.entries(servers)) {
      now.answer = async () => allow();
      const request = await prepare();
      // Short, because of the one that never answers; all others answer before.
      const client = createClient({ url, timeout_ms: what === 'no answer' ? 20 : 30_000 });
      now.answer = (question) => client.issuance(question);
      const outcome = await request();
      expect([grant, what, outcome.error, isNothing(outcome)]).toEqual([grant, what, error, true]);
      const status = { temporarily_unavailable: 503, server_error: 500, invalid_request: 400 }[error];
      if (grant !== 'authorization_request') expect([grant, what, outcome.status]).toEqual([grant, what, status]);
    }
  }
});

test('every grant issues exactly what is stated, whatever was asked for', async () => {
  const { login, now, prepared } = await world();
  const issue = { scope: 'mcp:read', expires_in: 77 };
  for (const [grant, prepare] of Object.entries(prepared)) {
    now.answer = async () => allow();
    const request = await prepare();
    now.answer = async () => allow(issue);
    const outcome = await request();
    if (grant.endsWith('request')) continue;
    expect(outcome).toMatchObject({ status: 200, expires_in: 77, scope: 'mcp:read' });
    const { aud, scope, iat = 0, exp = 0, iss } = decodeJwt(outcome.access_token ?? '');
    expect([grant, { aud, scope, lives: exp - iat, iss }]).toEqual([
      grant,
      { aud: FILES, scope: 'mcp:read', lives: 77, iss: login.issuer },
    ]);
  }
});

test('a scope that the answer leaves out is left out, and without any the token has none', async () => {
  const { now, prepared } = await world();
  for (const [grant, prepare] of Object.entries(prepared)) {
    now.answer = async () => allow();
    const request = await prepare();
    now.answer = async () => allow({ scope: '' });
    const outcome = await request();
    if (grant.endsWith('request')) continue;
    expect([grant, outcome.status, decodeJwt(outcome.access_token ?? '').scope]).toEqual([grant, 200, undefined]);
  }
});

test('a refusal in the answer is the client’s error, in its constant words', async () => {
  const { now, prepared } = await world();
  for (const error of ['invalid_target', 'invalid_scope'] as const) {
    for (const [grant, prepare] of Object.entries(prepared)) {
      now.answer = async () => allow();
      const request = await prepare();
      now.answer = async () => deny(error);
      expect([grant, await request()]).toMatchObject([grant, { error, error_description: 'as audgate says' }]);
    }
  }
});

test('an outage uses up neither a refresh token nor an assertion, and a refusal neither', async () => {
  const { now, prepared } = await world();
  const { url } = await answering(json(500, ''));
  const down = createClient({ url, timeout_ms: 30_000 });
  for (const grant of ['refresh_token', 'jwt_bearer'] as const) {
    const request = await prepared[grant]();
    now.answer = (question) => down.issuance(question);
    expect(await request()).toMatchObject({ error: 'temporarily_unavailable' });
    now.answer = async () => deny('invalid_target');
    expect(await request()).toMatchObject({ error: 'invalid_target' });
    now.answer = async () => allow();
    expect(await request()).toMatchObject({ status: 200 });
    // But it is used once.
    expect(await request()).toMatchObject({ error: 'invalid_grant' });
  }
});

test('audgate is told what the grant was bound to', async () => {
  const { login, asked, prepared } = await world();
  const told = async (grant: keyof typeof prepared) => {
    const request = await prepared[grant]();
    asked.length = 0;
    expect((await request()).status).toBeLessThan(400);
    return asked;
  };
  const all = { issuer: login.issuer, client_id: 'app', resources: [FILES] };
  const bound = { resources: [FILES], scope: 'mcp:read', client_id: 'app' };
  const first = { ...all, grant: 'authorization_request', scope: 'mcp:read' };
  // Again after the user has agreed: the registry may be another by then.
  expect(await told('authorization_request')).toEqual([first, first]);
  expect(await told('pushed_authorization_request')).toEqual([first]);
  expect(await told('client_credentials')).toEqual([{ ...first, grant: 'client_credentials' }]);
  expect(await told('authorization_code')).toEqual([{ ...all, grant: 'authorization_code', bound }]);
  expect(await told('refresh_token')).toEqual([{ ...all, grant: 'refresh_token', bound }]);
  const ends = { ...bound, expires_at: expect.any(Number) };
  const exchanged = { ...all, grant: 'urn:ietf:params:oauth:grant-type:token-exchange', scope: 'mcp:read' };
  expect(await told('token_exchange')).toEqual([{ ...exchanged, bound: { ...ends, resources: [BILLING] } }]);
  const bearer = { ...exchanged, grant: 'urn:ietf:params:oauth:grant-type:jwt-bearer' };
  expect(await told('jwt_bearer')).toEqual([{ ...bearer, bound: ends }]);
});
