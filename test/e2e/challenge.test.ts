/** What a refusal tells the gateway: one challenge, and every reason (contract 2 and 4). */
import { expect, test } from 'vitest';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { start } from './start.ts';

const METADATA = 'resource_metadata="https://files.example.com/.well-known/oauth-protected-resource/mcp"';
const INVALID_TOKEN = `Bearer error="invalid_token", error_description="The access token is not valid for this server", ${METADATA}`;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function startFilesAndBilling(advertised_scopes: readonly string[] = []) {
  const issuer = await startIssuer();
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES, billing: BILLING }, { advertised_scopes }),
  });
  return { issuer, audgate };
}

test('a token for the neighbour gets exactly the answer of the contract', async () => {
  const { issuer, audgate } = await startFilesAndBilling();
  const response = await audgate.post('/v1/decide', readFile(FILES, await issuer.token(BILLING)));
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    decision: 'deny',
    decision_id: expect.stringMatching(UUID_V7),
    server: 'files',
    reasons: [
      {
        code: 'audience_mismatch',
        message: `The token was issued for ${BILLING} (registered server "billing"). Ask the authorization server for a token with resource=${FILES}.`,
        expected: [FILES],
        actual: [BILLING],
      },
    ],
    challenge: { status: 401, headers: { 'www-authenticate': [INVALID_TOKEN] } },
    revision: audgate.revision,
  });
});

test('a foreign audience and a missing scope: the challenge is that of the audience, both reasons in order', async () => {
  const { issuer, audgate } = await startFilesAndBilling();
  const token = await issuer.token(BILLING, { claims: { scope: 'billing:read' } });
  const answer = await audgate.decide(readFile(FILES, token));
  expect(answer.reasons.map(({ code }) => code)).toEqual(['audience_mismatch', 'scope_insufficient']);
  expect(answer).toMatchObject({
    decision: 'deny',
    reasons: [{}, { expected: ['files:read'], actual: ['billing:read'] }],
    challenge: { status: 401, headers: { 'www-authenticate': [INVALID_TOKEN] } },
  });
});

test('the scopes of a 401 are the advertised ones, those of a 403 what the operation needs', async () => {
  const { issuer, audgate } = await startFilesAndBilling(['files:list', 'files:find']);
  const foreign = await audgate.decide(readFile(FILES, await issuer.token(BILLING)));
  expect(foreign).toMatchObject({
    challenge: { status: 401, headers: { 'www-authenticate': [`${INVALID_TOKEN}, scope="files:list files:find"`] } },
  });
  const scopeless = await audgate.decide(
    readFile(FILES, await issuer.token(FILES, { claims: { scope: 'files:list' } })),
  );
  expect(scopeless.reasons.map(({ code }) => code)).toEqual(['scope_insufficient']);
  expect(scopeless).toMatchObject({
    challenge: {
      status: 403,
      headers: {
        'www-authenticate': [
          `Bearer error="insufficient_scope", error_description="The access token lacks a scope that this operation needs", ${METADATA}, scope="files:read"`,
        ],
      },
    },
  });
});

test('no token: the challenge has neither error nor description (RFC 6750 §3)', async () => {
  const { audgate } = await startFilesAndBilling();
  for (const token of [null, '']) {
    expect(await audgate.decide(readFile(FILES, token))).toMatchObject({
      reasons: [{ code: 'token_missing' }],
      challenge: { status: 401, headers: { 'www-authenticate': [`Bearer ${METADATA}`] } },
    });
  }
});
