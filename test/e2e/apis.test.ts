/** The standard APIs and the client, asked of the real program: one decision, the same everywhere. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OPAClient } from '@open-policy-agent/opa';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/create.ts';
import type { Decision } from '../../src/decision/decision.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start } from './start.ts';

const SERVERS = { files: FILES, billing: BILLING };

/** But for what differs each time. */
const essence = ({ decision_id: _id, ...rest }: Decision) => rest;

interface Evaluated {
  readonly decision: boolean;
  readonly context: Omit<Decision, 'decision'> & { readonly outcome: string };
}

async function world() {
  const issuer = await startIssuer();
  const audgate = await start({ registry: registryOf(issuer, SERVERS) });
  const evaluate = async (body: object, path = 'evaluation') =>
    (await (await audgate.post(`/access/v1/${path}`, body)).json()) as Evaluated & { evaluations: Evaluated[] };
  return { issuer, audgate, evaluate };
}

const question = (token: string, server = FILES) => ({
  subject: { type: 'access_token', id: token },
  action: { name: 'tools/call', properties: { arguments: {} } },
  resource: { type: 'tool', id: 'read_file', properties: { server } },
});

test('every door says the same of the same token and call', async () => {
  const { issuer, audgate, evaluate } = await world();
  const opa = new OPAClient(audgate.url);
  const client = createClient({ url: audgate.url, timeout_ms: 5000 });
  const tokens = {
    right: await issuer.token(FILES),
    neighbour: await issuer.token(BILLING),
    scopeless: await issuer.token(FILES, { claims: { scope: '' } }),
    expired: await issuer.token(FILES, { claims: { iat: 1, exp: 2 } }),
    garbage: 'not.a.token',
  };
  for (const [name, token] of Object.entries(tokens)) {
    const native = essence(await audgate.decide(readFile(FILES, token)));
    expect([name, native.decision]).toEqual([name, name === 'right' ? 'allow' : 'deny']);
    const answered = await client.decide(readFile(FILES, token));
    if ('problem' in answered) throw new Error(answered.problem.message);
    expect(essence(answered)).toEqual(native);

    const { allow, ...result } = await opa.evaluate<object, Decision & { allow: boolean }>(
      'audgate/decide',
      readFile(FILES, token),
    );
    expect(allow).toBe(native.decision === 'allow');
    expect(essence(result)).toEqual(native);

    const { decision, context } = await evaluate(question(token));
    const { outcome, decision_id: _, ...rest } = context;
    expect(decision).toBe(native.decision === 'allow');
    expect({ decision: outcome, ...rest }).toEqual(native);
  }
});

test('each evaluation of a list is decided and recorded on its own, with the request’s identifier', async () => {
  const { issuer, audgate } = await world();
  const token = await issuer.token(FILES);
  const tools = ['read_file', 'write_file'].map((id) => ({ resource: { ...question(token).resource, id } }));
  const body = { ...question(token), evaluations: [...tools, { resource: question(token, BILLING).resource }] };
  const answer = await audgate.post('/access/v1/evaluations', body, { 'x-request-id': 'request-7' });
  expect(answer.headers.get('x-request-id')).toBe('request-7');
  const { evaluations } = (await answer.json()) as { evaluations: Evaluated[] };
  expect(
    evaluations.map(({ decision, context }) => [decision, context.server, context.reasons.map(({ code }) => code)]),
  ).toEqual([
    [true, 'files', []],
    [false, 'files', ['tool_unknown']],
    [false, 'billing', ['audience_mismatch']],
  ]);
  const { stdout } = await audgate.stop();
  const records = stdout
    .split('\n')
    .filter((line) => line.includes('decision_id'))
    .map((line) => JSON.parse(line));
  expect(records.map(({ decision_id }) => decision_id)).toEqual(evaluations.map(({ context }) => context.decision_id));
  expect(records).toMatchObject(Array(3).fill({ path: 'audgate/authzen', req_id: 'request-7' }));
  expect(stdout).not.toContain(token);
});

