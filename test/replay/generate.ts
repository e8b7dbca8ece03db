/** Registries and questions for properties of `replay` and `diff`: small worlds in which most things collide. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Ask } from '../../src/decide/ask.ts';
import { decide } from '../../src/decide/decide.ts';
import type { Snapshot } from '../../src/decide/snapshot.ts';
import type { Decision } from '../../src/decision/decision.ts';
import type { CallFacts, ProofFacts, TokenFacts } from '../../src/decision/facts.ts';
import { NO_PROOFS } from '../../src/facts/proof/proofs.ts';
import { NO_REVOCATIONS } from '../../src/facts/revocation/revocations.ts';
import { findIssuer } from '../../src/facts/token/find-issuer.ts';
import { matchIssuer } from '../../src/facts/token/match-issuer.ts';
import type { TokenReader } from '../../src/facts/token/read.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { type DecisionEvent, writeEntry } from '../../src/record/entry.ts';
import { loadRegistryValue } from '../../src/registry/load.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { FILES, NOW } from '../property/world.ts';

export const BILLING = 'https://billing.example.com/mcp';
export const ISS = { corp: 'https://login.example.com', partner: 'https://login.partner.example' } as const;
const CLIENTS = ['client-1', 'desktop', 'nightly'] as const;
const SCOPES = ['read', 'write', 'admin'] as const;

const scopes = fc.subarray([...SCOPES], { maxLength: 2 });
const mostly = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, ...others.map((other) => fc.constant(other)));
const authentication = fc
  .record(
    { acr_values: fc.subarray(['mfa', 'phr'], { minLength: 1 }), max_age_seconds: fc.constantFrom(0, 60, 600) },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((one) => Object.keys(one).length > 0);
const entry = fc.oneof(
  { weight: 6, arbitrary: fc.record({ scopes }) },
  { weight: 1, arbitrary: fc.record({ scopes, authentication }) },
);
const some = <T>(names: readonly string[], value: fc.Arbitrary<T>) =>
  fc.subarray([...names]).chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, value]))));
const issuer = (iss: string) =>
  fc.record({
    issuer: fc.constant(iss),
    jwks_uri: mostly(`${iss}/jwks`, `${iss}/keys`),
    algorithms: mostly(['ES256'], ['ES256', 'RS256'], ['RS256']),
    token_types: mostly(['at+jwt'], ['at+jwt', 'jwt']),
    extra_audiences: mostly<readonly string[]>([], ['account']),
    clock_tolerance_seconds: mostly(5, 0, 60),
    disabled: mostly(false, true),
  });

/** Ends around the time of the questions, and long after. */
const until = fc.constantFrom('2026-11-23T11:59:00Z', '2026-11-23T12:10:00Z', '2026-12-10T00:00:00Z');
const waiver = fc
  .record({
    issuer: fc.constantFrom('corp', 'partner'),
    client_id: fc.constantFrom('desktop', 'nightly'),
    operations: fc.subarray(['tools/call read_file', 'tools/call delete_file', 'tools/list'], { minLength: 1 }),
    until,
  })
  .chain((base) =>
    fc
      .oneof(
        fc.record({ what: fc.constant('audience'), audience: fc.constantFrom('api://default', 'api://old') }),
        fc.record({
          what: fc.constant('observe'),
          operations: fc.constant(['tools/call read_file', 'tools/call delete_file']),
          codes: fc.subarray(['audience_mismatch', 'lifetime_exceeded', 'tool_unknown', 'scope_insufficient'], {
            minLength: 1,
          }),
        }),
        fc.record({ what: fc.constant('lifetime'), max_lifetime_seconds: fc.constantFrom(1800, 7200) }),
      )
      .map((what) => ({ ...base, ...what, owner: 'team', reason: 'not yet' })),
  );

