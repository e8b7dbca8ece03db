/** Every grant × every wrong resource, at a real authorization server that asks the real program: nothing is issued. */
import { expect, test } from 'vitest';
import type { ClientId } from './authorization-server.ts';
import type { Sent } from './client.ts';
import { BILLING, codeOf, FILES, type GrantName, HR, openWorld, PLATFORM, SEARCH, type World } from './world.ts';

/** Wrong in whichever grant. */
const WRONG: readonly (readonly [string, Sent, string])[] = [
  ['none', {}, 'resource_missing'],
  // An empty parameter is treated as omitted (RFC 6749 §3.1, §3.2).
  ['an empty one', { resource: '' }, 'resource_missing'],
  ['two servers', { resource: [FILES, BILLING] }, 'resource_multiple'],
  ['two servers, the other first', { resource: [BILLING, FILES] }, 'resource_multiple'],
  ['one server and a stranger', { resource: [FILES, 'https://nobody.example.com/mcp'] }, 'resource_multiple'],
  ['a stranger', { resource: 'https://nobody.example.com/mcp' }, 'resource_unregistered'],
  ['a server of another issuer', { resource: HR }, 'resource_unregistered'],
  ['a slash more', { resource: `${FILES}/` }, 'resource_unregistered'],
  ['another case', { resource: 'https://MCP.example.com/files' }, 'resource_unregistered'],
  ['another case of the path', { resource: 'https://mcp.example.com/Files' }, 'resource_unregistered'],
  ['the default port', { resource: 'https://mcp.example.com:443/files' }, 'resource_unregistered'],
  ['another scheme', { resource: 'http://mcp.example.com/files' }, 'resource_unregistered'],
  ['an escaped letter', { resource: 'https://mcp.example.com/%66iles' }, 'resource_unregistered'],
  ['a query', { resource: `${FILES}?` }, 'resource_unregistered'],
  ['a dot in the path', { resource: 'https://mcp.example.com/./files' }, 'resource_unregistered'],
  ['a dot after the host', { resource: 'https://mcp.example.com./files' }, 'resource_unregistered'],
  ['a user', { resource: 'https://files@mcp.example.com/files' }, 'resource_unregistered'],
  ['something below', { resource: `${FILES}/read` }, 'resource_unregistered'],
  ['a blank after it', { resource: `${FILES} ` }, 'resource_unregistered'],
  ['the parent of two', { resource: 'https://mcp.example.com' }, 'resource_generic'],
  ['the parent of two, with a slash', { resource: 'https://mcp.example.com/' }, 'resource_generic'],
  ['a platform', { resource: PLATFORM }, 'resource_generic'],
];

/** Grants that were made for one server: these resources are right ones, of another. */
const HELD: readonly GrantName[] = [
  ...(['authorization_code', 'authorization_code_of_a_public_client', 'refresh_token', 'jwt_bearer'] as const),
];