test('a subject beside its token must be the token’s own, and a type that is not MCP’s opens nothing', async () => {
  const { issuer, evaluate } = await world();
  const access_token = await issuer.token(FILES);
  const { action, resource } = question(access_token);
  const as = (id: string) =>
    evaluate({ subject: { type: 'user', id, properties: { access_token } }, action, resource });
  expect((await as('user-1')).decision).toBe(true);
  expect(await as('user-2')).toMatchObject({ decision: false, context: { reasons: [{ code: 'claims_invalid' }] } });
  const token = question(access_token);
  const odd = [
    [{ ...token, subject: { type: 'user', id: 'user-1' } }, 'token_missing'],
    [{ ...token, subject: { ...token.subject, properties: { access_token } } }, 'credential_ambiguous'],
    [{ ...token, action: { name: 'read' } }, 'method_unknown'],
    [{ ...token, action: { name: 'prompts/get' } }, 'call_malformed'],
    [{ ...token, resource: { ...resource, type: 'record' } }, 'call_malformed'],
    [{ ...token, resource: { type: 'tool', id: 'read_file' } }, 'server_unknown'],
    [{ ...token, resource: { type: 'mcp_server', id: FILES } }, 'call_malformed'],
    [{ ...token, resource: { type: 'mcp_server', id: 'files' }, action: { name: 'ping' } }, 'server_unknown'],
  ] as const;
  for (const [body, code] of odd) {
    const answer = await evaluate(body);
    expect([code, answer.decision, answer.context.reasons[0]?.code]).toEqual([code, false, code]);
    expect(JSON.stringify(answer)).not.toContain(access_token);
  }
  expect(
    await evaluate({ ...token, resource: { type: 'mcp_server', id: FILES }, action: { name: 'ping' } }),
  ).toMatchObject({ decision: true });
});

test('without keys nobody knows: false at AuthZEN and OPA with status 200, indeterminate for the client', async () => {
  const { issuer, audgate, evaluate } = await world();
  await issuer.down();
  const token = await issuer.token(FILES);
  expect(await evaluate(question(token))).toMatchObject({
    decision: false,
    context: { outcome: 'indeterminate', reasons: [{ code: 'keys_unavailable' }] },
  });
  const data = await audgate.post('/v1/data/audgate/decide', { input: readFile(FILES, token) });
  expect([data.status, await data.json()]).toMatchObject([
    200,
    { result: { allow: false, decision: 'indeterminate' } },
  ]);
  const client = createClient({ url: audgate.url, timeout_ms: 5000 });
  expect(await client.decide(readFile(FILES, token))).toMatchObject({
    decision: 'indeterminate',
    reasons: [{ code: 'keys_unavailable' }],
  });
  expect(await client.allowed({ server: FILES, token })).toMatchObject({
    decision: 'indeterminate',
    tools: [],
    methods: [],
  });
});

test('a list filters what its token opens, through the client, and is recorded as one question', async () => {
  const { issuer, audgate } = await world();
  const client = createClient({ url: audgate.url, timeout_ms: 5000 });
  const right = await client.allowed({ server: FILES, token: await issuer.token(FILES) });
  expect(right).toMatchObject({ decision: 'allow', tools: ['read_file'], unlisted_tools: false, custom: 'none' });
  const neighbour = await client.allowed({ server: FILES, token: await issuer.token(BILLING) });
  expect(neighbour).toMatchObject({
    decision: 'deny',
    tools: [],
    methods: [],
    reasons: [{ code: 'audience_mismatch' }],
  });
  const { stdout } = await audgate.stop();
  expect(stdout.match(/"path":"audgate\/allowed"/g)).toHaveLength(2);
});

test('the client explains, knows its caller’s place, and asks over a socket', async () => {
  const issuer = await startIssuer();
  const socket = join(await scratch(), 'audgate.sock');
  const key_sha256 = [createHash('sha256').update('k').digest('hex')];
  const callers = { edge: { key_sha256, servers: ['files'], may: ['decide', 'explain'] } };
  await start({ registry: registryOf(issuer, SERVERS), config: { listen: `unix:${socket}`, callers } });
  const token = await issuer.token(FILES);
  const ask = (parts: object) => createClient({ url: `unix:${socket}`, timeout_ms: 5000, ...parts });
  expect(await ask({ key: 'k' }).decide(readFile(FILES, token))).toMatchObject({ decision: 'allow' });
  const explanation = await ask({ key: 'k' }).explain({ ...readFile(FILES, token), at: '2020-01-01T00:00:00Z' });
  expect(explanation).toMatchObject({
    would_decide: { decision: 'deny', reasons: [{ code: 'token_not_yet_valid' }, {}] },
  });
  expect(await ask({ key: 'k' }).decide(readFile(BILLING, token))).toMatchObject({
    decision: 'indeterminate',
    problem: { kind: 'caller', status: 403 },
  });
  expect(await ask({}).decide(readFile(FILES, token))).toMatchObject({ problem: { kind: 'caller', status: 401 } });
});

test('AuthZEN’s metadata names the configured URL', async () => {
  const issuer = await startIssuer();
  const audgate = await start({
    registry: registryOf(issuer, SERVERS),
    config: { public_url: 'https://pdp.example.com' },
  });
  expect(await (await audgate.get('/.well-known/authzen-configuration')).json()).toMatchObject({
    policy_decision_point: 'https://pdp.example.com',
  });
});