const server = (resource: string) =>
  fc
    .record(
      {
        resource: fc.constant(resource),
        audiences: mostly<readonly unknown[]>(
          [],
          [`${resource}/`],
          [{ value: `api://${resource.slice(8, 13)}`, issuer: 'partner' }],
        ),
        issuers: mostly<readonly string[]>(['corp'], ['corp', 'partner'], ['partner']),
        max_lifetime_seconds: fc.constantFrom(300, 900, 3600),
        sender_constraint: mostly('none', 'dpop', 'mtls', 'any'),
        authorization_details_types: fc.constantFrom<readonly string[]>([], ['payment'], ['payment', 'account']),
        actors: mostly<unknown>('none', 'any', ['agent'], ['agent', 'other']),
        call_from: mostly('body', 'none'),
        base_scopes: scopes,
        scope_implies: mostly<object>({}, { admin: ['read', 'write'] }, { admin: ['write'], write: ['read'] }),
        tools: some(['read_file', 'write_file', 'delete_file'], entry),
        prompts: some(['greet'], entry),
        resources: some(['file:///docs/*', 'file:///docs/a', 'file:///docs/deep/*'], entry),
        methods: some(
          ['resources/list', 'tools/call', 'tasks/get', 'completion/complete', 'http/get', 'tasks/list'],
          entry,
        ),
        unlisted_tools: fc.oneof({ weight: 3, arbitrary: fc.constant('deny' as const) }, entry),
        waivers: fc.array(waiver, { maxLength: 2 }),
      },
      { requiredKeys: ['resource', 'issuers', 'max_lifetime_seconds'] },
    )
    .map(consistent);

/** What is for an issuer that the server does not list is left out: the lint refuses it. */
function consistent<
  T extends { issuers: readonly string[]; waivers?: readonly { issuer: string }[]; audiences?: readonly unknown[] },
>(written: T): T {
  const { issuers, waivers = [], audiences = [] } = written;
  return {
    ...written,
    waivers: waivers.filter((one) => issuers.includes(one.issuer)),
    audiences: audiences.filter((one) => typeof one === 'string' || issuers.includes('partner')),
  };
}

export const registryValue = fc.record({
  issuers: fc.record({ corp: issuer(ISS.corp), partner: issuer(ISS.partner) }),
  servers: fc.record({ files: server(FILES), billing: server(BILLING) }, { requiredKeys: ['files'] }),
});

/** @throws when the lint refuses it: the generator is wrong */
export function loaded(value: unknown): Registry {
  const read = loadRegistryValue(value, { now: NOW, file: 'generated' });
  if (!read.ok) throw new Error(JSON.stringify(read.problems.filter(({ severity }) => severity === 'error')));
  return read.registry;
}

const target = (method: string, member: 'tool' | 'prompt' | 'uri', ...values: readonly string[]) =>
  fc.constantFrom(...values).map((value): CallFacts => ({ method, [member]: value }));

export const call: fc.Arbitrary<CallFacts> = fc.oneof(
  { weight: 4, arbitrary: target('tools/call', 'tool', 'read_file', 'write_file', 'delete_file', 'unheard_of') },
  target('prompts/get', 'prompt', 'greet', 'other'),
  target('completion/complete', 'prompt', 'greet'),
  target('resources/read', 'uri', 'file:///docs/a', 'file:///docs/b', 'file:///docs/deep/c', 'file:///else'),
  target('resources/subscribe', 'uri', 'file:///docs/a', 'file:///docs/b'),
  fc
    .constantFrom('ping', 'tools/list', 'resources/list', 'tasks/list', 'notifications/initialized', 'made/up')
    .map((method) => ({ method })),
  fc.constant({ method: 'tasks/get', task: 't-1' }),
  fc.constant({ method: '*' }),
);

export interface Question {
  readonly server: string;
  readonly call: CallFacts;
  readonly token: TokenFacts;
  /** As a reader of proofs told it. */
  readonly proof?: ProofFacts;
}

const jkt = 'thumbprint';
/** What a token is bound to, and what came with the call. */
const BOUND: readonly Pick<Question['token'] & Question, 'confirmation' | 'proof'>[] = [
  { confirmation: { jkt }, proof: { dpop: { jkt, algorithm: 'ES256', issued_at: NOW } } },
  { confirmation: { jkt }, proof: { dpop: { refused: 'proof_invalid' } } },
  { confirmation: { jkt } },
  { confirmation: { 'x5t#S256': jkt }, proof: { mtls: { 'x5t#S256': jkt } } },
  { confirmation: { 'x5t#S256': jkt }, proof: { mtls: { refused: 'certificate_mismatch' } } },
  { proof: { dpop: { refused: 'token_not_bound' } } },
];

