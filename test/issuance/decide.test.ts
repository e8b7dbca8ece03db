/** Decisions about issuance: each grant, each reason, and who goes around them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type IssuanceQuestion, JWT_BEARER, TOKEN_EXCHANGE } from '../../src/decision/issuance.ts';
import { readFacts } from '../../src/issuance/facts.ts';
import {
  asking,
  asserting,
  BILLING,
  CORP,
  codesOf,
  EVERYONE,
  exchanging,
  FILES,
  HUB,
  IDP,
  MAIL,
  NOW,
  openWorld,
  REGISTRY,
  refreshing,
  type World,
} from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

const HELD = ['authorization_code', 'refresh_token', JWT_BEARER] as const;
const issued = async (question: IssuanceQuestion) => {
  const decision = await world.decide(question);
  expect(decision).toMatchObject({ decision: 'allow', reasons: [], revision: 'sha256:1' });
  return decision.decision === 'allow' ? decision.issue : undefined;
};
const codes = async (question: IssuanceQuestion) => {
  const decision = await world.decide(question);
  expect(decision.decision).toBe('deny');
  return codesOf(decision);
};

describe('what is issued', () => {
  it('stands exactly in the answer', async () => {
    const decision = await world.decide(asking({ scope: 'files:write files:read', lifetime_seconds: 120 }));
    expect(decision).toEqual({
      decision: 'allow',
      decision_id: expect.any(String),
      server: 'files',
      reasons: [],
      revision: 'sha256:1',
      issue: {
        aud: FILES,
        resource: FILES,
        scope: 'files:write files:read',
        expires_in: 120,
        sender_constraint: 'dpop',
      },
    });
  });

  it.each([`${FILES}/`, 'api://files'])('is the registered resource, also when %s was asked for', async (spelling) => {
    expect(await issued(asking({ resources: [spelling] }))).toMatchObject({ aud: FILES, resource: FILES });
    expect(await issued(asking({ resources: [], audiences: [spelling] }))).toMatchObject({ aud: FILES });
    expect(await issued(asking({ audiences: [spelling] }))).toMatchObject({ aud: FILES });
  });

  it.each(HELD)('goes on from a grant of the same server and client: %s', async (grant) => {
    expect(await issued(refreshing({ grant }))).toMatchObject({ aud: FILES, scope: 'files:read', expires_in: 900 });
  });

  it('is capped by what the server allows, and by what it is made from', async () => {
    expect(await issued(asking({ lifetime_seconds: Number.MAX_SAFE_INTEGER }))).toMatchObject({ expires_in: 900 });
    expect(await issued(exchanging({}, { expires_at: NOW + 7 }))).toMatchObject({ expires_in: 7 });
    expect(await issued(refreshing({ grant: JWT_BEARER }, { expires_at: NOW + 7 }))).toMatchObject({ expires_in: 7 });
    expect(await issued(refreshing({}, { expires_at: NOW + 7 }))).toMatchObject({ expires_in: 900 });
  });

  it('has no scope that means nothing at the server', async () => {
    expect(await issued(asking({ scope: 'openid files:read offline_access' }))).toMatchObject({ scope: 'files:read' });
    expect(await issued(asking({ scope: 'files:admin' }))).toMatchObject({ scope: 'files:admin' });
    expect(await issued(asking({ scope: 'billing:read' }))).toMatchObject({ scope: '' });
    expect(await issued(asking({ scope: ' files:read  files:read ' }))).toMatchObject({ scope: 'files:read' });
    expect(await issued(asking({ scope: 'files:read\tfiles:write' }))).toMatchObject({ scope: '' });
    expect(await issued(asking({ scope: '' }))).toMatchObject({ scope: 'files:read' });
  });

  it('is an own token for the same server narrowed, without any edge', async () => {
    const bound = { resources: [FILES], scope: 'files:read files:write', client_id: 'agent' };
    const narrowed = asking({ grant: TOKEN_EXCHANGE, scope: 'files:read', bound });
    expect(await issued(narrowed)).toMatchObject({ aud: FILES, scope: 'files:read' });
  });

  it('is what an edge lists', async () => {
    expect(await issued(exchanging())).toMatchObject({ aud: FILES, scope: 'files:read', expires_in: 600 });
    expect(await issued(exchanging({ scope: 'files:read openid hub:read' }))).toMatchObject({ scope: 'files:read' });
  });

  it('is an ID-JAG for the authorization server that the server trusts', async () => {
    expect(await issued(asserting())).toEqual({
      aud: CORP,
      resource: FILES,
      scope: 'files:read',
      expires_in: 300,
      sender_constraint: 'dpop',
    });
  });

  it('may come from a token with what the issuer adds to each aud', async () => {
    expect(await issued(exchanging({}, { resources: [HUB, 'account'] }))).toMatchObject({ aud: FILES });
  });
});

describe('resource_missing', () => {
  it.each([
    asking({ resources: [] }),
    ...HELD.map((grant) => refreshing({ grant, resources: [] })),
    asking({ grant: 'client_credentials', resources: [] }),
    exchanging({ resources: [] }),
  ])('in every grant, told alone: $grant', async (question) => {
    const decision = await world.decide(question);
    expect(codesOf(decision)).toEqual(['resource_missing']);
    expect(decision).toMatchObject({ decision: 'deny', server: null, error: 'invalid_target' });
  });

  it('where an ID-JAG lacks one of its two targets', async () => {
    expect(await codes(asserting({ audiences: [] }))).toEqual(['resource_missing']);
    expect(await codes(asserting({ resources: [] }))).toEqual(['resource_missing']);
  });
});

describe('resource_multiple', () => {
  it.each([
    { resources: [FILES, BILLING] },
    { resources: [FILES, FILES] },
    { resources: [FILES, `${FILES}/`] },
    { audiences: [FILES, FILES], resources: [] },
    { audiences: [BILLING] },
    { resources: Array.from({ length: 5000 }, () => FILES) },
  ])('of $resources and $audiences', async (over) => {
    expect(await codes(asking(over))).toEqual(['resource_multiple']);
  });

  it('beside what else is wrong', async () => {
    expect(await codes(asking({ audiences: ['nothing'] }))).toEqual(['resource_multiple', 'resource_unregistered']);
    expect(await codes(asserting({ audiences: [CORP, CORP] }))).toEqual(['resource_multiple']);
  });
});

describe('resource_unregistered', () => {
  it.each([
    'https://MCP.example.com/files',
    'https://mcp.example.com:443/files',
    'https://mcp.example.com/files//',
    'https://mcp.example.com/files#fragment',
    'https://mcp.example.com/files?x',
    'https://mcp.example.com/%66iles',
    'https://mcp.example.com/fil\u0435s',
    'http://mcp.example.com/files',
    ' https://mcp.example.com/files',
    'files',
    '',
    '__proto__',
    'constructor',
    'api://partner-files',
    'x'.repeat(5000),
  ])('is %j', async (value) => {
    expect(await codes(asking({ resources: [value] }))).toEqual(['resource_unregistered']);
    expect(await codes(asking({ resources: [], audiences: [value] }))).toEqual(['resource_unregistered']);
  });

  it('is a server that does not list the issuer, and says so', async () => {
    const decision = await world.decide(asking({ resources: ['https://abroad.example.com/mcp'] }));
    expect(decision).toMatchObject({ server: 'abroad', reasons: [{ code: 'resource_unregistered' }] });
    expect(decision.reasons[0]?.message).toContain('does not list issuer "corp"');
  });

  it('names the near miss', async () => {
    const decision = await world.decide(asking({ resources: ['https://MCP.example.com/files'] }));
    expect(decision.reasons[0]?.message).toContain(`Send resource=${FILES}`);
  });

  it('is an ID-JAG for an issuer that the server does not trust, or for none', async () => {
    for (const audience of [IDP, 'https://nobody.example.com', FILES, `${CORP}/`])
      expect(await codes(asserting({ audiences: [audience] }))).toContain(
        audience === `${CORP}/` ? 'resource_generic' : 'resource_unregistered',
      );
  });

  it('is the server of a grant that is registered no more', async () => {
    const { files: _, ...servers } = REGISTRY.servers;
    const without = await openWorld({ ...REGISTRY, servers, exchanges: [] });
    expect(codesOf(await without.decide(refreshing()))).toEqual(['resource_unregistered']);
  });

  it('is whatever the caller may not ask about, without a word on it', async () => {
    const decision = await world.decide(asking({ resources: [`${BILLING}/`] }), { name: 'x', servers: ['files'] });
    expect(codesOf(decision)).toEqual(['resource_unregistered']);
    expect(JSON.stringify(decision)).not.toContain('"billing');
    const exact = await world.decide(asking({ resources: [BILLING] }), { name: 'x', servers: ['files'] });
    expect(exact).toMatchObject({ server: null, reasons: [{ code: 'resource_unregistered' }] });
  });
});

describe('resource_generic', () => {
  it.each([CORP, `${CORP}/`, IDP, 'account', 'api://default', 'https://mcp.example.com', 'https://mcp.example.com/'])(
    'is %s',
    async (value) => {
      expect(await codes(asking({ resources: [value] }))).toEqual(['resource_generic']);
      expect(await codes(exchanging({ resources: [], audiences: [value] }))).toEqual(['resource_generic']);
    },
  );

  it('is no parent of one server alone', async () => {
    expect(await codes(asking({ resources: ['https://mail.example.com/'] }))).toEqual(['resource_unregistered']);
  });
});

describe('resource_changed', () => {
  it.each(HELD)('between authorization and token request: %s', async (grant) => {
    expect(await codes(refreshing({ grant, resources: [BILLING] }))).toEqual(['resource_changed']);
    expect(await codes(refreshing({ grant, resources: ['https://other.example.com'] }))).toEqual([
      'resource_unregistered',
      'resource_changed',
    ]);
    expect(await codes(refreshing({ grant, resources: [CORP] }))).toEqual(['resource_generic', 'resource_changed']);
  });

  it.each([
    [[FILES, BILLING]],
    [[FILES, 'https://other.example.com']],
    [[]],
    [['account']],
    [['api://partner-files']],
    [[`${FILES}#x`]],
  ])('where the grant is for %j', async (resources) => {
    for (const grant of HELD) expect(await codes(refreshing({ grant }, { resources }))).toEqual(['resource_changed']);
  });
});

describe('exchange_not_allowed', () => {
  it('without an edge for exactly these', async () => {
    for (const over of [{ client_id: 'agent' }, { resources: [BILLING] }, { client_id: 'GATEWAY' }])
      expect(await codes(exchanging(over))).toEqual(['exchange_not_allowed']);
    expect(await codes(exchanging({ issuer: 'https://partner.example.com' }))).toEqual(['exchange_not_allowed']);
    expect(await codes(exchanging({}, { resources: [MAIL] }))).toEqual(['exchange_not_allowed']);
  });

  it('along two edges at once, and back', async () => {
    expect(await codes(exchanging({ resources: [MAIL] }))).toEqual(['exchange_not_allowed']);
    expect(await issued(exchanging({ resources: [MAIL] }, { resources: [FILES] }))).toMatchObject({ aud: MAIL });
    expect(await codes(exchanging({ resources: [HUB] }, { resources: [FILES] }))).toEqual(['exchange_not_allowed']);
  });

  it('of a subject token that is for none, or for two', async () => {
    for (const resources of [[], [HUB, FILES], ['account'], [HUB, 'api://other'], ['gateway']])
      expect(await codes(exchanging({}, { resources }))).toEqual(['exchange_not_allowed']);
  });

  it('of a grant of another client', async () => {
    for (const grant of HELD) {
      expect(await codes(refreshing({ grant, client_id: 'thief' }))).toEqual(['exchange_not_allowed']);
      expect(await codes(refreshing({ grant }, { client_id: undefined }))).toEqual(['exchange_not_allowed']);
    }
    const own = { grant: TOKEN_EXCHANGE, client_id: 'thief' } as const;
    expect(await codes(refreshing(own))).toEqual(['exchange_not_allowed']);
  });

  it('for what is no access token', async () => {
    const requested_token_type = 'urn:ietf:params:oauth:token-type:refresh_token';
    expect(await codes(exchanging({ requested_token_type }))).toEqual(['exchange_not_allowed']);
  });

  it('of another client’s ID token, or of a token for a server without an edge', async () => {
    expect(await codes(asserting({}, { client_id: 'other' }))).toEqual(['exchange_not_allowed']);
    expect(await codes(asserting({}, { resources: ['other'] }))).toEqual(['exchange_not_allowed']);
    expect(await codes(asserting({}, { resources: [HUB] }))).toEqual(['exchange_not_allowed']);
    expect(await issued(asserting({ client_id: 'gateway' }, { resources: [HUB] }))).toMatchObject({ aud: CORP });
  });
});

describe('scope_exceeds_grant', () => {
  it('beyond a grant, and is invalid_scope', async () => {
    for (const grant of HELD) {
      const decision = await world.decide(refreshing({ grant, scope: 'files:read files:write' }));
      expect(codesOf(decision)).toEqual(['scope_exceeds_grant']);
      expect(decision).toMatchObject({ error: 'invalid_scope', server: 'files' });
    }
    expect(await codes(refreshing({ scope: 'files:read' }, { scope: undefined }))).toEqual(['scope_exceeds_grant']);
  });

  it('beyond an edge', async () => {
    expect(await codes(exchanging({ scope: 'files:read files:write' }))).toEqual(['scope_exceeds_grant']);
  });
});

describe('issuers', () => {
  it('that nobody registered, or that are disabled, issue nothing', async () => {
    for (const issuer of ['https://evil.example.com', `${CORP}/`, '', '__proto__'])
      expect(await codes(asking({ issuer }))).toEqual(['issuer_unknown']);
    expect(await codes(asking({ issuer: 'https://old.example.com' }))).toEqual(['issuer_disabled']);
    expect(await codes(asserting({ audiences: ['https://old.example.com'] }))).toEqual(['issuer_disabled']);
    expect(await world.decide(asking({ issuer: '' }))).toMatchObject({ error: 'invalid_target' });
  });
});

describe('what has ended', () => {
  it('serves nothing any more', async () => {
    for (const question of [exchanging({}, { expires_at: NOW }), refreshing({ grant: JWT_BEARER }, { expires_at: 0 })])
      expect(await codes(question)).toEqual(['token_expired']);
  });
});

describe('a deny', () => {
  it('tells all denials at once, in the order of the table', async () => {
    const question = refreshing(
      { client_id: 'thief', resources: [BILLING], scope: 'files:write', issuer: 'https://old.example.com' },
      { expires_at: NOW },
    );
    expect(await codes(question)).toEqual([
      'issuer_disabled',
      'token_expired',
      'resource_unregistered',
      'resource_changed',
      'exchange_not_allowed',
      'scope_exceeds_grant',
    ]);
  });

  it('repeats nothing of a client in what the client is told', async () => {
    const decision = await world.decide(asking({ resources: ['https://evil.example.com/"\\'] }));
    if (decision.decision !== 'deny') throw new Error('it must be denied');
    // RFC 6749 §5.2.
    expect(decision.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(decision.error_description).not.toContain('evil');
  });
});

it('nothing of all this was an alarm', () => {
  expect(world.alarms).toEqual([]);
});

it('of very many scopes only some are looked at, because each is compared with each', async () => {
  const many = Array.from({ length: 40_000 }, (_, at) => at.toString(36)).join(' ');
  expect(await issued(asking({ scope: many }))).toMatchObject({ scope: '' });
  expect(await codes(refreshing({ scope: many }, { scope: `files:read ${many}x` }))).toEqual(['scope_exceeds_grant']);
  const { input } = readFacts(refreshing({ scope: many }, { scope: many }), EVERYONE, world.snapshot.registry, NOW);
  expect([input.request.scopes?.length, input.bound?.scopes.length]).toEqual([256, 256]);
});

it('who may ask about some servers learns nothing of what lies above the others', async () => {
  const caller = { name: 'x', servers: ['files'] };
  const decision = await world.decide(asking({ resources: ['https://mcp.example.com'] }), caller);
  expect(codesOf(decision)).toEqual(['resource_unregistered']);
  expect(codesOf(await world.decide(asking({ resources: [CORP] }), caller))).toEqual(['resource_generic']);
});
