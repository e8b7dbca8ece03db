/** Issuance through the client: what is issued is made of the answer, so anything but a whole one is no allow. */
import { describe, expect, it } from 'vitest';
import { createClient, type IssuanceDecision, type IssuanceQuestion } from '../../src/client/create.ts';
import { answering, json, nobody } from './answering.ts';

const FILES = 'https://files.example.com/mcp';
const QUESTION: IssuanceQuestion = {
  issuer: 'https://login.example.com',
  grant: 'client_credentials',
  client_id: 'agent',
  resources: [FILES],
};
const WHOLE = { decision_id: '019ab000-0000-7000-8000-000000000000', server: 'files', revision: 'sha256:0' };
const ISSUE = { aud: FILES, resource: FILES, scope: 'files:read', expires_in: 300, sender_constraint: 'none' } as const;
const ALLOW: IssuanceDecision = { ...WHOLE, decision: 'allow', reasons: [], issue: ISSUE };
const REASON = { code: 'resource_missing', message: 'x' } as const;
const DENY = {
  ...WHOLE,
  server: null,
  decision: 'deny',
  reasons: [REASON],
  error: 'invalid_target',
  error_description: 'no resource',
};
const UNKNOWN = { ...WHOLE, decision: 'indeterminate', reasons: [{ ...REASON, code: 'policy_unavailable' }] };

const ask = async (status: number, answer: unknown, question = QUESTION) => {
  const { url, requests } = await answering(json(status, answer));
  const got = await createClient({ url, key: 'a-key', timeout_ms: 30_000 }).issuance(question);
  expect(requests).toMatchObject([
    { method: 'POST', url: '/v1/issuance/decide', headers: { 'x-audgate-key': 'a-key' } },
  ]);
  return got;
};

it.each([
  ['allow', 200, ALLOW],
  ['deny', 200, DENY],
  ['indeterminate', 503, UNKNOWN],
])('%s comes as it is', async (_, status, decision) => {
  expect(await ask(status, decision)).toEqual(decision);
});

describe('no decision', () => {
  it.each([
    ['an allow without what to issue', 200, { ...ALLOW, issue: undefined }],
    ['an allow without audience', 200, { ...ALLOW, issue: { ...ISSUE, aud: '' } }],
    ['an allow for several audiences', 200, { ...ALLOW, issue: { ...ISSUE, aud: [FILES] } }],
    [
      'an allow for another audience than its resource',
      200,
      { ...ALLOW, issue: { ...ISSUE, aud: 'https://x.example' } },
    ],
    ['an allow without scope', 200, { ...ALLOW, issue: { ...ISSUE, scope: undefined } }],
    ['an allow whose scopes are a list', 200, { ...ALLOW, issue: { ...ISSUE, scope: ['a'] } }],
    ['an allow without end', 200, { ...ALLOW, issue: { ...ISSUE, expires_in: undefined } }],
    ['an allow for no time at all', 200, { ...ALLOW, issue: { ...ISSUE, expires_in: 0 } }],
    ['an allow for a part of a second', 200, { ...ALLOW, issue: { ...ISSUE, expires_in: 0.5 } }],
    ['an allow for a text of seconds', 200, { ...ALLOW, issue: { ...ISSUE, expires_in: '300' } }],
    ['an allow with another binding', 200, { ...ALLOW, issue: { ...ISSUE, sender_constraint: 'maybe' } }],
    ['an allow without server', 200, { ...ALLOW, server: null }],
    ['an allow with reasons', 200, { ...ALLOW, reasons: [REASON] }],
    ['an allow with an error', 200, { ...ALLOW, error: 'invalid_target' }],
    ['a deny with what to issue', 200, { ...DENY, issue: ISSUE }],
    ['a deny without reasons', 200, { ...DENY, reasons: [] }],
    ['a deny with an error of its own', 200, { ...DENY, error: 'server_error' }],
    ['a deny without words', 200, { ...DENY, error_description: undefined }],
    ['an allow as an outage', 503, ALLOW],
    ['an outage as an answer', 200, UNKNOWN],
    ['a decision about a call', 200, { ...WHOLE, decision: 'allow', reasons: [], principal: {}, advice: {} }],
    ['a problem', 403, { type: 'urn:audgate:problem:forbidden', detail: 'x' }],
    ['nothing', 200, ''],
  ])('is %s', async (_, status, answer) => {
    expect(await ask(status, answer)).toMatchObject({ decision: 'indeterminate', reasons: [], problem: { status } });
  });

  it('is nobody there', async () => {
    const client = createClient({ url: await nobody(), timeout_ms: 30_000 });
    expect(await client.issuance(QUESTION)).toMatchObject({ problem: { kind: 'unreachable' } });
  });
});

it('an ID-JAG is for the authorization server that was asked for, and no other', async () => {
  const question: IssuanceQuestion = {
    ...QUESTION,
    grant: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    audiences: ['https://login.example.com'],
  };
  const jag = (aud: string) => ({ ...ALLOW, issue: { ...ISSUE, aud } });
  expect(await ask(200, jag('https://login.example.com'), question)).toMatchObject({ decision: 'allow' });
  for (const aud of ['https://evil.example.com', FILES])
    expect(await ask(200, jag(aud), question)).toMatchObject({
      decision: 'indeterminate',
      problem: { kind: 'answer' },
    });
});