const AUDIENCES = [FILES, `${FILES}/`, BILLING, 'api://files', 'api://default', 'api://old', 'account'];

export const question: fc.Arbitrary<Question> = fc
  .record({
    server: mostly(FILES, BILLING, 'https://nobody.example.com/mcp'),
    call,
    issuer: mostly<string>(ISS.corp, ISS.partner, 'https://stranger.example.com'),
    type: mostly('at+jwt', 'jwt'),
    algorithm: mostly('ES256', 'RS256'),
    audiences: fc.oneof(
      { weight: 10, arbitrary: fc.constant([FILES]) },
      fc.subarray(AUDIENCES, { maxLength: 2 }),
      fc.constantFrom(['api://default'], ['api://old']),
    ),
    scopes: fc.subarray([...SCOPES]),
    client_id: fc.constantFrom(...CLIENTS),
    age: mostly(0, 100, 20, -3),
    life: mostly(300, 290, 900, 1800, 7200, 50),
    actor: mostly<string | undefined>(undefined, 'agent', 'other'),
    bound: mostly<(typeof BOUND)[number]>({}, ...BOUND),
    context: fc.constantFrom(undefined, undefined, 'mfa', 'phr', 'pwd'),
    authenticated: fc.constantFrom(undefined, undefined, 0, 5, 60, 66, 600, -6),
    details: fc.constantFrom<readonly string[] | undefined>(
      undefined,
      undefined,
      undefined,
      ['payment'],
      ['account', 'payment'],
    ),
  })
  .map(({ server: named, call: asked, age, life, actor, bound, context, authenticated, details, ...rest }) => ({
    server: named,
    call: asked,
    token: {
      ...rest,
      key_id: 'k',
      subject: 'user-1',
      issued_at: NOW - age,
      expires_at: NOW - age + life,
      ...(actor !== undefined && { actor }),
      ...(actor === 'other' && { actors: [actor, 'agent'] }),
      ...(bound.confirmation && { confirmation: bound.confirmation }),
      ...(context !== undefined && { authentication_context: context }),
      ...(authenticated !== undefined && { authenticated_at: NOW - authenticated }),
      ...(details && { authorization_details: details.map((type) => ({ type, amount: '45.00' })) }),
      claims: { iss: rest.issuer },
    },
    ...(bound.proof && { proof: bound.proof }),
  }));

/** Stage 3 without signatures: the real comparison with the issuer's record, of facts that stand for claims. */
function readerOf(token: TokenFacts): TokenReader {
  return {
    read(_text, { registry }) {
      const found = findIssuer({ iss: token.issuer }, registry);
      if (found.kind === 'refused') return found;
      const header = {
        kind: 'header',
        alg: token.algorithm ?? 'none',
        kid: token.key_id ?? '',
        typ: token.type,
      } as const;
      const matched = matchIssuer(header, token.claims, found.issuer);
      return matched.kind === 'refused' ? matched : { kind: 'verified', token, issuer: found.issuer };
    },
  };
}

export interface Decided {
  readonly decision: Decision;
  /** As the log holds it. */
  readonly line: string;
}

/** The whole decision by the real policy, and its line of the log. */
export async function decided(
  { server: named, call: asked, token, proof }: Question,
  registry: Registry,
  policy: Policy,
  seconds = NOW,
): Promise<Decided> {
  const at: Snapshot = { registry, policy, revision: 'sha256:0', loaded_at: 0 };
  const events: DecisionEvent[] = [];
  const parts = {
    tokens: readerOf(token),
    proofs: { ...NO_PROOFS, read: () => ({ reasons: [], ...(proof && { facts: proof }) }) },
    revocations: NO_REVOCATIONS,
    recorder: {
      record: (event: DecisionEvent) => events.push(event),
      flush: () => Promise.resolve(),
      dropped: () => 0,
    },
    now: () => NOW * 1000,
    ticks: () => 0n,
    newId: randomUUID,
  };
  const ask: Ask = { server: named, token: 'text', source: { kind: 'call', ...asked } };
  const { decision } = await decide(ask, { name: 'local', servers: '*' }, at, parts, 'audgate/decide', seconds);
  const [event] = events;
  if (event === undefined) throw new Error('nothing was recorded');
  return { decision, line: JSON.stringify(writeEntry(event, { labels: {}, arguments: false })) };
}
