/** What a real authorization server issued after asking opens exactly the one server, of all that trust it. */
import { generateKeyPair, generateProof, type KeyPair } from 'dpop';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { type Outcome, requestsTo } from './client.ts';
import { BILLING, codeOf, FILES, type GrantName, HR, LIFETIME, openWorld, SEARCH, VAULT } from './world.ts';

test('each token opens the server that it was asked for, and no other', async () => {
  const world = await openWorld();
  const { grants, login, requests, audgate, answers } = world;
  const opened: Record<string, number> = {};
  async function opens(what: string, outcome: Outcome, resource: string, keys?: KeyPair): Promise<void> {
    expect([what, outcome.status, outcome.error_description]).toEqual([what, 200, undefined]);
    const { aud, iss, exp = 0, iat = 0, scope } = decodeJwt(outcome.access_token ?? '');
    expect([what, aud, iss, scope]).toEqual([what, resource, login.issuer, 'mcp:read']);
    expect(exp - iat).toBe(outcome.expires_in);
    expect(exp - iat).toBeLessThanOrEqual(LIFETIME);
    const [key = 'none', ...others] = await world.opens(outcome.access_token ?? '', keys);
    const servers: Record<string, string> = {
      [FILES]: 'files',
      [BILLING]: 'billing',
      [SEARCH]: 'search',
      [VAULT]: 'vault',
    };
    expect([what, key, others]).toEqual([what, servers[resource], []]);
    opened[key] = (opened[key] ?? 0) + 1;
  }

  const ending: readonly GrantName[] = [
    ...(['authorization_code', 'authorization_code_of_a_public_client', 'refresh_token'] as const),
    ...(['client_credentials', 'token_exchange', 'jwt_bearer'] as const),
  ];
  for (const grant of ending) {
    for (const resource of [FILES, BILLING, SEARCH])
      await opens(`${grant} for ${resource}`, await grants[grant](resource, { resource }), resource);
  }
  // Over the edge.
  await opens('exchange', await grants.token_exchange(FILES, { resource: SEARCH }, 'gateway'), SEARCH);
  await opens('exchange by audience', await grants.token_exchange(FILES, { audience: SEARCH }, 'gateway'), SEARCH);
  // More than the server knows is left out, and who names no scope gets what it advertises.
  const more = { resource: BILLING, scope: 'openid mcp:read everything' };
  await opens('unknown scopes', await grants.client_credentials(BILLING, more), BILLING);
  const none = { resource: BILLING, scope: undefined };
  await opens('no scope', await grants.client_credentials(BILLING, none), BILLING);
  // A code exchange has no scope of its own (RFC 6749 §4.1.3).
  await opens('code', await grants.authorization_code(FILES, { resource: FILES, scope: 'mcp:write' }), FILES);

  // Another spelling of the one server, at whichever step: the audience is the registered one.
  const slash = { resource: `${SEARCH}/` };
  await opens('spelt otherwise', await grants.client_credentials(SEARCH, slash), SEARCH);
  await opens('spelt otherwise later', await grants.authorization_code(SEARCH, slash), SEARCH);
  await opens('spelt otherwise first', await grants.refresh_token(slash.resource, { resource: SEARCH }), SEARCH);
  // Pushed (RFC 9126): what comes beside it by the front channel changes nothing.
  const pushed = await requests.push('app', { resource: FILES, scope: 'mcp:read' });
  const beside = await requests.authorizePushed('app', pushed, { resource: BILLING, scope: 'mcp:write' });
  await opens('pushed', await requests.exchangeCode('app', beside, { resource: FILES }), FILES);

  // Bound to a key where the server takes no other.
  const keys = await generateKeyPair('ES256');
  const bound = async (ask: (headers: Record<string, string>) => Promise<Outcome>) => {
    expect(await ask({})).toMatchObject({ status: 400, error: 'invalid_request' });
    return ask({ dpop: await generateProof(keys, `${login.issuer}/token`, 'POST') });
  };
  const good = { resource: VAULT, scope: 'mcp:read' };
  const code = await bound(async (headers) =>
    requests.exchangeCode('app', await requests.authorize('app', good), { resource: VAULT }, headers),
  );
  await opens('bound code', code, VAULT, keys);
  const refresh = { grant_type: 'refresh_token', refresh_token: code.refresh_token, resource: VAULT };
  await opens('bound refresh', await bound((headers) => requests.token('app', refresh, headers)), VAULT, keys);
  const own = await bound((headers) => requests.token('app', { grant_type: 'client_credentials', ...good }, headers));
  await opens('bound own', own, VAULT, keys);
  expect(await world.opens(own.access_token ?? '')).toEqual([]);
  expect(await world.opens(own.access_token ?? '', await generateKeyPair('ES256'))).toEqual([]);
  expect(opened).toEqual({ files: 8, billing: 8, search: 11, vault: 3 });

  // Nothing that is made of another lives longer than that.
  const short = await login.accessToken({
    ...{ aud: FILES, client_id: 'app', scope: 'mcp:read', exp: Math.floor(Date.now() / 1000) + 60 },
  });
  const exchanged = await world.exchange('gateway', short, { resource: SEARCH });
  expect(decodeJwt(exchanged.access_token ?? '').exp).toBeLessThanOrEqual(decodeJwt(short).exp ?? 0);
  // Tokens that others of the login's doing are for: for the other issuer's server, none of its own opens.
  expect(await world.opens(await login.accessToken({ aud: HR, client_id: 'app', scope: 'mcp:read' }))).toEqual([]);

  // Nor do the identity provider's: the assertion, the ID token, and the token of a sign-in.
  const idp = requestsTo(world.idp.issuer);
  const signedIn = await idp.exchangeCode('app', await idp.authorize('app', { scope: 'openid' }), {});
  const assertion = await grants.id_jag(FILES, { resource: FILES });
  for (const text of [assertion.access_token, signedIn.id_token, signedIn.access_token]) {
    expect(text).toEqual(expect.any(String));
    expect(await world.opens(text ?? '')).toEqual([]);
  }

  // What the registry no longer has is refused in the middle of a grant.
  const before = await requests.authorize('app', { resource: SEARCH, scope: 'mcp:read' });
  await audgate.writeRegistry(world.registry(['search']));
  expect((await audgate.reload()).last_reload?.ok).toBe(true);
  const after = await requests.exchangeCode('app', before, { resource: SEARCH });
  expect([after.error, codeOf(answers.at(-1))]).toEqual(['invalid_target', 'resource_unregistered']);
  const again = await world.exchange('gateway', short, { resource: SEARCH });
  expect(again.error).toBe('invalid_target');

  // And nothing without audgate.
  await audgate.stop();
  for (const grant of ['authorization_request', 'client_credentials'] as const)
    expect(await grants[grant](FILES, { resource: FILES })).toMatchObject({ error: 'temporarily_unavailable' });
});
