/** Generated questions about issuance over the registry of `world.ts`: some right, most of them wrong in one thing or more. */
import fc from 'fast-check';
import { GRANTS, ID_JAG, type IssuanceQuestion, TOKEN_EXCHANGE } from '../../src/decision/issuance.ts';
import { asking, asserting, BILLING, CORP, exchanging, FILES, HUB, IDP, MAIL, NOW, refreshing } from './world.ts';

const FIRST: readonly string[] = ['authorization_request', 'client_credentials'];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(FILES, BILLING, MAIL, HUB) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[`${FILES}/`, 'api://files', 'api://partner-files', 'https://abroad.example.com/mcp', CORP, IDP, 'account'],
      ...[
        'api://default',
        'https://mcp.example.com',
        `${FILES}#x`,
        FILES.toUpperCase(),
        'agent',
        'gateway',
        '__proto__',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string() },
);
const values = (most: number) => fc.array(value, { maxLength: most });
const client = fc.constantFrom('agent', 'gateway', 'other');
const scope = fc.array(
  fc.constantFrom(
    ...['files:read', 'files:write', 'files:admin', 'mail:read', 'mail:write', 'billing:read', 'hub:read'],
    ...['openid', 'offline_access', '', 'a\tb'],
  ),
  { maxLength: 4 },
);
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const bound = fc.record({
  resources: values(3),
  scope: optional(scope.map((all) => all.join(' '))),
  client_id: optional(client),
  expires_at: optional(fc.integer({ min: -2, max: 1000 }).map((left) => NOW + left)),
});

const anything = fc
  .record({
    issuer: fc.constantFrom(CORP, CORP, CORP, IDP, 'https://partner.example.com', 'https://old.example.com', 'x'),
    grant: fc.constantFrom(...GRANTS),
    client_id: client,
    resources: optional(values(2)),
    audiences: optional(values(2)),
    scope: optional(scope.map((all) => all.join(' '))),
    lifetime_seconds: optional(fc.integer({ min: 1, max: 4000 })),
    requested_token_type: optional(fc.constantFrom(ID_JAG, 'urn:ietf:params:oauth:token-type:access_token', 'x')),
    bound,
  })
  .map(({ bound: held, ...question }) => (FIRST.includes(question.grant) ? question : { ...question, bound: held }));

/** Right but for what is laid over it. */
const bent = fc
  .record({
    right: fc.constantFrom(
      asking({ scope: 'files:read openid' }),
      asking({ grant: 'client_credentials', audiences: [FILES] }),
      refreshing(),
      refreshing({ grant: 'authorization_code', scope: 'files:read' }),
      exchanging(),
      exchanging({ resources: [MAIL], scope: 'mail:write' }, { resources: [FILES] }),
      refreshing({ grant: TOKEN_EXCHANGE }),
      asserting(),
    ),
    over: fc.oneof(
      fc.constant({}),
      fc.record({ resources: values(2) }),
      fc.record({ audiences: values(2) }),
      fc.record({ client_id: client }),
      fc.record({ scope: scope.map((all) => all.join(' ')) }),
      fc.record({ lifetime_seconds: fc.integer({ min: 1, max: 4000 }) }),
    ),
    held: fc.oneof(
      fc.constant({}),
      fc.record({ resources: values(2) }),
      fc.record({ client_id: client }),
      fc.record({ expires_at: fc.integer({ min: -2, max: 1000 }).map((left) => NOW + left) }),
    ),
  })
  .map(
    ({ right, over, held }): IssuanceQuestion => ({
      ...right,
      ...over,
      ...(right.bound && { bound: { ...right.bound, ...held } }),
    }),
  );

export const issuanceQuestions: fc.Arbitrary<IssuanceQuestion> = fc.oneof(anything, bent);