test('nothing is issued', async () => {
  const world = await openWorld();
  const { answers, grants, login, idp } = world;
  const seen: string[] = [];
  /** Fails unless it is refused, by this code of audgate's; null where the authorization server does not get as far. */
  async function refused(grant: GrantName, what: string, sent: Sent, code: string | null, client?: ClientId) {
    const before = answers.length;
    const outcome = await grants[grant](FILES, sent, client);
    const { access_token, code: issued } = outcome;
    const last = answers.length > before ? answers.at(-1) : undefined;
    const because = last?.decision === 'deny' ? codeOf(last) : null;
    expect([grant, what, because, access_token, issued]).toEqual([grant, what, code, undefined, undefined]);
    if (code !== null) {
      const error = code === 'scope_exceeds_grant' ? 'invalid_scope' : 'invalid_target';
      expect([grant, what, outcome.error]).toEqual([grant, what, error]);
      // Constant words: nothing that the client wrote comes back (RFC 6749 §5.2: no quotation mark, no backslash).
      expect(outcome.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
      expect(outcome.error_description).not.toContain('example.com');
    } else expect(outcome.error).toMatch(/^invalid_(target|grant|scope|request)$/);
    seen.push(`${grant}: ${what}`);
  }

  for (const grant of Object.keys(grants) as GrantName[]) {
    for (const [what, sent, code] of WRONG) {
      // The identity provider has a server that the login has not, and the login is its audience there.
      if (grant === 'id_jag' && sent.resource === HR) continue;
      await refused(grant, what, sent, code);
    }
    const own = grant === 'id_jag' ? idp.issuer : login.issuer;
    await refused(grant, 'the issuer itself', { resource: own }, 'resource_generic');
    if (HELD.includes(grant)) {
      await refused(grant, 'changed to a neighbour', { resource: BILLING }, 'resource_changed');
      await refused(grant, 'changed to one behind an exchange', { resource: SEARCH }, 'resource_changed');
    }
  }

  await others(world, refused);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThan(200);
  expect([...login.crashes, ...idp.crashes]).toEqual([]);
});

type Refused = (grant: GrantName, what: string, sent: Sent, code: string | null, client?: ClientId) => Promise<void>;

/** Wrong in the one grant only. */
async function others({ requests, exchange, answers, idp, grants }: World, refused: Refused): Promise<void> {
  // Whom the identity provider lets sign in without a resource, the login does not.
  await refused('authorization_request', 'a sign-in', { scope: 'openid' }, 'resource_missing');
  await refused('authorization_request', 'a sign-in for more', { scope: 'openid mcp:read' }, 'resource_missing');

  // What is no absolute URI `oidc-provider` refuses by itself in a first request, and audgate where a grant is used.
  for (const [what, sent] of [
    ['an empty one and a right one', { resource: ['', FILES] }],
    ['two, of which one is no URI', { resource: [FILES, 'billing'] }],
  ] as const) {
    await refused('authorization_code', what, sent, 'resource_multiple');
    await refused('refresh_token', what, sent, 'resource_multiple');
    await refused('token_exchange', what, sent, 'resource_multiple');
  }
  await refused('authorization_request', 'an empty one first', { resource: ['', FILES] }, null);
  await refused('client_credentials', 'no URI', { resource: 'files' }, null);
  await refused('token_exchange', 'no URI', { resource: 'files' }, 'resource_unregistered');
  await refused('token_exchange', 'a fragment', { resource: `${FILES}#read` }, 'resource_unregistered');

  // No edge, or not this client's.
  await refused('token_exchange', 'to a neighbour without an edge', { resource: BILLING }, 'exchange_not_allowed');
  await refused('token_exchange', 'over the edge of another client', { resource: SEARCH }, 'exchange_not_allowed');
  await refused('token_exchange', 'another client’s token', { resource: FILES }, 'exchange_not_allowed', 'other');
  await refused(
    'token_exchange',
    'another client’s, by a gateway',
    { resource: BILLING },
    'exchange_not_allowed',
    'gateway',
  );
  const audience = { audience: BILLING };
  await refused('token_exchange', 'by audience', audience, 'exchange_not_allowed');
  await refused('token_exchange', 'resource and audience apart', { resource: FILES, ...audience }, 'resource_multiple');
  await refused('token_exchange', 'a platform as audience', { audience: PLATFORM }, 'resource_generic');

  // Scope beyond: the edge's, the assertion's, the grant's.
  const write = { scope: 'mcp:read mcp:write' };
  await refused(
    'token_exchange',
    'more than the edge',
    { resource: SEARCH, ...write },
    'scope_exceeds_grant',
    'gateway',
  );
  await refused('token_exchange', 'more than it had', { resource: FILES, ...write }, 'scope_exceeds_grant');
  await refused('jwt_bearer', 'more than it had', { resource: FILES, ...write }, 'scope_exceeds_grant');
  // `oidc-provider` looks before it asks.
  await refused('refresh_token', 'more than it had', { resource: FILES, ...write }, null);

  // A grant of another client.
  await refused('jwt_bearer', 'another client’s', { resource: FILES }, 'exchange_not_allowed', 'other');
  await refused('refresh_token', 'another client’s', { resource: FILES }, null, 'other');
  await refused('id_jag', 'another client’s ID token', { resource: FILES }, 'exchange_not_allowed', 'other');
  const authorized = await requests.authorize('app', { resource: FILES, scope: 'mcp:read' });
  const stolen = await requests.exchangeCode('other', authorized, { resource: FILES });
  expect(stolen).toMatchObject({ error: 'invalid_grant' });
  const unproved = await requests.exchangeCode('app', { ...authorized, verifier: 'x'.repeat(64) }, { resource: FILES });
  expect(unproved).toMatchObject({ error: 'invalid_grant' });

  // An ID-JAG names one authorization server, which serves the one resource.
  await refused('id_jag', 'no authorization server', { resource: FILES, audience: undefined }, 'resource_missing');
  await refused('id_jag', 'a server as the audience', { resource: FILES, audience: FILES }, 'resource_unregistered');
  await refused('id_jag', 'itself as the audience', { resource: FILES, audience: idp.issuer }, 'resource_unregistered');

  // A chain: what came over the edge goes no further, neither on nor back.
  const held = await requests.token('app', { grant_type: 'client_credentials', resource: FILES, scope: 'mcp:read' });
  const over = await exchange('gateway', held.access_token ?? '', { resource: SEARCH });
  expect(over).toMatchObject({ status: 200 });
  for (const resource of [BILLING, FILES]) {
    const next = await exchange('gateway', over.access_token ?? '', { resource });
    expect([next.error, next.access_token, codeOf(answers.at(-1))]).toEqual([
      ...['invalid_target', undefined, 'exchange_not_allowed'],
    ]);
  }
  // A refresh that was refused has used nothing up.
  expect(await grants.refresh_token(FILES, { resource: FILES })).toMatchObject({ status: 200 });
}
