/**
 * Generated policy inputs: right ones with any of their members changed, removed or made odd. Values come from small
 * pools, so that audiences, scopes, waivers and times often meet.
 */
import fc from 'fast-check';
import type { OperationInput, PolicyInput, WaiverInput } from '../../src/decision/input.ts';
import { OBSERVABLE_CODES } from '../../src/decision/observe.ts';

const NOW = 1_795_435_200;

/** Well-formed, but anything else: controls, other scripts, an emoji, quotation marks. */
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(
    '',
    ' ',
    '"',
    '\\',
    '\u0000',
    '\u007f',
    '\u2028',
    'ſ',
    'K',
    '😀',
    '__proto__',
    'constructor',
    '{}',
    'null',
  ),
);
const oneOf = (...values: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: odd });

const audience = oneOf(
  'https://files.example.com/mcp',
  'https://files.example.com/mcp',
  'https://files.example.com/mcp/',
  'https://billing.example.com/mcp',
  'api://default',
  'account',
);
const scope = oneOf('files:read', 'files:write', 'files:admin', 'files:copy');
const client = oneOf('client-1', 'desktop');
const issuerKey = oneOf('corp', 'partner');
const tool = oneOf('read_file', 'write_file');
const method = fc.constantFrom(
  ...['tools/call', 'tools/call', 'tools/list', 'prompts/get', 'resources/read'],
  ...['completion/complete', 'tasks/get', 'subscriptions/listen'],
);
const few = <T>(one: fc.Arbitrary<T>, maxLength = 3) => fc.uniqueArray(one, { maxLength });

/** Around every limit that the rules know, and far beyond it. */
const time = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(-901, -900, -300, -6, -5, -4, -1, 0, 1, 4, 5, 6, 300, 899, 900, 901, 905, 906)
      .map((s) => NOW + s),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, NOW - 86_400, NOW + 86_400, 253_402_300_799) },
);
const seconds = fc.constantFrom(0, 1, 5, 60, 300, 900, 901, 3600, 86_400);
const labels = fc.dictionary(
  oneOf('risk', 'tenant'),
  fc.oneof(fc.string({ maxLength: 4 }), fc.integer(), fc.boolean()),
  {
    maxKeys: 2,
  },
);
const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => JSON.stringify(value).isWellFormed());
const object = fc.dictionary(odd, json, { maxKeys: 3 });

const observed = fc.subarray(
  [...OBSERVABLE_CODES, 'waiver_expired', 'token_expired', 'issuer_not_trusted', 'actor_not_allowed'],
  { minLength: 1 },
);

const waiverOf = (what: WaiverInput['what']) =>
  fc.record<WaiverInput>(
    {
      what: fc.constant(what),
      issuer: issuerKey,
      client_id: client,
      operations: few(
        oneOf(
          ...[
            'tools/call read_file',
            'tools/list',
            'resources/read file:///docs/a.md',
            'tools/call write_file',
            'tasks/get',
          ],
          ...['prompts/get read_file', 'completion/complete file:///docs/a.md', 'subscriptions/listen file:///etc'],
        ),
      ),
      owner: oneOf('team-files'),
      reason: oneOf('not yet'),
      until: fc.constantFrom('2026-11-23T11:59:59Z', '2026-11-23T12:00:00Z', '2027-01-31T00:00:00Z'),
      until_seconds: fc.constantFrom(NOW - 1, NOW, NOW + 1, NOW + 86_400),
      ...(what === 'audience' && { audience }),
      ...(what === 'lifetime' && { max_lifetime_seconds: seconds }),
      ...(what === 'observe' && { codes: observed }),
    },
    { noNullPrototype: true },
  );

const authentication = fc.record(
  { acr_values: few(oneOf('mfa', 'phr')), max_age_seconds: seconds },
  { requiredKeys: [], noNullPrototype: true },
);

const operation = fc.record<OperationInput>(
  {
    name: oneOf('tools/call read_file', 'tools/list', 'resources/read file:///docs/a.md'),
    scopes: few(scope),
    implied_by: fc.dictionary(scope, few(scope), { maxKeys: 3, noNullPrototype: true }),
    authentication,
    labels,
  },
  { requiredKeys: ['name', 'scopes', 'implied_by', 'labels'], noNullPrototype: true },
);

const details = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('payment', 'account').map((type) => ({ type, amount: '45.00' })) },
    { weight: 1, arbitrary: object },
  ),
  { maxLength: 3 },
);

const confirmation = fc.oneof(
  fc.constantFrom({ jkt: 'thumbprint' }, { 'x5t#S256': 'thumbprint' }, { jkt: 'a', 'x5t#S256': 'b' }, { kid: 'k' }, {}),
  object,
);

/** Of the codes that a proof can be refused by, and some that it cannot. */
const refusedProof = (...codes: string[]) =>
  fc.oneof(fc.constantFrom(...codes), fc.constantFrom('token_expired', 'other')).map((refused) => ({ refused }));
const thumbprint = fc.constantFrom('thumbprint', 'a', 'b');
const proof = fc.record(
  {
    dpop: fc.oneof(
      thumbprint.map((jkt) => ({ jkt, algorithm: 'ES256', issued_at: NOW })),
      refusedProof('proof_missing', 'proof_invalid', 'proof_mismatch', 'proof_nonce_required', 'token_not_bound'),
    ),
    mtls: fc.oneof(
      thumbprint.map((value) => ({ 'x5t#S256': value })),
      refusedProof('certificate_missing', 'certificate_mismatch'),
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

export const policyInputs: fc.Arbitrary<PolicyInput> = fc.record(
  {
    now: fc.constant(NOW),
    time: fc.record({
      weekday: fc.integer({ min: 1, max: 7 }),
      hour: fc.integer({ min: 0, max: 23 }),
      minute: fc.integer({ min: 0, max: 59 }),
      date: fc.constant('2026-11-23'),
    }),
    call: fc.record(
      {
        method,
        tool,
        prompt: tool,
        uri: oneOf('file:///docs/a.md'),
        task: odd,
        lists: few(oneOf('tools/list')),
        uris: few(oneOf('file:///docs/a.md', 'file:///etc')),
        tasks: few(odd),
        arguments: object,
      },
      { requiredKeys: ['method'], noNullPrototype: true },
    ),
    token: fc.record(
      {
        type: fc.constant('at+jwt'),
        algorithm: fc.constant('ES256'),
        key_id: odd,
        audiences: fc.array(audience, { maxLength: 4 }),
        scopes: few(scope),
        subject: odd,
        client_id: client,
        issued_at: time,
        expires_at: time,
        not_before: time,
        confirmation,
        actor: oneOf('agent-7', 'any', 'none'),
        actors: few(oneOf('agent-7', 'agent-8')),
        authentication_context: oneOf('mfa', 'pwd'),
        authenticated_at: time,
        authorization_details: details,
        claims: object,
      },
      { requiredKeys: ['type', 'algorithm', 'key_id', 'audiences', 'scopes'], noNullPrototype: true },
    ),
    proof,
    registered: fc.record(
      {
        server: fc.record(
          {
            key: fc.constant('files'),
            resource: fc.constant('https://files.example.com/mcp'),
            audiences: few(audience),
            issuers: few(issuerKey),
            max_lifetime_seconds: seconds,
            sender_constraint: fc.constantFrom('none', 'none', 'none', 'dpop', 'mtls', 'any'),
            actors: fc.oneof(fc.constantFrom('none' as const, 'any' as const), few(oneOf('agent-7', 'agent-8'))),
            authorization_details_types: few(oneOf('payment', 'account')),
            labels,
          },
          {
            requiredKeys: [
              ...(['key', 'resource', 'audiences', 'issuers', 'max_lifetime_seconds'] as const),
              ...(['sender_constraint', 'actors', 'labels'] as const),
            ],
            noNullPrototype: true,
          },
        ),
        issuer: fc.record({
          key: issuerKey,
          issuer: oneOf('https://login.example.com'),
          extra_audiences: few(audience, 1),
          clock_tolerance_seconds: fc.constantFrom(0, 5, 60),
        }),
        operation,
        unlisted: fc.record({ uris: few(oneOf('file:///etc')), tasks: few(odd) }),
        operations: fc.array(operation, { maxLength: 4 }),
        hubs: fc.array(fc.record({ key: oneOf('hub', 'gateway'), audiences: few(audience) }), { maxLength: 2 }),
        waivers: fc.array(fc.oneof(waiverOf('audience'), waiverOf('lifetime'), waiverOf('observe')), { maxLength: 3 }),
        elsewhere: few(audience),
      },
      { requiredKeys: ['server', 'issuer', 'waivers', 'elsewhere'], noNullPrototype: true },
    ),
    context: fc.record(
      { caller: odd, client_ip: odd, request_id: odd, extra: object },
      { requiredKeys: ['caller'], noNullPrototype: true },
    ),
  },
  { requiredKeys: ['now', 'time', 'call', 'token', 'registered', 'context'], noNullPrototype: true },
);

/** Many of the above are refused for several reasons at once; these are allowed but for what is changed in them. */
export const nearlyRight: fc.Arbitrary<PolicyInput> = fc
  .tuple(policyInputs, fc.subarray(['token', 'times', 'server', 'issuer', 'operation', 'waivers'] as const))
  .map(([input, changed]) => {
    const has = (part: (typeof changed)[number]) => changed.includes(part);
    const { server, issuer, waivers } = input.registered;
    const {
      issued_at: _iat,
      expires_at: _exp,
      not_before: _nbf,
      actor: _actor,
      confirmation: _cnf,
      authorization_details: _details,
      ...token
    } = input.token;
    const { proof: shown, ...rest } = input;
    return {
      ...rest,
      ...(has('token') && shown && { proof: shown }),
      token: {
        ...(has('token')
          ? input.token
          : { ...token, audiences: ['https://files.example.com/mcp'], client_id: 'client-1' }),
        ...(has('times') ? {} : { issued_at: NOW, expires_at: NOW + 300 }),
        scopes: has('operation') ? input.token.scopes : ['files:read'],
      },
      registered: {
        ...input.registered,
        server: has('server')
          ? server
          : {
              ...server,
              audiences: ['https://files.example.com/mcp'],
              issuers: ['corp'],
              max_lifetime_seconds: 900,
              sender_constraint: 'none' as const,
            },
        issuer: has('issuer') ? issuer : { ...issuer, key: 'corp', clock_tolerance_seconds: 5 },
        ...(has('operation')
          ? {}
          : {
              operation: {
                ...{ name: 'tools/call read_file', scopes: ['files:read'], implied_by: {}, labels: {} },
                ...(has('times') && { authentication: { acr_values: ['mfa'], max_age_seconds: 300 } }),
              },
            }),
        waivers: has('waivers') ? waivers : [],
        elsewhere: has('issuer') ? input.registered.elsewhere : [],
      },
    };
  });

/** Often denied, but for a waiver that observes: of this client and, most often, for this call. */
export const observedCalls: fc.Arbitrary<PolicyInput> = fc
  .tuple(
    nearlyRight,
    waiverOf('observe'),
    fc.array(audience, { minLength: 1, maxLength: 2 }),
    fc.boolean(),
    few(audience, 1),
  )
  .map(([input, waiver, audiences, isOpen, elsewhere]) => {
    const { operation: _, ...registered } = input.registered;
    const operations = ['tools/call read_file', 'tools/list', 'tools/call write_file', ...waiver.operations];
    return {
      ...input,
      token: { ...input.token, audiences, client_id: 'client-1', issued_at: NOW, expires_at: NOW + 300 },
      registered: {
        ...(isOpen ? input.registered : registered),
        waivers: [{ ...waiver, issuer: 'corp', client_id: 'client-1', operations }],
        elsewhere: input.token.scopes.length === 0 ? elsewhere : [],
      },
    };
  });
